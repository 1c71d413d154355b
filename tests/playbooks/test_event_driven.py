# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source in the real ansible-rulebook: exact events, restarts, a server that is down, kill -9, canaries."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from ansible_collections.securitycompass.sdelements.plugins.plugin_utils import _events
from tests.conftest import ROOT
from tests.demo_server import DemoServer, seed

# Of ansible-rulebook alone, whatever the ansible-core of the tests.
pytestmark = [pytest.mark.slow, pytest.mark.once]

TOKEN = "CANARY0000token0000token"
PAGE = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
# A hanging test fails after so many seconds.
PATIENCE = 120
EVENT = re.compile(r"^event: (\{.*\})$", re.MULTILINE)
PRINT_EVENTS = [
    {
        "name": "Print events",
        "hosts": "all",
        "sources": [
            {
                "securitycompass.sdelements.connections": {
                    "state_file": "{{ sde_state_file }}", "interval": 1, "retries": 0,
                }
            }
        ],
        "rules": [
            {
                "name": "Print each",
                "condition": "event.event_id is defined",
                "action": {"debug": {"var": "event"}},
            }
        ],
    }
]  # as users write it in YAML # fmt: skip


class Rulebook:
    """Runs of ansible-rulebook with one state file, and all that they printed."""

    def __init__(self, folder: Path, programs: list[str], server: DemoServer) -> None:
        self.folder = folder
        self.state_file = folder / "state.json"
        self.output = folder / "output.txt"
        self._programs = os.pathsep.join(str(Path(program).parent) for program in programs)
        self._server = server
        self._process: subprocess.Popen | None = None
        self._file = folder / "rulebook.yml"
        self._file.write_text(yaml.safe_dump(PRINT_EVENTS))
        (folder / "inventory").write_text("localhost ansible_connection=local\n")
        (folder / "variables.yml").write_text(f"sde_state_file: {self.state_file}\nsde_interval: 1\n")

    def start(self, rulebook: str | Path | None = None, *options: str) -> None:
        environment = {
            "PATH": os.pathsep.join([self._programs, os.environ["PATH"]]),
            "HOME": str(self.folder),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
            "ANSIBLE_CONFIG": os.environ["ANSIBLE_CONFIG"],
            "SDE_HOST": self._server.url,
            "SDE_API_KEY": self._server.token,
            "PYTHONUNBUFFERED": "1",
        }
        self.command = ["ansible-rulebook", "-r", str(rulebook or self._file), "-i", "inventory", "-e", "variables.yml"]
        with self.output.open("a") as stream:
            self._process = subprocess.Popen(
                [*self.command, *options],
                cwd=self.folder,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def end(self, number: int = signal.SIGTERM) -> None:
        """End the program and all that it started."""
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, number)
            self._process.wait(PATIENCE)

    def printed(self) -> str:
        return self.output.read_text() if self.output.exists() else ""

    def events(self) -> list[dict]:
        return [ast.literal_eval(found) for found in EVENT.findall(self.printed())]

    def wait(self, is_over: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not is_over():
            assert self._process.poll() is None, self.printed()
            assert time.monotonic() < deadline, self.printed()
            time.sleep(0.02)

    def wait_for_baseline(self) -> None:
        self.wait(lambda: self.state_file.exists() and self.state().kinds)

    def state(self) -> _events.State:
        return _events.state_from_json(self.state_file.read_text())


@pytest.fixture
def run(tmp_path, checker) -> Iterator[Callable[[DemoServer], Rulebook]]:
    """Make a Rulebook; what it runs ends with the test."""
    programs = [checker(name) for name in ("ansible-rulebook", "java")]
    made = []

    def make(server: DemoServer) -> Rulebook:
        made.append(Rulebook(tmp_path, programs, server))
        return made[-1]

    yield make
    for rulebook in made:
        rulebook.end(signal.SIGKILL)


def record(number: int, kind: str = "alm", **fields) -> dict:
    """A connection with a secret wherever a server could put one."""
    params = {
        f"{kind}_server": "https://someone:CANARY0001@tool.example.com/?api_key=CANARY0002",
        f"{kind}_pass": "CANARY0003",
        "custom_fields": json.dumps({"password": "CANARY0004"}),
        "nested": {"auth": {"user": "x", "token": "CANARY0005"}},
        **fields.pop("params", {}),
    }
    return {"kind": kind, "id": number, "alias": f"{kind} {number}", "system": "JIRA", "params": params, **fields}


def job(number: int, succeeded: bool) -> dict:
    message = "Log in with CANARY0003 failed: token=CANARY0006 https://x:CANARY0007@tool.example.com/"
    return {
        "id": number, "last_run": "2026-11-20T05:00:00Z", "succeeded": succeeded, "ready": True, "automatic": True,
        "result_message": message, "user": "x@example.com",
    }  # of a synchronisation # fmt: skip


def summary(events: list[dict]) -> list[tuple]:
    return [(event["type"], *list(event.get("connection", {}).values())[:2]) for event in events]


def test_events_of_edits_restarts_and_an_outage(start, run, tmp_path):
    server = start("newest", dataset=[record(1), record(2), record(3, "analysis")], token=TOKEN)
    rulebook = run(server)
    rulebook.start(None, "-vv")
    rulebook.wait_for_baseline()

    # A connection is re-pointed, with another password; a job fails; one connection goes, another comes.
    moved = record(1, params={"alm_server": "https://someone:CANARY0008@evil.example.com/", "alm_pass": "CANARY0009"})
    seed.load([moved, record(3, "analysis", last_job=job(7, False)), record(4)])
    rulebook.wait(lambda: len(rulebook.events()) >= 4)
    assert summary(rulebook.events()) == [
        ("connection_removed", "alm", 2),
        ("connection_added", "alm", 4),
        ("connection_changed", "alm", 1),
        ("sync_failed", "analysis", 3),
    ]
    fields = {field["path"]: (field["old"], field["new"]) for field in rulebook.events()[2]["fields"]}
    assert fields["server.host"] == ("tool.example.com", "evil.example.com")
    assert set(fields) == {"params.alm_server", "server.host", "server.url"}

    # The source is not there while somebody edits.
    rulebook.end()
    seed.load([record(1), record(3, "analysis", last_job=job(8, True)), record(4)])
    rulebook.start()
    rulebook.wait(lambda: len(rulebook.events()) >= 6)
    assert summary(rulebook.events())[4:] == [("connection_changed", "alm", 1), ("sync_recovered", "analysis", 3)]

    # The server goes, is edited, and comes back.
    port = server.port
    server.stop()
    rulebook.wait(lambda: len(rulebook.events()) >= 7)
    again = DemoServer("newest", dataset=[record(1), record(4)], token=TOKEN, port=port).start()
    try:
        rulebook.wait(lambda: len(rulebook.events()) >= 9)
    finally:
        again.stop()
    found = rulebook.events()[6:9]
    assert summary(found) == [("server_unreachable",), ("server_recovered",), ("connection_removed", "analysis", 3)]
    assert found[0]["failure"]["kind"] == "refused" and found[1]["since"] == found[0]["time"]
    rulebook.end()

    events = rulebook.events()
    assert len({event["event_id"] for event in events}) == len(events)
    assert all(event["meta"]["source"]["type"] == "securitycompass.sdelements.connections" for event in events)
    print(*[f"{event['time']} {event['event_id']} {event['type']}" for event in events], sep="\n")
    everything = {str(path): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert str(rulebook.state_file) in everything and len(everything[str(rulebook.output)]) > 10_000
    assert [path for path, text in everything.items() if "CANARY" in text] == []
    assert rulebook.state_file.stat().st_mode & 0o777 == 0o600


def test_kill_9_loses_nothing(start, run):
    many = 300
    server = start("5.2", dataset=[record(number) for number in range(1, many + 1)], token=TOKEN)
    rulebook = run(server)
    rulebook.start()
    rulebook.wait_for_baseline()
    seed.load([record(number, frequency="daily") for number in range(1, many + 1)])
    # In the middle of the events of one poll.
    rulebook.wait(lambda: len(rulebook.events()) >= 10)
    rulebook.end(signal.SIGKILL)
    before = rulebook.events()
    assert 10 <= len(before) < many
    # Another edit before the next start, which takes one of the edits back.
    seed.load([record(number, frequency="daily") for number in range(2, many + 1)] + [record(1)])
    rulebook.start()
    rulebook.wait(lambda: len(rulebook.events()) >= len(before) + many + 1)
    rulebook.end()

    events = rulebook.events()
    by_id = {event["event_id"]: event for event in events}
    assert len(by_id) == many + 1 and len(events) == len(before) + many + 1
    for event in events:
        # Only the time at which ansible-rulebook received it differs.
        assert {**event, "meta": None} == {**by_id[event["event_id"]], "meta": None}
    frequency = dict.fromkeys(range(1, many + 1), "manually")
    for event in by_id.values():
        assert event["fields"][0]["old"] == frequency[event["connection"]["id"]]
        frequency[event["connection"]["id"]] = event["fields"][0]["new"]
    assert frequency == {**dict.fromkeys(range(2, many + 1), "daily"), 1: "manually"}
    print(f"{len(before)} events, kill -9, {len(events) - len(before)} events, of which {len(before)} came again")


def test_rulebook_that_opens_tickets(start, run):
    server = start("5.2", dataset=[record(1), record(2, last_job=job(7, False))], token=TOKEN)
    rulebook = run(server)
    rulebook.start("securitycompass.sdelements.open_tickets")
    assert f"\n```shell\n{' '.join(rulebook.command)}\n```\n" in PAGE
    rulebook.wait(lambda: "sync_failed alm 2 (alm 2) since" in rulebook.printed())
    seed.load([record(1, params={"alm_server": "evil.example.com"}), record(2, last_job=job(8, True)), record(3)])
    rulebook.wait(lambda: "talks to https://evil.example.com:443" in rulebook.printed())
    rulebook.wait(lambda: "connection_added alm 3 (alm 3)" in rulebook.printed())
    rulebook.wait(lambda: "alm 2 (alm 2) was failed since" in rulebook.printed())
    server.stop()
    rulebook.wait(lambda: "the server refused the connection" in rulebook.printed())
    assert "CANARY" not in rulebook.printed() and "ERROR" not in rulebook.printed()


def test_rulebook_that_audits(start, run, tmp_path):
    server = start("5.2", dataset=[record(1)], token=TOKEN)
    rulebook = run(server)
    copy = tmp_path / "audit.yml"
    text = (ROOT / "extensions" / "eda" / "rulebooks" / "audit_after_changes.yml").read_text()
    assert text.count("once_after: 1 minute") == 1
    copy.write_text(text.replace("once_after: 1 minute", "once_after: 2 seconds"))
    rulebook.start(copy)
    rulebook.wait_for_baseline()
    seed.load([record(1), record(2)])
    rulebook.wait(lambda: "PLAY RECAP" in rulebook.printed())
    printed = rulebook.printed()
    assert printed.count("PLAY RECAP") == 1
    assert "no-credentials-in-urls: ALM connection 2" in printed and "CANARY" not in printed


def test_documented_rulebook(start, run, tmp_path):
    server = start("5.2", dataset=[record(1), record(2)], token=TOKEN)
    rulebook = run(server)
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for documented, wanted in (("/var/lib/sdelements", str(tmp_path)), ("interval: 300", "interval: 1")):
        assert text.count(documented) == 1
        text = text.replace(documented, wanted)
    (tmp_path / "documented.yml").write_text(text)
    rulebook.start("documented.yml")
    rulebook.wait_for_baseline()
    unchecked = {"alm_server": "tool.example.com", "alm_validate_cert": True}
    seed.load([record(1, params={"alm_server": "evil.example.com"}), record(2, params=unchecked)])
    rulebook.wait(lambda: "alm 1 talks to https://evil.example.com:443" in rulebook.printed())
    seed.load([record(2, params={**unchecked, "alm_validate_cert": False})])
    message = "alm 2 does not check the certificate of https://tool.example.com:443"
    rulebook.wait(lambda: message in rulebook.printed())
    assert "ERROR" not in rulebook.printed()


def test_misspelt_argument_ends_the_rulebook(start, run, tmp_path):
    rulebook = run(start("5.2", dataset=[record(1)], token=TOKEN))
    text = (tmp_path / "rulebook.yml").read_text()
    (tmp_path / "rulebook.yml").write_text(text.replace("interval:", "intervall:"))
    rulebook.start()
    process = rulebook._process
    assert process.wait(PATIENCE) != 0
    assert "securitycompass.sdelements.connections: unknown argument intervall; known are" in rulebook.printed()
