# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the audit: all values of a rule in one template, compared with one conditional after the other.

``python -m tests.benchmark.audit`` runs it alone; ``make bench`` runs it, too, with the same BENCH=quick. Both ways
evaluate the same twelve rules for the same connections, in a process for each size, and must have the same verdicts.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "benchmark"
SIZES = {"full": (100, 1000, 5000), "quick": (10, 40)}
GOAL = 0.15
# Rules about each connection: those of the starter policy, and the one that everybody writes first.
RULES = 12
OWN_RULE = {
    "id": "own",
    "title": "Jira is talked to by https",
    "severity": "high",
    "when": "connection.system_id == 'jira'",
    "needs": ["server"],
    "that": "connection.server.scheme == 'https'",
}
# With these, each rule of the starter policy applies.
VARIABLES = {"allowed_servers": ["*.example.com", "*.example.org"], "conflict_policies": ["alm"]}


class Measurement(NamedTuple):
    """The measurement of one size. Seconds are those of the processor: the machine may have other things to do."""

    size: int
    evaluations: int
    seconds_bulk: float
    seconds_one_at_a_time: float
    peak_bytes: int
    ansible: str

    @property
    def ratio(self) -> float:
        """How much of the time it takes in bulk."""
        return self.seconds_bulk / self.seconds_one_at_a_time


def main() -> int:
    """Measure each size in a process of its own, print a table and write JSON; 0 however fast or slow."""
    plan = os.environ.get("BENCH") or "full"
    if plan not in SIZES:
        print(f"BENCH is one of {', '.join(SIZES)}.", file=sys.stderr)
        return 2
    measurements = []
    for size in SIZES[plan]:
        print(
            f"Auditing {size:,} connections by {RULES} rules, in bulk and one at a time ...",
            file=sys.stderr,
            flush=True,
        )
        command = [sys.executable, "-m", "tests.benchmark.audit", str(size)]
        out = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
        measurements.append(Measurement(*json.loads(out)))
    BUILD.mkdir(parents=True, exist_ok=True)
    table = table_of(measurements)
    (BUILD / "audit.md").write_text(table, encoding="utf-8")
    results = [{**run._asdict(), "ratio": run.ratio} for run in measurements]
    (BUILD / "audit.json").write_text(
        json.dumps({"python": platform.python_version(), "runs": results}, indent=2) + "\n", encoding="utf-8"
    )
    print(table)
    return 0


def table_of(measurements: list[Measurement]) -> str:
    """The runs as a table in Markdown."""
    lines = [
        (
            f"Audit by {RULES} rules, ansible-core {measurements[0].ansible}, Python {platform.python_version()}; "
            f"the goal is at most {GOAL:.2f}×."
        ),
        "",
        "| connections | conditionals | in bulk | one at a time | each, in bulk | ratio | memory of the process |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {run.size:,} | {run.evaluations:,} | {run.seconds_bulk:.2f} s | {run.seconds_one_at_a_time:.2f} s "
        f"| {run.seconds_bulk / run.evaluations * 1000:.3f} ms | {run.ratio:.3f}× | {run.peak_bytes / 2**20:.0f} MiB |"
        for run in measurements
    ]
    return "\n".join(lines) + "\n"


def measure(size: int) -> Measurement:
    """Evaluate the rules for this many connections both ways."""
    from ansible.plugins.loader import init_plugin_loader
    from ansible.release import __version__

    init_plugin_loader([str(ROOT / "collections")])
    from ansible.parsing.dataloader import DataLoader

    from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.connections import (
        validate_connections,
    )
    from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.model import key_of
    from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.policy import (
        STARTER_FILE,
        load_policy,
    )
    from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.rules import evaluate_rule
    from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.templating import (
        Engine,
        EvaluationError,
    )
    from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._native_types import to_builtin_types
    from tests.benchmark.dataset import NOW
    from tests.support import conditional, templar_of

    class SequentialEngine(Engine):
        """Asks ansible-core for each value."""

        count = 0

        def evaluate_conditional(self, expression: str, name: str, values: list) -> list:
            self.count += len(values)
            found = [conditional(templar, expression, {**play, **self.data, name: value}) for value in values]
            return [EvaluationError("") if answer is None else answer for answer in found]

    templar, play = templar_of()
    starter = to_builtin_types(DataLoader().load_from_file(str(STARTER_FILE)))
    starter["rules"] = [*[rule for rule in starter["rules"] if "loop" not in rule][: RULES - 1], OWN_RULE]
    policy = load_policy(["starter"], lambda name: starter, VARIABLES)
    assert len(policy.rules) == RULES
    connections = validate_connections(facts(size))
    data = {**policy.variables, "connections": connections, "audited_at": f"{NOW:%Y-%m-%dT%H:%M:%SZ}"}

    def evaluate(engine: Engine) -> tuple[float, list]:
        started = time.process_time()
        verdicts = [
            (rule.id, one.verdict, [key_of(connection) for connection in one.connections])
            for rule in policy.rules
            for one in evaluate_rule(rule, connections, engine)
        ]
        return time.process_time() - started, verdicts

    seconds_bulk, verdicts = evaluate(Engine(templar, play, data))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    sequential = SequentialEngine(templar, play, data)
    seconds_one_at_a_time, expected = evaluate(sequential)
    if verdicts != expected:
        raise AssertionError("The two ways have different verdicts.")
    return Measurement(size, sequential.count, seconds_bulk, seconds_one_at_a_time, peak, __version__)


def facts(size: int) -> list[dict]:
    """Connections as the modules return them."""
    from ansible_collections.securitycompass.sdelements.plugins.module_utils._connections import ALM
    from ansible_collections.securitycompass.sdelements.plugins.module_utils._gather import gather_facts
    from tests.benchmark import dataset
    from tests.demo_server import DemoServer
    from tests.support import validated

    with DemoServer("5.2", dataset=list(dataset.records(min(size, 200))), now=dataset.NOW) as server:
        options = validated(url=server.url, api_token=server.token, include_last_job=True)
        some = gather_facts(ALM, options).facts["connections"]
    return [{**some[index % len(some)], "id": index + 1} for index in range(size)]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(int(sys.argv[1]))))
        sys.exit(0)
    sys.exit(main())
