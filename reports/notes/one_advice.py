"""One piece of advice for one option, wherever in a report it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reports.document.document import Block, Table
from workloads.checks.advice import agreed


def with_one_advice(blocks: Sequence[Block]) -> list[Block]:
    """The blocks, with the same numbers of the same options in all of their sentences."""
    sentences = iter(agreed([text for block in blocks for text in _sentences(block)]))
    return [_with(block, [next(sentences) for _ in _sentences(block)]) for block in blocks]


def _sentences(block: Block) -> tuple[str, ...]:
    return block.notes if isinstance(block, Table) else block.lines


def _with(block: Block, sentences: Sequence[str]) -> Block:
    if isinstance(block, Table):
        return replace(block, notes=tuple(sentences))
    return replace(block, lines=tuple(sentences))
