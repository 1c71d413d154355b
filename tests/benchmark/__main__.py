# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the benchmark: ``make bench``, with BENCH=quick for a small one, PUBLISH=1 to renew the one in docs/.

BEFORE=checkout adds another checkout of this collection as a candidate; NEWEST=1 serves as the newest release of SD
Elements does, which always divides its lists into pages. ``BENCH=projects python -m tests.benchmark`` measures many
projects alone.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.benchmark import candidates, dataset, plot, process, report, runner, server
from tests.benchmark.scenarios import CONNECTIONS, PLANS, PROJECTS, WHOLE, Plan
from tests.demo_server.generations import BY_NAME

ROOT = candidates.ROOT
BUILD = ROOT / "build" / "benchmark"
PLOT = "![Seconds over the number of connections, for all candidates](images/benchmark.png)"
HOW_TO_RUN = """## Run the benchmark

`make bench` takes about twenty minutes, and writes the tables, the plot and each run as JSON to `build/benchmark/`.
`make bench BENCH=quick` takes about two minutes. `BEFORE=` with the path of another checkout adds it as a candidate,
and `PUBLISH=1` updates this page. `tests/benchmark/__init__.py` describes the method.
"""


def main() -> int:
    """Run a plan and write the results; 0 if everything could be measured, however fast or slow."""
    plan = PLANS.get(os.environ.get("BENCH") or "full")
    if plan is None:
        print(f"BENCH is one of {', '.join(PLANS)}.", file=sys.stderr)
        return 2
    # A 'kill' shall leave as little behind as Ctrl-C, which shells switch off for what runs in the background.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        results = run(plan, "newest" if is_set("NEWEST") else "5.2")
    except process.RunError as exc:
        print(f"The benchmark failed: {exc}", file=sys.stderr)
        return 1
    write(results)
    return 0


def is_set(name: str) -> bool:
    """Whether a switch in the environment is on."""
    return os.environ.get(name, "") not in ("", "0")


def run(plan: Plan, generation: str) -> report.Results:
    """Serve the records and run the candidates in turn."""
    if BY_NAME[generation].paging == "always":
        # No answer of such a server holds them all.
        plan = plan._replace(scenarios=tuple(scenario for scenario in plan.scenarios if scenario.kind != WHOLE))
    with tempfile.TemporaryDirectory(prefix="sde-bench-") as name:
        folder = Path(name)
        before = runner.link_collection(Path(os.environ["BEFORE"]), folder) if os.environ.get("BEFORE") else None
        selected = candidates.select(runner.known_options(), before)
        files = []
        for resource in (CONNECTIONS, PROJECTS):
            size = plan.max_size(resource)
            print(f"The embedded API renders {size:,} {resource} ...", file=sys.stderr, flush=True)
            files.append(folder / f"{resource}.jsonl")
            dataset.write_records(size, generation, files[-1], resource)
        with server.running(files[0], generation, files[1]) as api:
            workspace = candidates.Workspace(folder, api.base, api.token, generation)
            benchmark = runner.Runner(plan, selected, workspace)
            benchmark.run_all()
            return report.Results(benchmark)


def notes() -> list[str]:
    """Notes that a reader of the numbers needs."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("ansible-core", "requests"))
    return [
        (
            "The benchmark measures how much time and memory a play needs to gather the connections or projects of an"
            " SD Elements server, compared with other ways to read them, and with the overhead of Ansible. The server"
            " sends responses of the embedded SD Elements API, which were rendered beforehand, after a fixed latency."
            " The candidates run one after the other, and a run counts only if it read every record."
        ),
        (
            f"Measured with Python {platform.python_version()}, {versions} on {os.cpu_count()} processors. Values are"
            " medians, with the minimum and maximum of several rounds in parentheses. Times depend on the machine, so"
            " compare the ratios."
        ),
        (
            "*Seconds a task* excludes the start of Ansible. *By wall time* verifies it with another clock: the wall"
            " time of the process minus that of a play without tasks. Memory is the sum over all processes, so memory"
            " that forked processes share counts for each. The task reads a paged list until two readings are equal,"
            " the other candidates once."
        ),
    ]


def write(results: report.Results) -> None:
    """Print the tables, write JSON and plot, and publish them if asked to."""
    print(f"\n{report.markdown(results, notes())}")
    BUILD.mkdir(parents=True, exist_ok=True)
    ratios = [
        {"title": ratio.title, "value": ratio.value, "rounds": ratio.values, "goal": ratio.goal}
        for ratio in report.ratios(results)
    ]
    whole = {"notes": notes(), **results.runner.as_json(), "ratios": ratios}
    (BUILD / "results.json").write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    plot.draw(results, BUILD / "benchmark.png")
    print(f"Written: {BUILD.relative_to(ROOT)}/results.json and benchmark.png", file=sys.stderr)
    if is_set("PUBLISH"):
        publish(report.markdown(results, notes(), PLOT))


def publish(text: str) -> None:
    """Renew the page and the plot in docs/."""
    (ROOT / "docs" / "images").mkdir(exist_ok=True)
    shutil.copyfile(BUILD / "benchmark.png", ROOT / "docs" / "images" / "benchmark.png")
    (ROOT / "docs" / "benchmark.md").write_text(f"# Benchmark\n\n{text}\n{HOW_TO_RUN}", encoding="utf-8")
    print("Written: docs/benchmark.md and docs/images/benchmark.png", file=sys.stderr)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
