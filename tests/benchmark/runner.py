# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interleaved runs: the candidates run in turn in each scenario, so that load on the machine slows all of them."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace

from tests.benchmark import process
from tests.benchmark.candidates import ROOT, Candidate, Workspace
from tests.benchmark.dataset import seed_of, unique_fields
from tests.benchmark.scenarios import CONNECTIONS, Plan, Scenario
from tests.benchmark.server import Server

# A candidate that would take longer than this in one scenario runs fewer rounds than planned, but at least one.
SCENARIO_BUDGET_SECONDS = 75


@dataclass(frozen=True)
class Measurement:
    """One run of a candidate: each number is for all of its tasks."""

    candidate: str
    scenario: Scenario
    round: int
    seconds: float
    wall: float
    peak_bytes: int


@dataclass(frozen=True)
class Skipped:
    """A candidate that did not run, and the reason."""

    candidate: str
    scenario: Scenario
    reason: str


class Runner:
    """Runs a plan, and prints its progress."""

    def __init__(self, plan: Plan, candidates: list[Candidate], workspace: Workspace) -> None:
        self.plan = plan
        self.candidates = candidates
        self.workspace = workspace
        self.measurements: list[Measurement] = []
        self.skipped: list[Skipped] = []
        self._started = time.monotonic()

    def run_all(self) -> None:
        """All scenarios, in the order of the plan."""
        for number, scenario in enumerate(self.plan.scenarios, 1):
            self.log(f"\n[{number}/{len(self.plan.scenarios)}] {scenario.title}")
            write_facts(self.workspace, scenario)
            self.run_scenario(scenario)
            self.workspace.facts_file(scenario).unlink()

    def run_scenario(self, scenario: Scenario) -> None:
        """All rounds of a scenario; each round begins with another candidate."""
        eligible = [candidate for candidate in self.candidates if candidate.is_eligible(scenario)]
        eligible = [candidate for candidate in eligible if not self._skip_if_too_slow(candidate, scenario)]
        for round_ in range(scenario.rounds):
            turn = round_ % len(eligible)
            for candidate in eligible[turn:] + eligible[:turn]:
                if self._exceeds_budget(candidate, scenario):
                    continue
                run = measure(candidate, scenario, self.workspace, round_)
                self.measurements.append(run)
                self.log(
                    f"  round {round_ + 1}/{scenario.rounds}  {candidate.name:34} {run.seconds:9.3f} s"
                    f" {run.peak_bytes / 2**20:8.0f} MiB"
                )

    def log(self, text: str) -> None:
        """Print progress, with the time since the start."""
        minutes, seconds = divmod(int(time.monotonic() - self._started), 60)
        lead = text[: len(text) - len(text.lstrip("\n"))]
        print(f"{lead}{minutes:02}:{seconds:02} {text.lstrip(chr(10))}", file=sys.stderr, flush=True)

    def _exceeds_budget(self, candidate: Candidate, scenario: Scenario) -> bool:
        walls = [run.wall for run in self.measurements if run.candidate == candidate.name and run.scenario == scenario]
        return bool(walls) and sum(walls) + max(walls) > SCENARIO_BUDGET_SECONDS

    def _skip_if_too_slow(self, candidate: Candidate, scenario: Scenario) -> bool:
        """Whether this size would take too long, judging by a smaller one; then add it to the skipped ones."""
        smaller = [
            run
            for run in self.measurements
            if run.candidate == candidate.name
            and run.scenario.resource == scenario.resource
            and run.scenario.latency == scenario.latency
            and run.scenario.size <= scenario.size
            and run.scenario.tasks == scenario.tasks
        ]
        if candidate.max_seconds is None or not smaller:
            return self._was_skipped(candidate, scenario)
        last = max(smaller, key=lambda run: run.scenario.requests)
        expected = last.seconds / last.scenario.requests * scenario.requests
        if expected <= candidate.max_seconds:
            return False
        reason = (
            f"{scenario.requests} requests would take about {expected:.0f} s, as {last.scenario.requests} took"
            f" {last.seconds:.0f} s; the limit is {candidate.max_seconds:.0f} s"
        )
        self.skipped.append(Skipped(candidate.name, scenario, reason))
        self.log(f"  skipped   {candidate.name}: {reason}")
        return True

    def _was_skipped(self, candidate: Candidate, scenario: Scenario) -> bool:
        """Whether a smaller size was too slow already."""
        return any(
            one.candidate == candidate.name
            and one.scenario.resource == scenario.resource
            and one.scenario.size <= scenario.size
            and one.scenario.latency == scenario.latency
            for one in self.skipped
        )

    def as_json(self) -> dict:
        """Everything that was measured."""
        return {
            "plan": self.plan.name,
            "runs": [{**asdict(run), "scenario": run.scenario.title} for run in self.measurements],
            "skipped": [{**asdict(one), "scenario": one.scenario.title} for one in self.skipped],
        }


def measure(candidate: Candidate, scenario: Scenario, workspace: Workspace, round_: int = 0) -> Measurement:
    """One run. It counts only if the candidate got every record."""
    workspace.output_file.unlink(missing_ok=True)
    environment = workspace.environment(candidate, scenario)
    try:
        usage = process.run(workspace.command(candidate, scenario), environment, workspace.folder)
        output = json.loads(workspace.output_file.read_text(encoding="utf-8"))
    except (process.RunError, OSError) as exc:
        failure = (
            json.loads(workspace.output_file.read_text(encoding="utf-8"))["failure"]
            if workspace.output_file.exists()
            else None
        )
        raise process.RunError(f"{candidate.name} ({scenario.title}): {failure or exc}") from exc
    expected = list(range(1, scenario.size + 1)) if candidate.returns_records else []
    if output["ids"] != expected:
        raise process.RunError(
            f"{candidate.name} ({scenario.title}): got {len(output['ids'])} {scenario.resource}, or others"
        )
    return Measurement(candidate.name, scenario, round_, output["seconds"], usage.wall, usage.peak_bytes)


def write_facts(workspace: Workspace, scenario: Scenario) -> None:
    """Write the result of our task for so many records, which the floors return."""
    records = list(facts(workspace, scenario.size, scenario.resource))
    found = {scenario.resource: records, "count": scenario.size, "endpoint": workspace.base_url}
    workspace.facts_file(scenario).write_text(json.dumps(found), encoding="utf-8")


def facts(workspace: Workspace, size: int, resource: str = CONNECTIONS) -> Iterator[dict]:
    """The facts of the seed's records by the collection itself, again and again as the dataset has them."""
    from tests.support import facts as gathered

    count = min(size, len(seed_of(resource)))
    server = Server(workspace.base_url)
    server_access = SimpleNamespace(url=server.url(count), token=server.token)
    first = gathered(server_access, "alm" if resource == CONNECTIONS else "project")
    for index in range(size):
        fact = first[index % count]
        name = "alias" if "alias" in fact else "name"
        yield {**fact, **unique_fields({name: fact[name].rpartition(" ")[0]}, index + 1)}


def known_options() -> set[str]:
    """The options that the task knows today."""
    _find_collection()
    from ansible_collections.securitycompass.sdelements.plugins.module_utils._connections import ALM
    from ansible_collections.securitycompass.sdelements.plugins.module_utils._gather import argument_spec

    return set(argument_spec(ALM))


def link_collection(checkout: Path, folder: Path) -> Path:
    """A collections path that leads to another checkout."""
    if not (checkout / "galaxy.yml").is_file():
        raise process.RunError(f"BEFORE={checkout} is not a checkout of this collection")
    link = folder / "before" / "ansible_collections" / "securitycompass" / "sdelements"
    link.parent.mkdir(parents=True)
    link.symlink_to(checkout.resolve(), target_is_directory=True)
    return folder / "before"


def _find_collection() -> None:
    """Make the collection importable; under pytest it is already."""
    path = str(ROOT / "collections")
    if path not in sys.path:
        sys.path.append(path)
