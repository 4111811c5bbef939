"""Drawing the report's blocks: on a console (rich), and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from reports.document.document import Block, Paragraph, Row, Table

NARROW = 60
UNBOUNDED = 10_000
INDENT = "  "
"""Of a sentence that belongs to the one before it."""
LEFT = ("Configuration", "Differs in", "Beyond chance", "Fix", "Prediction", "Settings")


class Screen(Console):
    """Standard output, where a reader that goes away is the caller's to see; rich would end the process."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def print_blocks(blocks: Sequence[Block], console: Console) -> None:
    """All of them. Colour and strike-through on terminals that have them; plain ASCII lines otherwise."""
    for block in blocks:
        console.print(Text(block.title, style="bold"))
        if isinstance(block, Table):
            if console.width < NARROW:
                _print_stacked(block, console)
            else:
                for i, part in enumerate(_fitting(block, console)):
                    if i:
                        console.print()
                    console.print(_rich_table(part, console))
            for note in block.notes:
                console.print(Text(note, style="dim"))
        else:
            for i, line in enumerate(block.lines):
                console.print(_sentence(_hanging(line, console.width), console, invalid=i in block.invalid))
        console.print()


def _invalid(text: str, console: Console, *, invalid: bool) -> Text:
    """Struck out by style, or in brackets where there are no styles."""
    if not invalid:
        return Text(text)
    return Text(text, style="strike dim") if _styled(console) else Text(f"({text})")


def _styled(console: Console) -> bool:
    """Not in a file or a pipe, and not on a terminal that rich sends no styles to (``TERM=dumb``)."""
    return console.is_terminal and console.color_system is not None


def _hanging(line: str, width: int) -> str:
    """What is indented, with all its lines further in."""
    if not line.startswith(INDENT) or width < NARROW:
        return line
    first, others = INDENT, 2 * INDENT
    return "\n".join(wrap(line.strip(), width, initial_indent=first, subsequent_indent=others))


def _sentence(line: str, console: Console, *, invalid: bool) -> Text:
    head, colon, rest = line.partition(": ")
    if not invalid:
        return Text(line)
    return Text.assemble(_invalid(head, console, invalid=True), Text(colon + rest, style="red"))


def _fitting(table: Table, console: Console) -> list[Table]:
    """The table; where there is no room for all of it, its optional columns in one of their own below, behind
    the same first columns."""
    room = console.options.update_width(UNBOUNDED)
    if (
        not table.optional
        or console.measure(_rich_table(table, console), options=room).maximum <= console.width
    ):
        return [table]
    first, others = table.columns[: table.keys], table.columns[table.keys :]
    return [
        table.only([*first, *(column for column in others if column not in table.optional)]),
        table.only([*first, *table.optional]),
    ]


def _rich_table(table: Table, console: Console) -> RichTable:
    rich = RichTable(box=box.MARKDOWN, show_edge=False, pad_edge=False, header_style="bold")
    for column in table.columns:
        # The original's header is kept to the letter: a ratio's interval is wider, so it hangs to the right.
        left = column in LEFT or column.startswith("Ratio")
        rich.add_column(Text(column), justify="left" if left else "right", overflow="fold")
    for row in table.rows:
        cells = zip(row.cells, table.invalid(row), strict=True)
        rich.add_row(*(_invalid(cell, console, invalid=invalid) for cell, invalid in cells))
    return rich


def _print_stacked(table: Table, console: Console) -> None:
    """A row as lines, for a terminal too narrow for the table."""
    for row in table.rows:
        cells = zip(table.columns, row.cells, table.invalid(row), strict=True)
        for i, (column, cell, invalid) in enumerate(cells):
            text = _invalid(cell, console, invalid=invalid)
            console.print(Text.assemble("  " if i else "", f"{column}: ", text))


def markdown(blocks: Sequence[Block], title: str) -> str:
    """The same blocks as one Markdown document."""
    parts = [f"# {_escaped(title)}"]
    for block in blocks:
        parts.append(f"## {_escaped(block.title)}")
        parts.append(_markdown_table(block) if isinstance(block, Table) else _markdown_lines(block))
        if isinstance(block, Table) and block.notes:
            parts.append("\n".join(f"- {_escaped(note)}" for note in block.notes))
    return "\n\n".join(part for part in parts if part) + "\n"


def _escaped(text: str) -> str:
    """Labels and error texts are other people's: no markup, no table cells, no new lines of theirs."""
    for mark in ("\\", "|", "*", "_", "<", "`", "~"):
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())


def _markdown_table(table: Table) -> str:
    def cells(row: Row) -> str:
        cells = zip(row.cells, table.invalid(row), strict=True)
        shown = (f"~~{_escaped(cell)}~~" if invalid else _escaped(cell) for cell, invalid in cells)
        return f"| {' | '.join(shown)} |"

    sides = (":--" if column in LEFT else "--:" for column in table.columns)
    head = f"| {' | '.join(_escaped(column) for column in table.columns)} |"
    return "\n".join([head, f"|{'|'.join(sides)}|", *(cells(row) for row in table.rows)])


def _markdown_lines(block: Paragraph) -> str:
    lines = []
    for i, line in enumerate(block.lines):
        head, colon, rest = line.partition(": ")
        text = f"~~{_escaped(head)}~~{colon}{_escaped(rest)}" if i in block.invalid else _escaped(line)
        lines.append(f"{INDENT * line.startswith(INDENT)}- {text}")
    return "\n".join(lines)
