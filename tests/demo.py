# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows the collection at work: the documented playbooks, against the embedded SD Elements API or a real server.

``python -m tests.demo [FOLDER]`` needs no account. With LIVE=1 it reads the server in SDE_HOST and SDE_API_KEY instead.
Without a folder it replaces build/demo.
"""

from __future__ import annotations

import contextlib
import copy
import json
import locale
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.demo_server import DemoServer, seed
from tests.demo_server.dataset import SEED

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "demo"
RENDERED = "egress_allow_list.txt"
REPORTS = "audit"
GUIDE = ROOT / "docs" / "user_guide.md"
CHECK = "check_connections.yml"  # the example in GUIDE
FAILED_HOSTS = 2  # ansible-playbook's exit status when a task fails
# ansible-core starts only in a UTF-8 locale. Most systems have the first of these, and macOS the second.
LOCALES = ("", "C.UTF-8", "en_US.UTF-8")


class DemoError(Exception):
    """The reason why the demo cannot go on."""


class Step(NamedTuple):
    """A playbook of the demo."""

    title: str
    playbook: str  # of the collection, or CHECK
    variables: dict[str, Any]
    verdict: str | None = None  # what the playbook prints if the data break rules
    edit: Callable[[], None] | None = None  # what happens before, on the embedded server only


def change_connections() -> None:
    """Change three connections: one talks to another server, one has another schedule, and one another name."""
    records = copy.deepcopy(SEED)
    first, second, third = [record for record in records if "alm_server" in record.get("params", {})][:3]
    first["params"]["alm_server"] = "https://tracker.example.net"
    second["frequency"] = "manually"
    third["alias"] = "Renamed"
    seed.load(records)


def steps(folder: Path) -> tuple[Step, ...]:
    """Return the steps of a demo that writes into a folder."""
    drift = {"sde_drift_dir": str(folder / "drift"), "sde_report_dir": str(folder / "drift_reports")}
    return (
        Step("Gather both kinds of connection", "list_connections", {}),
        Step(
            "Filter: Jira connections that synchronise daily",
            "list_connections",
            {"sde_kinds": ["alm"], "sde_system": "jira", "sde_frequency": "daily"},
        ),
        Step(
            "Assert: TLS everywhere, all on a schedule, no failed synchronisation",
            CHECK,
            {},
            "Without TLS:",
        ),
        Step(
            "Template: the hosts that the SD Elements server must reach",
            "configuration",
            {"connection_config_allow_list": str(folder / RENDERED)},
        ),
        Step(
            "Audit: every connection by the policy that comes with the collection",
            "audit",
            {"sde_report_dir": str(folder / REPORTS), "sde_report_name": REPORTS},
            "Policy: starter.",
        ),
        Step("Drift: the first run keeps the facts for the next one", "drift", drift),
        Step(
            "Drift: meanwhile, somebody changed three connections",
            "drift",
            drift,
            "3 connections changed, 0 added, 0 removed since",
            change_connections,
        ),
    )


def main(folder: Path) -> int:
    """Run the playbooks, and write into a folder; 0 if each did what it should."""
    is_live = os.environ.get("LIVE", "") not in ("", "0")
    if is_live and not (os.environ.get("SDE_HOST") and os.environ.get("SDE_API_KEY")):
        print("LIVE=1 reads a real server: set SDE_HOST and SDE_API_KEY in the environment first.", file=sys.stderr)
        return 2
    try:
        with live_server() if is_live else embedded_server() as access:
            run_all(access, is_live, folder)
    except (DemoError, OSError) as error:
        print(f"\nmake demo: {error}", file=sys.stderr)
        return 1
    return 0


def run_all(access: dict[str, str], is_live: bool, folder: Path) -> None:
    """Run the playbooks, from plain facts to drift."""
    folder.mkdir(parents=True, exist_ok=True)
    write_example(folder)
    print_heading(f"SD Elements server: {access['SDE_HOST']}")
    for number, step in enumerate((one for one in steps(folder) if not (is_live and one.edit)), 1):
        print_heading(f"{number}. {step.title}")
        if step.edit:
            step.edit()
        run_step(step, access, is_live, folder)
        if step.playbook == "configuration":
            print((folder / RENDERED).read_text(encoding="utf-8"))
            print_heading(f"The rendered allow-list is in {folder / RENDERED}.")
    reports = folder / REPORTS
    report = reports / f"{REPORTS}.html"
    others = sorted(path.name for path in reports.iterdir() if path != report)
    print_heading(f"The report for people is {report}. Open it in a browser.")
    print_heading(f"Next to it are those for machines: {', '.join(others)}.")


def write_example(folder: Path) -> None:
    """Write the example of the user guide as a file."""
    section = GUIDE.read_text(encoding="utf-8").split("\n## Check connections\n")[1]
    (folder / CHECK).write_text(section.split("```yaml\n")[1].split("```\n")[0], encoding="utf-8")


def run_step(step: Step, access: dict[str, str], is_live: bool, folder: Path) -> None:
    """Run a playbook. Raise a DemoError unless it did what it should."""
    status, output = run_playbook(step.playbook, access, step.variables, folder)
    if status == 0 and (is_live or not step.verdict):
        return
    if status == 0:
        raise DemoError(f"{Path(step.playbook).stem} passed, although the invented data break rules.")
    if not (step.verdict and status == FAILED_HOSTS and step.verdict in output):
        name = Path(step.playbook).stem
        raise DemoError(f"stopped, because {name} could not do its work (status {status}). Its message above says why.")
    if not is_live:
        print_heading("This failed as it should: the invented data break rules.")


def print_heading(text: str) -> None:
    print(f"\n=== {text}", flush=True)


def run_playbook(name: str, access: dict[str, str], variables: dict[str, Any], folder: Path) -> tuple[int, str]:
    """Run a playbook of the collection, or CHECK. Show its output, and return it with the exit status."""
    playbook = str(folder / name) if name == CHECK else f"securitycompass.sdelements.{name}"
    command = [str(Path(sys.executable).parent / "ansible-playbook"), playbook]
    if variables:
        command += ["-e", json.dumps(variables)]
    settings, output = {**environment(folder), **access}, []
    with subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, encoding="utf-8") as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            output.append(line)
    return process.returncode, "".join(output)


def environment(folder: Path) -> dict[str, str]:
    """Return an environment in which the settings of a user, such as ~/.ansible.cfg, change nothing."""
    foreign = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return {
        **foreign,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        "ANSIBLE_CONFIG": str(ROOT / "tests" / "ansible.cfg"),
        "ANSIBLE_FORCE_COLOR": str(sys.stdout.isatty()),
        # A home may be read-only.
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "ansible" / "tmp"),
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
        "LC_ALL": utf8_locale(),
    }


def utf8_locale() -> str:
    """Return the name of a locale with UTF-8, the user's own if possible."""
    own = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in LOCALES:
            with contextlib.suppress(locale.Error):
                locale.setlocale(locale.LC_CTYPE, name)
                if locale.nl_langinfo(locale.CODESET).upper().replace("-", "") == "UTF8":
                    return locale.setlocale(locale.LC_CTYPE)
    finally:
        locale.setlocale(locale.LC_CTYPE, own)
    raise DemoError(
        f"ansible-core requires a UTF-8 locale, and this system has none: install {' or '.join(LOCALES[1:])}."
    )


@contextlib.contextmanager
def embedded_server() -> Iterator[dict[str, str]]:
    """Serve the embedded API in a thread of this process: it ends when this process ends."""
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(DemoServer(generation="5.2"))
            parts = urlsplit(server.url)
            socket.create_connection((parts.hostname, parts.port), timeout=60).close()
        except OSError as error:
            raise DemoError(f"the embedded SD Elements API cannot be reached on a loopback address: {error}.") from None
        yield {"SDE_HOST": server.url, "SDE_API_KEY": server.token}


@contextlib.contextmanager
def live_server() -> Iterator[dict[str, str]]:
    """Yield the server of the environment; the modules only read."""
    yield {"SDE_HOST": os.environ["SDE_HOST"]}


if __name__ == "__main__":
    if not sys.argv[1:]:
        shutil.rmtree(BUILD, ignore_errors=True)
    try:
        sys.exit(main(Path(sys.argv[1]).absolute() if sys.argv[1:] else BUILD))
    except KeyboardInterrupt:
        sys.exit(130)
