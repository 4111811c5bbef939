"""``profile``: reads the flags, prepares everything that can fail, samples, writes, sums up."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
import orjson
import psutil

from profiler import given
from profiler.command import Command
from profiler.given import Settings
from profiler.look_inside import Look, looking, seen_inside
from profiler.look_inside import in_words as inside_in_words
from profiler.output import build_profile, inside_path, open_output, probes_path, samples_path, scraped_path
from profiler.probing import parse, probed, probing
from profiler.run import Stop, run, stop_on_signals
from profiler.sampling.sampler import Sampler, readable
from profiler.sampling.watch import Watch
from profiler.schedule import Schedule
from profiler.scrape import Scraping
from profiler.summary import summary_of, table
from profiler.terminal import print_out, report, report_error
from records.evidence.scrape import METAVAR
from records.evidence.unanswered import unanswered_probes, unanswered_scrapes
from records.exit_codes import FAULT, INTERRUPTED, USAGE
from records.files import LineFile, in_words
from records.options.given_paths import GivenPath
from records.options.number_options import Number, Whole
from records.secrets.given import blank_command

DEFAULT_PORT = 8001
"""The reference app's, as the original's."""


@click.command(context_settings={"max_content_width": 110, "help_option_names": ["-h", "--help"]})
@click.option(
    "--duration",
    type=Number(0, 10_000_000),
    help="Seconds; 0, the default: until the command ends, or Ctrl-C.",
)
@click.option(
    "--interval",
    default=0.5,
    show_default=True,
    type=Number(0.01, 3600),
    help="Seconds between samples.",
)
@click.option(
    "--command",
    "text",
    help="Shell command to run and follow; ended when the duration is over. It has no TARGET_API_KEY and "
    "TARGET_HEADERS, which are for who asks a service. [default: none]",
)
@click.option(
    "--pid", "pids", multiple=True, type=Whole(1), help="Process to follow. Repeatable. [default: none]"
)
@click.option("--match", metavar="REGEX", help="Follow processes whose command line matches. [default: none]")
@click.option(
    "--port",
    type=Whole(1, 65535),
    help=f"Follow what listens on this port.  [default: {DEFAULT_PORT}, where nothing else is named]",
)
@click.option(
    "--inside",
    is_flag=True,
    help="Also look into what --pid or --port names, Python 3.14 or newer with an event loop: at which lines "
    "requests wait, into .inside.jsonl. A thread of ours is loaded into it, and ends with this.",
)
@click.option(
    "--scrape",
    "scrapes",
    multiple=True,
    metavar=METAVAR,
    help="Also keep what a service says at a URL in Prometheus's format, every two seconds, in "
    ".scraped.jsonl. SERIES: names, * is any text. Repeatable. [default: none]",
)
# A header of a sweep's load, NAME=VALUE: whoever repeats it, it is not kept.
@click.option("--sent", multiple=True, hidden=True)
@click.option(
    "--output",
    type=GivenPath(dir_okay=False),
    help="Samples go beside it, as .jsonl.  [default: resource_profile_<UTC stamp>.json]",
)
@click.option("--force", is_flag=True, help="Replace the output if it exists.")
@click.option("--quiet", is_flag=True, help="No live line, no summary.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@probed
def command_line(
    duration: float | None,
    interval: float,
    text: str | None,
    pids: tuple[int, ...],
    match: str | None,
    port: int | None,
    inside: bool,
    scrapes: tuple[str, ...],
    output: Path | None,
    force: bool,
    quiet: bool,
    as_json: bool,
    **probes: Any,
) -> int:
    """Record what a service gets of its machine: CPU and memory of its processes and of the whole machine.

    \b
    profile --duration 60                      the service on port 8001
    profile --port 8080                        the one on 8080, until Ctrl-C
    profile --match 'uvicorn my_app'           whose command line matches
    profile --command "python my_app.py"       a command of its own, until it ends
    profile --port 8080 --probe http://127.0.0.1:8080 --probe-path /health

    Children are followed, too, and a service that starts later, or again on the same port. Samples are kept
    at once in the .jsonl, and made into the .json at the end, also by Ctrl-C.

    Exit codes: 0 done (also by SIGTERM, SIGHUP, and by Ctrl-C where nothing else would end it), 130
    interrupted before its time, 2 usage, nothing to follow all the time, or a command that cannot be run or
    ends with an error (what was sampled is written all the same), 1 a full disk, of standard output too.

    Memory is the proportional set size (PSS) where Linux has it. Reading one takes the kernel some 12 ms a
    GB, so it is read once a second at most, and seldom enough to cost 0.03 % of a core.
    """
    if port is None and text is None and not pids and match is None and not scrapes:
        port = DEFAULT_PORT
    given.check(text, match, inside=inside)
    return profile(
        Settings(
            duration_s=duration or 0.0,
            interval_s=interval,
            command=text,
            pids=pids,
            pattern=given.pattern(match),
            port=port,
            scrapes=given.scrapes(scrapes),
            output=output,
            force=force,
            quiet=quiet,
            as_json=as_json,
            inside=inside,
            redaction=given.redaction_of((*probes.pop("sent"), *probes["header"])),
            probed=parse(probes, os.environ),
        )
    )


def profile(settings: Settings) -> int:
    """Everything after the flags; the exit code. Raises ClickException for what the user got wrong."""
    # Before there is a file: who waits for that may end us at once, and gets a profile.
    with stop_on_signals() as stop:
        return _profile(settings, stop)


def _profile(settings: Settings, stop: Stop) -> int:
    watch = _watch(settings)
    output, file = open_output(settings.output, force=settings.force)
    command: Command | None = None
    scraping: Scraping | None = None
    try:
        if settings.scrapes:
            redact = settings.redaction.redact
            scraping = Scraping(settings.scrapes, scraped_path(output), settings.interval_s, redact)
        if settings.command is not None:
            command = Command(settings.command, output_to_stderr=settings.as_json)
            watch.add(command.pid)
            watch.leave_out(command.guard)
        within = inside_path(output)
        look = (
            looking(settings.pids, settings.port, within, settings.redaction.redact, watch.leave_out)
            if settings.inside
            else nullcontext()
        )
        with look as looked, probing(settings.probed, probes_path(output), watch.leave_out):
            _sample(settings, watch, file, stop, command)
        if scraping:
            scraping.stop()
        if command:
            command.end()
        shown = _finish(settings, output, watch, command, looked)
        _tell_unanswered(settings, output)
        if command and (left := command.left()):
            report(left)
        if not shown:
            return FAULT
        if stop.signal == signal.SIGINT and settings.ends_by_itself:
            return INTERRUPTED
        if command and (why := command.failure()):
            report_error(why)
            return USAGE
        return 0 if watch.found or settings.scrapes else _nothing(settings, watch)
    except click.ClickException:  # nothing was sampled yet
        file.path.unlink(missing_ok=True)
        raise
    except OSError as error:  # a disk that fills up
        kept = f"what was sampled before is in {readable(str(file.path))}"
        report_error(f"cannot go on: {in_words(error)}; {kept}")
        return FAULT
    finally:
        if command:
            command.end()
        file.close()


def _tell_unanswered(settings: Settings, output: Path) -> None:
    """What was to be probed or scraped, and never answered."""
    if (of := settings.probed) is not None:
        for line in unanswered_probes(of.url, of.paths, probes_path(output)).values():
            report(line)
    if settings.scrapes:
        names = [scrape.name for scrape in settings.scrapes]
        for line in unanswered_scrapes(names, scraped_path(output)).values():
            report(line)


def _nothing(settings: Settings, watch: Watch) -> int:
    """What was asked for was never there."""
    port, pattern = watch.listeners, settings.pattern
    missed = ([settings.redaction.redact(port.told())] if port else []) + (
        [f"no command line matched {pattern.pattern!r}"] if pattern else []
    )
    report_error(f"nothing was followed, only the machine was sampled: {'; '.join(missed)}")
    return USAGE


def _sample(settings: Settings, watch: Watch, file: LineFile, stop: Stop, command: Command | None) -> None:
    """As `run`."""
    sampler = Sampler(watch, settings.interval_s, settings.redaction.redact)
    if watch.listeners and not settings.quiet:
        report(settings.redaction.redact(watch.listeners.told()))
    if settings.pattern and not settings.pids and not command and not watch.processes():
        report(f"warning: no command line matches {settings.pattern.pattern!r}; zeros until one does")
    if not settings.ends_by_itself and not settings.quiet:
        report(f"samples into {readable(str(file.path))} until Ctrl-C")
    schedule = Schedule(
        start_s=sampler.start_s, interval_s=settings.interval_s, duration_s=settings.duration_s
    )
    shown = not settings.quiet and not settings.as_json
    run(sampler, schedule, file, stop, command, live=shown and sys.stderr is not None and sys.stderr.isatty())


def _finish(
    settings: Settings, output: Path, watch: Watch, command: Command | None, look: Look | None
) -> bool:
    """Write the document and sum it up; could that be printed?"""
    more: dict[str, Any] = {}
    if command:
        text = settings.redaction.without_secrets(readable(settings.command or ""))
        more["command"] = {"text": blank_command(text), **command.outcome()}
    if watch.listeners:
        more["port"] = {"number": settings.port, "found": settings.redaction.redact(watch.listeners.told())}
    document = build_profile(samples_path(output), output, more)
    summary = summary_of(document)
    if look:
        summary["inside"] = seen_inside(inside_path(output), look)
    if settings.as_json:
        return print_out(orjson.dumps(summary, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    if settings.quiet:
        return True
    try:
        text = table(summary)
    except OSError:  # it asks the terminal, which may have been closed meanwhile
        text = ""
    if look:
        text += inside_in_words(summary["inside"])
    return print_out(f"{text}Written to {readable(str(output))}\n")


def _watch(settings: Settings) -> Watch:
    try:
        return Watch(settings.pids, settings.pattern, settings.port)
    except psutil.NoSuchProcess as error:
        raise click.UsageError(f"--pid {error.pid}: there is no such process") from None
    except psutil.AccessDenied as error:
        raise click.UsageError(f"--pid {error.pid}: only its user may see it; run profile as that") from None


def main(arguments: Sequence[str] | None = None, prog_name: str = "profile") -> int:
    """The exit code; one line on stderr for each mistake of the user's."""
    try:
        code = command_line.main(args=arguments, prog_name=prog_name, standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        report_error(error.format_message())
        return USAGE
    except OSError as error:
        report_error(f"cannot go on: {in_words(error)}")
        return FAULT
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
