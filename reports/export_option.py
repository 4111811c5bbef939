"""``report --export FORM[:PATH]``: all requests in one file. Here nothing is imported that reads them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import click

from records.cells import layout
from records.errors import RecordError
from records.exit_codes import FAULT, USAGE
from records.files import of_the_disk

FORMS = ("parquet", "csv")


@dataclass(frozen=True, kw_only=True)
class Export:
    """What was asked for; ``path`` None: requests.FORM beside the derived files."""

    form: str
    path: Path | None

    def file(self, directories: Sequence[Path], output: Path | None) -> Path:
        """Raises UsageError where there is no one place for it, or where something is that is no export."""
        if self.path is not None:
            return self._free(self.path)
        where = output if output is not None else directories[0] if len(directories) == 1 else None
        if where is None:
            raise click.UsageError(f"--export of several DIRs wants --output, or {self.form}:PATH")
        return self._free(where / f"requests.{self.form}")

    def _free(self, path: Path) -> Path:
        """Only an earlier export is replaced: no record, derived file, device, or link."""
        there = path.is_symlink() or path.exists()
        if there and (path.is_symlink() or not path.is_file()):
            raise click.UsageError(f"--export: {path} is not a regular file")
        if there and (path.suffix != f".{self.form}" or path.name in (layout.SUMMARY, layout.LEVELS)):
            raise click.UsageError(
                f"--export: {path} is there already, and is no {self.form} of an earlier export"
            )
        return path

    def write(self, directories: Sequence[Path], file: Path) -> int:
        """The exit code. A file that cannot be written is one line, as of the other files."""
        from reports.frame.files import export  # it needs pandas

        try:
            with warnings.catch_warnings(action="ignore", category=UserWarning):  # the report said it
                rows = export(directories, self.form, file)
        except RecordError as error:
            click.echo(f"error: {file} was not written: {error}", err=True)
            return USAGE
        except OSError as error:
            click.echo(f"error: {file} could not be written: {error.strerror or error}", err=True)
            return FAULT if of_the_disk(error) else USAGE
        click.echo(f"report: {file}, {rows} requests", err=True)
        return 0


def export_of(ctx: click.Context, param: click.Parameter, value: str | None) -> Export | None:
    """A callback that refuses, before anything is read, what cannot be written here."""
    if value is None or ctx.resilient_parsing:
        return None
    form, colon, path = value.partition(":")
    if form not in FORMS or (colon and not path):
        raise click.BadParameter(f"{value!r} is neither {' nor '.join(FORMS)}, with :PATH or without")
    if find_spec("pandas") is None:
        raise click.BadParameter("pandas is not installed: pip install '.[report]'")
    if form == "parquet" and not any(map(find_spec, ("pyarrow", "fastparquet"))):
        raise click.BadParameter("Parquet wants pyarrow: pip install '.[parquet]'; csv does without")
    return Export(form=form, path=Path(path) if path else None)
