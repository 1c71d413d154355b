# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows the collection at work: the documented playbooks, against the embedded SD Elements API or a real server.

``python -m tests.demo`` needs no account. With LIVE=1 it reads the server in SDE_HOST and SDE_API_KEY instead.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.demo_server import DemoServer

ROOT = Path(__file__).resolve().parent.parent
RENDERED = ROOT / "build" / "demo" / "egress_allow_list.txt"
REPORTS = ROOT / "build" / "demo" / "audit"
FAILED_HOSTS = 2  # ansible-playbook's exit status when a task fails


def main() -> int:
    """Run the playbooks; 0 if each did what it should."""
    is_live = os.environ.get("LIVE", "") not in ("", "0")
    if is_live and not (os.environ.get("SDE_HOST") and os.environ.get("SDE_API_KEY")):
        print("LIVE=1 reads a real server: set SDE_HOST and SDE_API_KEY in the environment first.", file=sys.stderr)
        return 2
    with live_server() if is_live else embedded_server() as access:
        return run_all(access, is_live)


def run_all(access: dict[str, str], is_live: bool) -> int:
    """The playbooks, from plain facts to the audit."""
    RENDERED.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(REPORTS, ignore_errors=True)
    print_heading(f"SD Elements server: {access['SDE_HOST']}")
    print_heading("1. Gather both kinds of connection")
    results = [run_playbook("list_connections", access) == 0]
    print_heading("2. Filter: Jira connections that synchronise daily")
    results.append(run_playbook("find_connections", access, "-e", "sde_system=jira", "-e", "sde_frequency=daily") == 0)
    print_heading("3. Assert: TLS everywhere, all on a schedule, no failed synchronisation")
    results.append(is_expected(run_playbook("check_connections", access), is_live))
    print_heading("4. Template: the hosts that the SD Elements server must reach")
    results.append(run_playbook("egress_allow_list", access, "-e", json.dumps({"sde_allow_list": str(RENDERED)})) == 0)
    if all(results):
        print(RENDERED.read_text(encoding="utf-8"))
        print_heading(f"The rendered allow-list is in {RENDERED.relative_to(ROOT)}.")
    print_heading("5. Audit: every connection by the policy that comes with the collection")
    variables = {"connection_audit_report_dir": str(REPORTS), "connection_audit_report_name": REPORTS.name}
    results.append(is_expected(run_playbook("audit", access, "-e", json.dumps(variables)), is_live))
    report = REPORTS / f"{REPORTS.name}.html"
    results.append(report.is_file())
    if all(results):
        others = sorted(path.name for path in REPORTS.iterdir() if path != report)
        print_heading(f"The report for people is {report}. Open it in a browser.")
        print_heading(f"Next to it are those for machines: {', '.join(others)}.")
    return 0 if all(results) else 1


def is_expected(status: int, is_live: bool) -> bool:
    """Whether a playbook that judges connections ended as it should."""
    if not is_live:
        print_heading("This failed as it should: the invented data hold connections that break each rule.")
    return status == FAILED_HOSTS or (is_live and status == 0)


def print_heading(text: str) -> None:
    print(f"\n=== {text}", flush=True)


def run_playbook(name: str, access: dict[str, str], *arguments: str) -> int:
    """Run a playbook of the collection by its full name."""
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
    }
    command = [str(Path(sys.executable).parent / "ansible-playbook"), f"securitycompass.sdelements.{name}", *arguments]
    return subprocess.run(command, env={**os.environ, **settings, **access}, check=False).returncode


@contextlib.contextmanager
def embedded_server() -> Iterator[dict[str, str]]:
    """The embedded API, in a thread of this process: it ends when this process ends."""
    with DemoServer(generation="5.2") as server:
        yield {"SDE_HOST": server.url, "SDE_API_KEY": server.token}


@contextlib.contextmanager
def live_server() -> Iterator[dict[str, str]]:
    """The server of the environment; the modules only read."""
    yield {"SDE_HOST": os.environ["SDE_HOST"]}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
