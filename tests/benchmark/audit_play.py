# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a play with one audit, JSON and HTML reports included, against a play that gathers the same and counts it.

``python -m tests.benchmark.audit_play`` runs it alone; ``make bench`` runs it, too, with the same BENCH=quick. The
plays take turns, and both must see all connections.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.benchmark import process
from tests.benchmark.audit import BUILD, ROOT, VARIABLES
from tests.benchmark.dataset import compact, unique_fields, write_records
from tests.benchmark.server import TOKEN, running

SIZES = {"full": (1_000, 5_000, 50_000), "quick": (20, 40)}
RUNS = {"full": 5, "quick": 1}
GOAL = 3.0
GENERATION = "5.2"
# Rendered by the embedded API. More are the same with other ids: rendering 50,000 takes minutes.
RENDERED = 1_000

PLAYS = {
    "gather": [
        {
            "securitycompass.sdelements.sde_alm_connection_info": {"include_last_job": True},
            "register": "alm",
        },
        {"ansible.builtin.assert": {"that": "alm.count == size | int", "quiet": True}},
    ],
    "audit": [
        {
            "securitycompass.sdelements.sde_connection_audit": {
                "kinds": ["alm"],
                "include_projects": False,
                "fail_on": "never",
                "policy_vars": VARIABLES,
                "reports": {"json": "report.json", "html": "report.html"},
            },
            "register": "audit",
        },
        {"ansible.builtin.assert": {"that": "audit.msg is search(' ' ~ size ~ ' connections')", "quiet": True}},
    ],
}


class Comparison(NamedTuple):
    """The median seconds and the highest peak memory of both plays at one size, and the size of the JSON report."""

    size: int
    gather_seconds: float
    audit_seconds: float
    gather_bytes: int
    audit_bytes: int
    report_bytes: int

    @property
    def ratio(self) -> float:
        """The time of the audit over that of gathering."""
        return self.audit_seconds / self.gather_seconds


def main() -> int:
    """Measure all sizes, print a table and write it; 0 however fast or slow."""
    plan = os.environ.get("BENCH") or "full"
    if plan not in SIZES:
        print(f"BENCH is one of {', '.join(SIZES)}.", file=sys.stderr)
        return 2
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        records = Path(folder) / "records"
        write_many(max(SIZES[plan]), records)
        with running(records, GENERATION) as server:
            compared = [compare(server.url(size), size, RUNS[plan], Path(folder)) for size in SIZES[plan]]
    table = table_of(compared)
    (BUILD / "audit_play.md").write_text(table, encoding="utf-8")
    results = [{**one._asdict(), "ratio": one.ratio} for one in compared]
    (BUILD / "audit_play.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(table)
    return 0


def write_many(count: int, target: Path) -> None:
    """Write this many records, one per line."""
    write_records(min(count, RENDERED), GENERATION, target)
    rendered = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    with target.open("wb") as file:
        for index in range(count):
            record = rendered[index % len(rendered)]
            file.write(compact({**record, **unique_fields(record, index + 1)}) + b"\n")


def compare(url: str, size: int, runs: int, folder: Path) -> Comparison:
    """Run both plays in turn."""
    usages: dict[str, list[process.Usage]] = {name: [] for name in PLAYS}
    for number in range(runs):
        print(f"{size:,} connections, run {number + 1} of {runs} ...", file=sys.stderr, flush=True)
        for name in PLAYS:
            usages[name].append(run_play(name, url, size, folder))
    gather, audit = usages["gather"], usages["audit"]
    return Comparison(
        size,
        statistics.median(one.wall for one in gather),
        statistics.median(one.wall for one in audit),
        max(one.peak_bytes for one in gather),
        max(one.peak_bytes for one in audit),
        (folder / "report.json").stat().st_size,
    )


def run_play(name: str, url: str, size: int, folder: Path) -> process.Usage:
    """Run one play from a folder, where it writes its reports."""
    playbook = folder / f"{name}.yml"
    play = {"hosts": "localhost", "gather_facts": False, "tasks": PLAYS[name]}
    playbook.write_text(json.dumps([play]), encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "SDE_"))}
    environment = {
        **kept,
        "SDE_HOST": url,
        "SDE_API_KEY": TOKEN,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        "ANSIBLE_LOCALHOST_WARNING": "False",
    }
    return process.run(["ansible-playbook", str(playbook), "-e", f"size={size}"], environment, folder)


def table_of(compared: list[Comparison]) -> str:
    """Return the comparisons as a table in Markdown."""
    lines = [
        f"A play with one audit (JSON and HTML), compared with one that gathers and counts; the goal is {GOAL:.0f}×.",
        "",
        "| connections | gather and count | audit | ratio | memory: gather | memory: audit | JSON report |",
        "|---:|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {one.size:,} | {one.gather_seconds:.2f} s | {one.audit_seconds:.2f} s | {one.ratio:.2f}× "
            f"| {one.gather_bytes / 2**20:.0f} MiB | {one.audit_bytes / 2**20:.0f} MiB "
            f"| {one.report_bytes / 2**20:.1f} MiB |"
            for one in compared
        ),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
