"""What a report makes of runs, and says of them."""

import csv
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
from click.testing import CliRunner, Result
from rich.console import Console

from records.cells.reader import read_run
from records.cells.request import RequestRecord
from reports.analysis.analyse import analyse
from reports.analysis.analysis import Analysis
from reports.blocks import blocks
from reports.cli import main
from reports.columns.reader import read_cell
from reports.document.document import Table
from reports.document.render import print_blocks
from reports.export import summary_csv
from reports.findings.catalogue import diagnosis
from reports.words import headline


def analysed(*directories: Path) -> Analysis:
    return analyse([read_run(directory, read_cell) for directory in directories])


def of_cells(made: Any, folder: Path, *specs: Any) -> Analysis:
    """Of a run that is made in that folder."""
    return analysed(made.run(folder / "run", list(specs)))


def printed(analysis: Analysis, width: int = 100) -> str:
    text = StringIO()
    print_blocks(blocks(analysis), Console(file=text, width=width))
    return text.getvalue()


def what_this_says(analysis: Analysis) -> list[str]:
    """The first lines."""
    return headline.what_this_says(analysis, diagnosis(analysis))


def words(analysis: Analysis) -> str:
    return " ".join(printed(analysis).split())


def notes(analysis: Analysis) -> list[str]:
    """Those of all tables."""
    return [note for block in blocks(analysis) if isinstance(block, Table) for note in block.notes]


def head(analysis: Analysis) -> str:
    return " ".join(what_this_says(analysis))


def rows(analysis: Analysis, of: Callable[[Analysis], str] = summary_csv) -> list[dict[str, str]]:
    """Those of a file of CSV."""
    return list(csv.DictReader(StringIO(of(analysis))))


def rewritten(folder: Path, change: Callable[[dict[str, Any], int], object]) -> Path:
    """Each record of each cell in there, as ``change(record, its number)`` leaves it."""
    for path in folder.rglob("requests.jsonl"):
        raws = [orjson.loads(line) for line in path.read_bytes().splitlines()]
        for number, raw in enumerate(raws):
            change(raw, number)
        path.write_bytes(b"".join(orjson.dumps(raw) + b"\n" for raw in raws))
    return folder


def appended(cell: Path, *records: RequestRecord) -> Path:
    with (cell / "requests.jsonl").open("ab") as file:
        file.writelines(record.encode() for record in records)
    return cell


def report(*arguments: str | Path) -> Result:
    """As its user calls it."""
    return CliRunner().invoke(main, [str(one) for one in arguments])


S = 1_000_000_000


def level(made: Any, users: float, start_s: float, end_s: float, **more: Any) -> dict[str, Any]:
    start, end = (made.start_ns + round(s * S) for s in (start_s, end_s))
    return {"level_from": users, "level_to": users, "start_ns": start, "end_ns": end, "status": None, **more}


def shaped(made: Any, *levels: dict[str, Any], unit: str = "users", shape: str = "Steps", **more: Any) -> Any:
    achieved = {"levels": list(levels), "level_unit": unit}
    return made.spec(requested={"shape": shape}, achieved=achieved, **more)
