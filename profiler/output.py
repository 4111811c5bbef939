"""The profile's two files: samples appended to ``.jsonl`` as taken, and the ``.json`` made of them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from profiler.sampling.sampler import utc
from records.evidence.samples import read_samples
from records.files import LineFile, of_the_disk, write_json


def samples_path(json_path: Path) -> Path:
    """profile.json -> profile.jsonl, beside it."""
    return json_path.with_suffix(".jsonl")


def probes_path(json_path: Path) -> Path:
    """profile.json -> profile.probes.jsonl, beside it."""
    return json_path.with_suffix(".probes.jsonl")


def scraped_path(json_path: Path) -> Path:
    """profile.json -> profile.scraped.jsonl, beside it."""
    return json_path.with_suffix(".scraped.jsonl")


def inside_path(json_path: Path) -> Path:
    """profile.json -> profile.inside.jsonl, beside it."""
    return json_path.with_suffix(".inside.jsonl")


def new_path(folder: Path, now: datetime) -> Path:
    """A name of this moment that no other profile has: its file of samples is made, so that another that
    begins in the same second takes the next. Raises OSError."""
    stem = f"resource_profile_{now:%Y%m%dT%H%M%SZ}"
    for name in itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2))):
        path = folder / f"{name}.json"
        if path.exists():
            continue
        try:
            samples_path(path).open("xb").close()
        except FileExistsError:
            continue
        return path
    raise AssertionError("numbers have no end")


def open_output(given: Path | None, *, force: bool) -> tuple[Path, LineFile]:
    """The output, and its file of samples, new and empty: whatever can go wrong with them goes wrong here.

    Raises:
        click.UsageError: it is there already, or cannot be written.
    """
    if given is None:
        try:
            output = new_path(Path(), datetime.now(UTC))
            return output, LineFile(samples_path(output))
        except OSError as error:
            if of_the_disk(error):
                raise
            raise click.UsageError(f"cannot write here ({error.strerror}); --output says where") from None
    if not given.name:
        raise click.UsageError("--output wants the name of a file")
    samples = samples_path(given)
    if given == samples:
        raise click.UsageError(f"--output {given}: .jsonl is the samples' file beside it; name it .json")
    files = (given, samples, probes_path(given), scraped_path(given), inside_path(given))
    try:
        for path in files:  # which a name that is too long cannot be asked
            if path.exists() and not path.is_file():
                raise click.UsageError(f"{path} is not a regular file")
            if path.exists() and not force:
                raise click.UsageError(f"{path} is there already; --force replaces it")
        for path in files:
            path.unlink(missing_ok=True)
        return given, LineFile(samples)
    except OSError as error:
        if of_the_disk(error):
            raise
        raise click.UsageError(f"cannot write {error.filename or samples}: {error.strerror}") from None


def profile_of(samples: list[dict[str, Any]], more: dict[str, Any] | None = None) -> dict[str, Any]:
    """The profile document that the `jq` lines of docs/profiling.md read.

    Everything in ``metadata`` follows from the samples, so that it can be made after a kill too; ``more`` is
    added to it.
    """
    metadata: dict[str, Any] = {
        "start_time": None,
        "end_time": None,
        "total_duration_seconds": 0.0,
        "sample_interval_seconds": None,
        "total_samples": len(samples),
        "missed_samples": 0,
    }
    if samples:
        last = samples[-1]
        elapsed_s = float(last["elapsed_seconds"])
        own = last["profiler"]
        metadata |= {
            "start_time": utc(int(last["at_ns"]) - round(elapsed_s * 1e9)),
            "end_time": last["timestamp"],
            "total_duration_seconds": elapsed_s,
            "sample_interval_seconds": own["sample_interval_seconds"],
            "missed_samples": sum(sample["profiler"]["missed_ticks"] for sample in samples),
            "profiler": {
                "cpu_seconds": own["cpu_seconds"],
                "cpu_percent_of_core": own["cpu_percent_of_core"],
            },
        }
    return {"metadata": metadata | (more or {}), "data_points": samples}


def build_profile(jsonl_path: Path, json_path: Path, more: dict[str, Any] | None = None) -> dict[str, Any]:
    """Make ``json_path`` from the samples, whole or not at all; the document. Raises RecordError, OSError."""
    profile = profile_of(read_samples(jsonl_path), more)
    write_json(json_path, profile)
    return profile
