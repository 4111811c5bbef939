"""The report's sections in their order: each from the analysis to tables and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.analysis.analysis import Analysis
from reports.document.document import Block, Paragraph
from reports.findings.acquitted.acquittal import acquittals
from reports.findings.catalogue import diagnosis
from reports.findings.common.finding import Finding
from reports.notes.one_advice import with_one_advice
from reports.notes.verdict import verdict
from reports.tables.cold import cold_tables
from reports.tables.comparisons import comparison_tables
from reports.tables.configurations import configuration_tables
from reports.tables.dial import dial_tables
from reports.tables.effects import effect_tables
from reports.tables.fixes import fix_tables
from reports.tables.gap import gap_tables
from reports.tables.glossary import explained
from reports.tables.hypotheses import hypothesis_tables
from reports.tables.knees import knee_paragraph
from reports.tables.ladder import ladder_tables
from reports.tables.latency_breakdown import latency_breakdown_tables
from reports.tables.regions import region_tables
from reports.tables.shaped import level_tables
from reports.tables.ttft_growth import ttft_growth_tables
from reports.words.diagnosis import causes, section
from reports.words.headline import what_this_says
from reports.words.sentences import unexplained


def blocks(analysis: Analysis) -> list[Block]:
    """The whole report, in order: first what to know, last what it rests on."""
    return with_one_advice(list(_in_order(analysis, diagnosis(analysis))))


def _in_order(analysis: Analysis, found: Sequence[Finding]) -> Iterator[Block]:
    above = tuple(what_this_says(analysis, found))
    yield Paragraph(title="What this says", lines=above)
    yield from explained(configuration_tables(analysis, above), analysis.workloads, above)
    yield from gap_tables(analysis)
    yield from hypothesis_tables(analysis)
    yield from level_tables(analysis, above)
    yield from region_tables(analysis.regions)
    yield from section(found, acquittals(analysis, found), above)
    yield from fix_tables(analysis)
    yield from comparison_tables(analysis)
    yield from effect_tables(analysis)
    yield from dial_tables(analysis)
    yield from knee_paragraph(analysis)
    yield from ladder_tables(analysis)
    yield from latency_breakdown_tables(analysis)
    yield from ttft_growth_tables(analysis)
    if lines := tuple(sentence.text for sentence in unexplained(analysis, found)):
        yield Paragraph(title="Where the TTFT goes is not known", lines=lines)
    yield from cold_tables(analysis)
    yield verdict(analysis, causes(analysis, found), above=above)
