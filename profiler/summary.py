"""A profile in a few figures: mean and maximum of what the samples show, and the profiler's own cost."""

from __future__ import annotations

from typing import Any

MANY_MISSED = 0.1
"""Of all samples that were due."""
ROWS = (
    # (key, title, where in a data point)
    ("system_cpu_percent", "system CPU, %", ("system", "cpu_percent")),
    ("system_memory_used_gb", "system memory used, GB", ("system", "memory_used_gb")),
    ("process_count", "processes followed", ("processes", "process_count")),
    ("processes_cpu_percent", "their CPU, % of a core", ("processes", "total_cpu_percent")),
    ("processes_memory_mb", "their memory, MB", ("processes", "total_memory_mb")),
    ("processes_threads", "their threads", ("processes", "total_threads")),
    ("processes_open_files", "their open files", ("processes", "total_open_files")),
)


def summary_of(profile: dict[str, Any]) -> dict[str, Any]:
    """{metadata fields..., figures: {key: {mean, max}}}; figures are None without samples."""
    figures: dict[str, Any] = {}
    for key, _, (part, name) in ROWS:
        told = (point[part][name] for point in profile["data_points"])
        values = [float(value) for value in told if value is not None]
        figures[key] = {"mean": round(sum(values) / len(values), 3), "max": max(values)} if values else None
    return {**profile["metadata"], "figures": figures}


def table(summary: dict[str, Any]) -> str:
    """The summary as a table, coloured and as wide as standard output takes it."""
    from rich.console import Console  # here, for it takes longer to import than a sample to take
    from rich.table import Table

    figures = Table(title=_title(summary))
    figures.add_column("")
    figures.add_column("mean", justify="right")
    figures.add_column("max", justify="right")
    for key, title, _ in ROWS:
        figure = summary["figures"][key]
        figures.add_row(title, *(f"{figure[k]:,.1f}" if figure else "-" for k in ("mean", "max")))
    console = Console(highlight=False)
    with console.capture() as printed:
        console.print(figures)
        own = summary.get("profiler")
        if own:
            console.print(
                f"The profiler itself used {own['cpu_percent_of_core']:.2f} % of a core "
                f"({own['cpu_seconds']:.2f} s)."
            )
        if summary["missed_samples"] > MANY_MISSED * (summary["total_samples"] + summary["missed_samples"]):
            console.print("Many samples were late: one costs more than --interval, or the machine was busy.")
        command = summary.get("command")
        if command:
            how = "was ended by the profiler" if command["ended_by_profiler"] else "ended"
            console.print(f"The command {how}, exit code {command['exit_code']}.")
    return printed.get()


def _title(summary: dict[str, Any]) -> str:
    missed = summary["missed_samples"]
    tail = f", {missed} missed" if missed else ""
    return f"{summary['total_samples']} samples in {summary['total_duration_seconds']:.1f} s{tail}"
