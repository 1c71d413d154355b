# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/events.md: its arguments are those of the code, and its events are real ones."""

from __future__ import annotations

import json
import re

import yaml

from ansible_collections.securitycompass.sdelements.plugins.plugin_utils import _events
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._event_source import OPTIONS
from tests.conftest import ROOT
from tests.support import DOCUMENTED_HOUR, connections, failure_of
from tests.unit.test_events import DOWN, JOB, KINDS, Source, with_job

PAGE = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
ADDRESS = "https://sde.example.com"
STATE_ID = "0b3c1f6e-6b0a-4b52-9d8e-1d1f0b8a7c55"
MOVED = "rally.example.net"


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of all tables in a text, without those of headings."""
    found = [
        [cell.strip() for cell in line.strip("|").split(" |")] for line in re.findall(r"^\|.*\|$", text, re.MULTILINE)
    ]
    return [cells for cells in found if cells[0].startswith("`")]


def names(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def test_arguments():
    documented = {
        name: default.strip("`") for cells, default, _text in rows(section("Arguments")) for name in names(cells)
    }
    expected = {}
    for name, option in OPTIONS.items():
        default = option.get("default", "SDE_HOST" if name == "url" else "")
        text = yaml.safe_dump(default, default_flow_style=True).split("\n...")[0].strip() if default != "" else ""
        expected[name] = "required" if option.get("required") else text
    assert documented == expected


def every_event() -> list[dict]:
    """An event of each type."""
    failed = {**JOB, "succeeded": False}
    source = Source(with_job(failed), with_job(id=2))
    found = source.events
    source.poll(1, with_job(), with_job(id=3, in_progress=True))
    found += source.events
    source.fail(2)
    found += source.events
    source.poll(90, with_job(alias="New"), with_job(id=3, in_progress=True))
    return found + source.events


def test_types_and_their_fields():
    types = rows(section("Events and their fields"))
    fields = [cells[0].strip("`") for cells in types if len(names(cells[0])) == 1 and cells[1] in FIELD_TYPES]
    documented = {cells[0].strip("`"): names(cells[2]) for cells in types if cells[1] not in FIELD_TYPES}
    common = ["event_id", "type", "time", "server", "meta"]
    events = every_event()
    assert {event["type"]: sorted(event.keys() - set(common)) for event in events} == {
        name: sorted(own) for name, own in documented.items()
    }
    assert all(set(common) <= event.keys() for event in events)
    assert set(fields) == {field for event in events for field in event}


FIELD_TYPES = ("string", "dictionary", "list of dictionaries", "dictionary or null")


def documented_events(start) -> list[dict]:
    """The events of the page, made from the data of the embedded API."""
    server = start("5.2", now=DOCUMENTED_HOUR)
    first = connections(server, include_last_job=True)[0]
    state = _events.new_state(ADDRESS)._replace(id=STATE_ID)
    state, _changes = _events.after_poll(state, [first], KINDS, "2026-11-24T15:00:00Z")
    moved = {
        **first,
        "server": {**first["server"], "host": MOVED, "url": f"https://{MOVED}:443"},
        "params": {**first["params"], "alm_server": MOVED},
    }
    state, _changes = _events.after_poll(state, [moved], KINDS, "2026-11-24T15:01:00Z")
    events = list(state.pending)
    job = {
        **first["last_job"],
        "id": 102,
        "last_run": "2026-11-24T15:00:30Z",
        "succeeded": False,
        "result_message": "Rally answered 401 Unauthorized.",
    }
    state, _changes = _events.after_poll(state, [{**moved, "last_job": job}], KINDS, "2026-11-24T15:02:00Z")
    events += state.pending
    busy = start("5.2", "html_503")
    failed = json.loads(json.dumps(failure_of(busy).as_failure()).replace(busy.url, ADDRESS))
    return events + list(_events.after_failure(state, failed, "2026-11-24T15:03:00Z").pending)


def test_samples(start):
    samples = [json.loads(text) for text in re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)]
    events = documented_events(start)
    assert len(samples) == len(events) == 3
    for sample, event in zip(samples, events, strict=True):
        shown = sample.get("facts", {})
        assert {**event, "facts": excerpt(event.get("facts", {}), shown)} == {**sample, "facts": shown}
    assert DOWN["failure"].keys() == events[-1]["failure"].keys()


def excerpt(facts: dict, keys: dict) -> dict:
    """Facts that have these keys, at any depth."""
    return {key: excerpt(facts[key], part) if isinstance(part, dict) else facts[key] for key, part in keys.items()}
