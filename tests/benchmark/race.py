# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contenders take turns in each scenario, so that whatever slows the machine down slows all of them down."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace

from tests.benchmark import runs
from tests.benchmark.contenders import ROOT, Contender, Place
from tests.benchmark.dataset import identity
from tests.benchmark.scenarios import Plan, Scenario
from tests.benchmark.server import Server
from tests.demo_server.dataset import ALM_RECORDS

# Whoever would take longer than this in one scenario runs fewer rounds than planned, but one in any case.
LONG_SECONDS = 75


@dataclass(frozen=True)
class Run:
    """What one run of a contender took, each number for all of its tasks."""

    contender: str
    scenario: Scenario
    round: int
    seconds: float
    wall: float
    peak_bytes: int


@dataclass(frozen=True)
class LeftOut:
    """A contender that did not run, and why."""

    contender: str
    scenario: Scenario
    reason: str


class Race:
    """Runs a plan, and tells what it does."""

    def __init__(self, plan: Plan, contenders: list[Contender], place: Place) -> None:
        self.plan = plan
        self.contenders = contenders
        self.place = place
        self.runs: list[Run] = []
        self.left_out: list[LeftOut] = []
        self._started = time.monotonic()

    def run_all(self) -> None:
        """All scenarios, in the order of the plan."""
        for number, scenario in enumerate(self.plan.scenarios, 1):
            self.say(f"\n[{number}/{len(self.plan.scenarios)}] {scenario.title}")
            write_facts(self.place, scenario.size)
            self.run_scenario(scenario)
            self.place.result(scenario.size).unlink()

    def run_scenario(self, scenario: Scenario) -> None:
        """All rounds of a scenario; each round begins with another contender."""
        line = [contender for contender in self.contenders if contender.takes_part(scenario)]
        line = [contender for contender in line if not self._is_too_slow(contender, scenario)]
        for round_ in range(scenario.rounds):
            turn = round_ % len(line)
            for contender in line[turn:] + line[:turn]:
                if self._has_had_its_time(contender, scenario):
                    continue
                run = measure(contender, scenario, self.place, round_)
                self.runs.append(run)
                self.say(
                    f"  round {round_ + 1}/{scenario.rounds}  {contender.name:34} {run.seconds:9.3f} s"
                    f" {run.peak_bytes / 2**20:8.0f} MiB"
                )

    def say(self, text: str) -> None:
        """Print progress, with the time since the start."""
        minutes, seconds = divmod(int(time.monotonic() - self._started), 60)
        lead = text[: len(text) - len(text.lstrip("\n"))]
        print(f"{lead}{minutes:02}:{seconds:02} {text.lstrip(chr(10))}", file=sys.stderr, flush=True)

    def _has_had_its_time(self, contender: Contender, scenario: Scenario) -> bool:
        walls = [run.wall for run in self.runs if run.contender == contender.name and run.scenario == scenario]
        return bool(walls) and sum(walls) + max(walls) > LONG_SECONDS

    def _is_too_slow(self, contender: Contender, scenario: Scenario) -> bool:
        """Whether the time that a smaller size took says that this one would take too long; then note it."""
        smaller = [
            run
            for run in self.runs
            if run.contender == contender.name
            and run.scenario.latency == scenario.latency
            and run.scenario.size <= scenario.size
            and run.scenario.tasks == scenario.tasks
        ]
        if contender.most_seconds is None or not smaller:
            return self._was_left_out(contender, scenario)
        last = max(smaller, key=lambda run: run.scenario.requests)
        expected = last.seconds / last.scenario.requests * scenario.requests
        if expected <= contender.most_seconds:
            return False
        reason = (
            f"{scenario.requests} requests would take about {expected:.0f} s, as {last.scenario.requests} took"
            f" {last.seconds:.0f} s; the limit is {contender.most_seconds:.0f} s"
        )
        self.left_out.append(LeftOut(contender.name, scenario, reason))
        self.say(f"  left out   {contender.name}: {reason}")
        return True

    def _was_left_out(self, contender: Contender, scenario: Scenario) -> bool:
        """Whether a smaller size was too slow already."""
        return any(
            one.contender == contender.name
            and one.scenario.size <= scenario.size
            and one.scenario.latency == scenario.latency
            for one in self.left_out
        )

    def as_json(self) -> dict:
        """Everything that was measured."""
        return {
            "plan": self.plan.name,
            "runs": [{**asdict(run), "scenario": run.scenario.title} for run in self.runs],
            "left_out": [{**asdict(one), "scenario": one.scenario.title} for one in self.left_out],
        }


def measure(contender: Contender, scenario: Scenario, place: Place, round_: int = 0) -> Run:
    """One run. It counts only if the contender got every connection."""
    place.out.unlink(missing_ok=True)
    environment = place.environment(contender, scenario)
    try:
        usage = runs.run(place.command(contender, scenario), environment, place.folder)
        noted = json.loads(place.out.read_text(encoding="utf-8"))
    except (runs.RunError, OSError) as exc:
        failure = json.loads(place.out.read_text(encoding="utf-8"))["failure"] if place.out.exists() else None
        raise runs.RunError(f"{contender.name} ({scenario.title}): {failure or exc}") from exc
    expected = list(range(1, scenario.size + 1)) if contender.gathers else []
    if noted["ids"] != expected:
        raise runs.RunError(f"{contender.name} ({scenario.title}): got {len(noted['ids'])} connections, or others")
    return Run(contender.name, scenario, round_, noted["seconds"], usage.wall, usage.peak_bytes)


def write_facts(place: Place, size: int) -> None:
    """Write what our task returns for so many connections, for the floors to return."""
    target = place.result(size)
    found = {"connections": list(facts(place, size)), "count": size, "endpoint": place.base_url}
    target.write_text(json.dumps(found), encoding="utf-8")


def facts(place: Place, size: int) -> Iterator[dict]:
    """The facts of the seed's connections by the collection itself, again and again as the dataset has them."""
    from tests.support import gather

    count = min(size, len(ALM_RECORDS))
    server = Server(place.base_url)
    there = SimpleNamespace(url=server.url(count), token=server.token)
    first = gather(there).facts["connections"]
    for index in range(size):
        fact = first[index % count]
        alias = fact["alias"].rpartition(" ")[0]
        yield {**fact, **identity({"alias": alias}, index + 1)}


def known_options() -> set[str]:
    """The options that the task knows today."""
    _find_collection()
    from ansible_collections.securitycompass.sdelements.plugins.module_utils._connections import ALM
    from ansible_collections.securitycompass.sdelements.plugins.module_utils._gather import argument_spec

    return set(argument_spec(ALM))


def link_collection(checkout: Path, folder: Path) -> Path:
    """A collections path that leads to another checkout."""
    if not (checkout / "galaxy.yml").is_file():
        raise runs.RunError(f"BEFORE={checkout} is no checkout of this collection")
    link = folder / "before" / "ansible_collections" / "securitycompass" / "sdelements"
    link.parent.mkdir(parents=True)
    link.symlink_to(checkout.resolve(), target_is_directory=True)
    return folder / "before"


def _find_collection() -> None:
    """Make the collection importable; under pytest it is already."""
    path = str(ROOT / "collections")
    if path not in sys.path:
        sys.path.append(path)
