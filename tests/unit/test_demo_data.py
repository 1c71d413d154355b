# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of the embedded API: they show each rule at work, and look the same in a year."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from tests.demo_server import seed
from tests.support import KINDS, connections, facts
from tests.unit import test_audit_rules
from tests.unit.test_audit_rules import STARTER

# With these variables, each rule of the starter policy applies.
POLICY_VARIABLES = {
    "allowed_servers": ["*.example.com", "*.example.org"],
    "conflict_policies": ["alm"],
    "required_projects": [1, 2],
}


def facts_of(server) -> list[dict]:
    return [one for kind in KINDS for one in connections(server, kind, include_last_job=True)]


def verdicts_of(facts: list[dict], now: datetime, monkeypatch) -> list[tuple]:
    """The verdicts of the starter policy at a time."""
    monkeypatch.setattr(test_audit_rules, "NOW", f"{now:%Y-%m-%dT%H:%M:%SZ}")
    evaluated = test_audit_rules.evaluated(STARTER["rules"], facts, **{**STARTER["vars"], **POLICY_VARIABLES})
    return [(one.rule.id, one.verdict, tuple(test_audit_rules.keys_of(one))) for one in evaluated]


def without_times(value, found: list[datetime]):
    """A copy with each time taken out of it; the times are added to those found."""
    if isinstance(value, dict):
        return {name: without_times(item, found) for name, item in value.items()}
    if isinstance(value, list):
        return [without_times(item, found) for item in value]
    try:
        found.append(datetime.fromisoformat(value))
    except (TypeError, ValueError):
        return value
    return "a time"


@pytest.mark.no_cover
@pytest.mark.parametrize("way", ["switch", "clock"])
def test_seed_data_are_relative_to_now(start, monkeypatch, way):
    today = datetime.now(timezone.utc)
    later = today + timedelta(days=400)
    server = start("newest", now=today)
    before, projects = facts_of(server), facts(server, "project")
    verdicts = verdicts_of(before, today, monkeypatch)
    if way == "switch":
        server = start("newest", now=later)
    else:
        monkeypatch.setattr(seed, "current_time", lambda: later)
        server = start("newest")
    after = facts_of(server)
    old, new = [], []
    assert without_times(before + projects, old) == without_times(after + facts(server, "project"), new)
    assert len(old) > 100 and {two - one for one, two in zip(old, new, strict=True)} == {later - today}
    assert verdicts_of(after, later, monkeypatch) == verdicts


@pytest.mark.parametrize("minute", [0, 59])
def test_seed_data_have_no_future_times(start, minute):
    now = datetime.now(timezone.utc).replace(minute=minute, second=0, microsecond=0)
    server, found = start("newest", now=now), []
    without_times(facts_of(server) + facts(server, "project"), found)
    assert found and max(found) <= now


def test_seed_data_have_one_stuck_job(start):
    """No job may run for longer than an hour."""
    now = datetime.now(timezone.utc)
    running = [one for one in facts_of(start("5.2", now=now)) if one["in_progress"]]
    hours = [(now - datetime.fromisoformat(one["last_job"]["last_run"])).total_seconds() / 3600 for one in running]
    assert sorted(one > 1 for one in hours) == [False, True]
    assert not any(one["last_job"]["ready"] for one in running)


# These read projects or an earlier audit, too: test_audit_gathers.py and test_drift.py have them.
READ_MORE = {
    "project-connected",
    "server-unchanged",
    "schedule-unchanged",
    "no-connection-added",
    "no-connection-removed",
}


def test_each_starter_rule_passes_and_fails_on_seed_data(start, monkeypatch):
    server = start("5.2")
    now = datetime.now(timezone.utc)
    shown = {(rule, verdict) for rule, verdict, _names in verdicts_of(facts_of(server), now, monkeypatch)}
    hidden = [one for kind in KINDS for one in connections(server, kind, api_token=server.limited_token)]
    shown |= {
        (rule, verdict) for rule, verdict, _names in verdicts_of(hidden, now, monkeypatch) if rule == "params-visible"
    }
    rules = {rule["id"] for rule in STARTER["rules"]}
    assert rules > READ_MORE
    assert [rule for rule in sorted(rules - READ_MORE) if not {(rule, "pass"), (rule, "fail")} <= shown] == []


def test_seed_data_have_valid_schedules(start):
    """'manually' is not offered for connections through the remote integration agent."""
    facts = facts_of(start("5.2"))
    assert {one["frequency"] for one in facts} == {"hourly", "daily", "weekly", "monthly", "manually"}
    assert not [one["id"] for one in facts if one["inaccessible"] and one["frequency"] == "manually"]


def test_seed_data_have_projects_for_each_question(start):
    """Projects without a connection: one that is active, one that is archived, and one that is excluded by a tag."""
    server = start("5.2")
    connected = {one["project"] for one in facts_of(server)}
    projects = facts(server, "project")
    assert connected < {one["id"] for one in projects}
    states = {(one["archived"], "sandbox" in one["tags"]) for one in projects if one["id"] not in connected}
    assert states == {(False, False), (True, False), (False, True)}


def test_seed_data_have_shared_connectors(start):
    server = start("5.2")
    for kind in KINDS:
        used = [one["connector"] for one in connections(server, kind)]
        assert set(used) == {one["id"] for one in facts(server, f"{kind}_connector")}
        assert len(used) > len(set(used))
