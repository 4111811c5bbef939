"""``sweep``: every configuration at every concurrency, interleaved, then the report."""

from __future__ import annotations

import os
import re
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from records.exit_codes import FAULT, INTERRUPTED, USAGE
from records.files import discard
from records.request import RecordError
from sweep import options
from sweep.deployments.catalogue import DEFAULT, forms
from sweep.directory import alone, create, discarded_if_of_no_use, given_before, load, settled
from sweep.llm import named_llm
from sweep.plan import MOST_REPEATS, MOST_REQUESTS, MOST_SEED, Plan, resolved
from sweep.preview import preview
from sweep.reaching import (
    as_words,
    check_given_again,
    check_reach,
    given_in,
    reaching,
    with_whole_paths,
)
from sweep.running import cpus as division
from sweep.running.redaction import check_not_kept
from sweep.running.usage import UsageError
from sweep.target import waiting, with_wait
from sweep.targets import check_services
from sweep.whole import need_report, print_out, run_sweep

AUTO_BUDGET = "330s"  # with the report after it, `make sweep` stays under six minutes
_EPILOG = """\b
Examples:
  sweep                                       the four configurations, locally
  sweep --config baseline --concurrency 1,10,20
  sweep --set RETRIEVAL=blocking --name before
  sweep --deployment url:http://127.0.0.1:8001 --config as-is
  sweep --deployment url:https://rag.example --ca our-ca.pem --key-header x-api-key
  sweep --deployment 'run:uvicorn mine:app --port {port}' --set WEB_CONCURRENCY=4
  sweep --resume results/20260101T120000Z-sweep
  sweep --concurrency 5 -- --think-time 0.5   what follows -- goes to locust

\b
Environment: LOCAL_BASE_URL, K8S_BASE_URL (deployments), MAX_CONCURRENT,
TOTAL_REQUESTS, WARMUP_REQUESTS; OPENAI_BASE_URL and OPENAI_API_KEY for a real
LLM in place of the mock server; TARGET_API_KEY for a service that wants a key;
HTTPS_PROXY, HTTP_PROXY and NO_PROXY for running services (never for loopback).

Exit codes: 0 fine, 1 a fault of ours, 2 usage or a target that never got ready,
3 a configuration without a valid cell, 130 interrupted.
"""


@click.command(epilog=_EPILOG, context_settings={"max_content_width": 100})
@click.option(
    "--config",
    "configs",
    multiple=True,
    metavar="NAME[,NAME]",
    help="baseline, mock-embeddings, "
    "mock-llm, mock-both or as-is. [default: all four; as-is for a running service]",
)
@click.option(
    "--concurrency",
    default="auto",
    show_default=True,
    metavar="auto|N,N,...",
    help="Users at once. auto: 1, 10 and 20, onward until throughput stops growing, and between the "
    "levels beside the knee; then again, those that decide it first.",
)
@click.option(
    "--requests",
    type=click.IntRange(1, MOST_REQUESTS),
    envvar="TOTAL_REQUESTS",
    default=50,
    show_default=True,
    help="Requests a cell, at least 10 a user; a cell ends after 8 seconds all the same.",
)
@click.option(
    "--warmup-requests",
    type=click.IntRange(0, MOST_REQUESTS),
    envvar="WARMUP_REQUESTS",
    default=5,
    show_default=True,
    help="Requests left out at a cell's start (at least one a user).",
)
@click.option(
    "--repeats",
    type=click.IntRange(1, MOST_REPEATS),
    default=2,
    show_default=True,
    help="How often everything is measured, each time with fresh targets.",
)
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting of the target, repeatable."
)
@click.option(
    "--deployment",
    "deployments",
    multiple=True,
    metavar="[LABEL=]SPEC",
    help=f"{forms()}; repeatable. [default: {DEFAULT}]",
)
@waiting
@click.option(
    "--budget",
    default=None,
    metavar="TIME",
    help="End after this long (90s, 5m, none). [default: 330s for auto, none for a list]",
)
@click.option("--name", default="sweep", show_default=True, help="The end of the results directory's name.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results"),
    show_default=True,
    help="Where results directories are made.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, MOST_SEED),
    default=0,
    show_default=True,
    help="Of the random order of cells.",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Finish what is missing in a run that was cut short.",
)
@click.option(
    "--cpus",
    default=division.AUTO,
    show_default=True,
    metavar="auto|shared|LOAD:TARGET",
    help="CPUs of the load (Locust, LLM server, profiler) and of the targets, as taskset lists them (0:1, "
    "0,2:1,3-5). auto: the first for the load, the rest for the targets; shared where there is only "
    "one, and with a running service, which is not ours to pin: there only LOAD of LOAD:TARGET counts.",
)
@reaching
@click.option("--plan-only", is_flag=True, help="Print what would be measured, and start nothing.")
@click.argument("locust_args", nargs=-1, type=click.UNPROCESSED)
def command(
    configs: tuple[str, ...],
    concurrency: str,
    requests: int,
    warmup_requests: int,
    repeats: int,
    settings: tuple[str, ...],
    deployments: tuple[str, ...],
    ready_path: str,
    ready_seconds: float | None,
    budget: str | None,
    name: str,
    output: Path,
    seed: int,
    resume: Path | None,
    cpus: str,
    plan_only: bool,
    locust_args: tuple[str, ...],
    **reach: str | bool,
) -> None:
    """Find where a streaming RAG API stops scaling.

    Starts the reference app in each configuration, an LLM server, Locust and the profiler on free
    ports of this machine; measures every configuration at every concurrency in random order; stops
    everything; prints what it means. Results are kept in a directory of their own under --output.
    """
    if resume is not None:
        _refuse_beside_resume()
        plan = load(resume)
        check_given_again(given_before(resume), os.environ)
        check_reach(plan, os.environ)
        division.divide(plan.cpus, division.available())
        need_report()
        with alone(resume), settled(resume):  # what another sweep is at work in is not ours to settle
            run_sweep(resume, plan)
        return
    if locust_args and "--" not in sys.argv:
        raise UsageError(f"unexpected {locust_args[0]!r}; what is meant for locust goes after --")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}", name):
        raise UsageError(f"--name takes letters, digits, '.', '_' and '-', not {name!r}")
    max_level = options.max_concurrent(os.environ)
    levels, auto = options.parse_levels(concurrency, max_level)
    plan = resolved(
        Plan(
            name=name,
            targets=with_wait(
                options.parse_targets(deployments or options.deployments_of(os.environ)),
                cwd=os.getcwd(),
                path=ready_path,
                seconds=ready_seconds,
            ),
            configs=options.parse_configs(configs),
            levels=levels,
            auto=auto,
            max_level=max_level,
            requests=requests,
            warmup_requests=warmup_requests,
            repeats=repeats,
            settings=options.parse_settings(settings),
            budget_seconds=options.parse_budget(
                (AUTO_BUDGET if auto else "none") if budget is None else budget
            ),
            seed=seed,
            locust_args=with_whole_paths(options.parse_locust_args((*as_words(reach), *locust_args))),
            cpus=cpus,
        )
    )
    specs = [word for target in plan.targets for word in (target.label, target.spec, target.ready_path)]
    check_not_kept([*plan.locust_args, *plan.settings.values(), plan.name, *specs])
    if plan.settings and not all(target.kind.configurable for target in plan.targets):
        raise UsageError("--set can't change a running service; it goes with what the sweep starts")
    named_llm(plan)
    check_reach(plan, os.environ)
    division.divide(plan.cpus, division.available())
    if plan_only:
        print_out("\n".join(preview(plan)) + "\n")
        return
    need_report()
    check_services(plan, os.environ)
    given = given_in(plan, os.environ)
    directory = create(output, f"{_stamp(datetime.now(UTC))}-{name}", plan, given=given)
    # A new one is ours: if it can't be locked, it has failed.
    with discarded_if_of_no_use(directory), settled(directory), alone(directory):
        run_sweep(directory, plan)


def _refuse_beside_resume() -> None:
    """A resumed run has its plan: other options would be ignored, so they are refused."""
    context = click.get_current_context()
    for option in context.command.params:
        source = context.get_parameter_source(option.name or "")
        if option.name != "resume" and source is click.core.ParameterSource.COMMANDLINE:
            what = option.opts[0] if isinstance(option, click.Option) else "what follows --"
            raise UsageError(f"--resume DIR takes the run's own plan; leave out {what}")


def _stamp(now: datetime) -> str:
    """The UTC stamp that a results directory's name begins with."""
    return now.strftime("%Y%m%dT%H%M%SZ")


def _terminated(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """The console script: one clear line and an exit code for whatever goes wrong."""
    signal.signal(signal.SIGTERM, _terminated)
    signal.signal(signal.SIGHUP, _terminated)
    try:
        command.main(prog_name="sweep", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        _end("interrupted; what was measured is kept", INTERRUPTED)
    except click.ClickException as error:
        _end(error.format_message(), USAGE)
    except UsageError as error:
        _end(str(error), USAGE)
    except (RuntimeError, OSError, RecordError) as error:
        _end(str(error), FAULT)


def _end(why: str, code: int) -> NoReturn:
    try:
        click.echo(f"sweep: {why}", err=True)
    except BrokenPipeError:
        discard(sys.stderr)
    sys.exit(code)
