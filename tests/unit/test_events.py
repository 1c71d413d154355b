# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events from one poll to the next: conditions, ids, restarts, and ten days of edits."""

from __future__ import annotations

import copy
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from ansible_collections.securitycompass.sdelements.plugins.plugin_utils import _events
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._changes import compare
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._events import State, new_state
from tests.unit.test_changes import CONNECTION, HIDDEN, SERVER, with_params

KINDS = ("alm", "analysis")
START = datetime(2026, 11, 20, 6, tzinfo=timezone.utc)
JOB = {
    "id": 7,
    "last_run": "2026-11-20T05:00:00Z",
    "succeeded": True,
    "ready": True,
    "automatic": True,
    "result_message": "42 tasks synchronized.",
    "user": "5",
}
FAILED = {**JOB, "id": 8, "succeeded": False, "result_message": "401 Unauthorized"}
RUNNING = {**JOB, "id": 9, "last_run": "2026-11-20T06:00:00Z", "succeeded": None, "ready": False}
DOWN = {"msg": "It is down.", "failure": {"kind": "refused", "status": None, "method": "GET", "url": "https://sde"}}


def at(minutes: float) -> str:
    return _events.time_text(START + timedelta(minutes=minutes))


def with_job(*jobs: dict | None, **facts: Any) -> dict:
    """A connection with this last job, or the usual one."""
    return {**CONNECTION, "last_job": jobs[0] if jobs else JOB, **facts}


class Source:
    """The polls of a source that delivers all events."""

    def __init__(self, *first: dict, kinds: tuple[str, ...] = KINDS) -> None:
        self.kinds = kinds
        self.state = new_state("https://sde.example.com")
        self.poll(0, *first)

    def poll(self, minutes: float, *connections: dict) -> list[tuple]:
        """Poll, and return the types of the events, with what they are about."""
        self.state, self.changes = _events.after_poll(self.state, copy.deepcopy(connections), self.kinds, at(minutes))
        return self.deliver()

    def fail(self, minutes: float, failed: dict | None = None) -> list[tuple]:
        self.state = _events.after_failure(self.state, failed or DOWN, at(minutes))
        return self.deliver()

    def deliver(self) -> list[tuple]:
        self.events = list(self.state.pending)
        if self.events:
            self.state = self.state._replace(pending=())
        return [(event["type"], event.get("connection", {}).get("id")) for event in self.events]


def test_first_poll_is_the_baseline():
    source = Source(CONNECTION, {**CONNECTION, "kind": "analysis"})
    assert source.events == []
    assert source.poll(1, {**CONNECTION, "kind": "analysis"}, CONNECTION) == []


def test_added_changed_and_removed():
    two, three = {**CONNECTION, "id": 2}, {**CONNECTION, "id": 3}
    source = Source(CONNECTION, two)
    moved = {**CONNECTION, "server": {**SERVER, "host": "b"}, "last_job": JOB}
    assert source.poll(1, moved, three) == [
        ("connection_removed", 2), ("connection_added", 3), ("connection_changed", 1),
    ]  # each with its connection # fmt: skip
    removed, added, changed = source.events
    assert added["facts"] == three and removed["facts"]["alias"] == "Tracker"
    assert changed == {
        "event_id": changed["event_id"],
        "type": "connection_changed",
        "time": "2026-11-20T06:01:00Z",
        "server": "https://sde.example.com",
        "connection": {"kind": "alm", "id": 1, "alias": "Tracker", "project": 2, "system_id": "rally"},
        "facts": moved,
        "fields": [{"path": "server.host", "old": "a", "new": "b"}],
        "meta": {"uuid": changed["event_id"]},
    }
    assert source.poll(2, moved, three) == []


def test_each_event_has_an_id_of_its_own():
    source, ids = Source(CONNECTION), []
    for minutes in range(1, 5):
        # The same change again and again.
        source.poll(minutes, {**CONNECTION, "alias": f"Alias {minutes % 2}"}, *([FAILING] if minutes % 2 else []))
        ids += [event["event_id"] for event in source.events]
    assert len(ids) == len(set(ids)) > 8
    assert not set(ids) & {event["event_id"] for event in Source(FAILING).events}


FAILING = {**CONNECTION, "id": 4, "last_job": FAILED}


def test_poll_without_news_keeps_the_state():
    source = Source(with_job())
    before = source.state
    news = {"last_job": {**JOB, "id": 8}, "last_successful_run": "2026-11-20T05:00:00Z"}
    source.poll(1, {**with_params(last_successful_run="2026-11-20T05:00:00Z"), **news})
    assert source.state is before
    source.poll(2, {**with_job(), "debug_mode": True})
    assert source.state != before and source.events == []
    assert source.poll(3, {**with_job(), "debug_mode": False}) == [("connection_changed", 1)]


def test_kind_that_is_polled_later_is_not_added():
    analysis = {**CONNECTION, "kind": "analysis"}
    source = Source(CONNECTION, kinds=("alm",))
    source.kinds = KINDS
    assert source.poll(1, CONNECTION, analysis) == []
    assert source.poll(2, CONNECTION) == [("connection_removed", 1)]
    source.kinds = ("alm",)
    assert source.poll(3, CONNECTION) == []


def test_change_while_parameters_are_hidden_is_seen_later():
    source = Source(CONNECTION)
    assert source.poll(1, {**CONNECTION, **HIDDEN}) == [] and len(source.changes.not_compared) == 1
    assert source.poll(2, {**CONNECTION, **HIDDEN, "alias": "New"}) == [("connection_changed", 1)]
    assert source.poll(3, {**with_params(sde_min_priority=9), "alias": "New"}) == [("connection_changed", 1)]
    assert source.events[0]["fields"] == [{"path": "params.sde_min_priority", "old": 7, "new": 9}]
    # Hidden from the start, and visible later.
    source = Source({**CONNECTION, **HIDDEN})
    assert source.poll(1, CONNECTION) == [] and source.poll(2, with_params(sde_min_priority=9)) != []


# ---------------------------------------------------------------------------------------------------------------
# Synchronisations


def test_sync_failed_and_recovered():
    source = Source(with_job())
    assert source.poll(1, with_job(FAILED)) == [("sync_failed", 1)]
    assert {name: source.events[0][name] for name in ("job", "before", "since")} == {
        "job": FAILED, "before": "ok", "since": at(1),
    }  # the failed job # fmt: skip
    assert source.events[0]["facts"] == with_job(FAILED)
    assert source.poll(2, with_job({**FAILED, "id": 9})) == []
    # A job that runs has no result yet, and neither has one whose result is unknown.
    assert source.poll(3, with_job(RUNNING, in_progress=True)) == []
    assert source.poll(4, with_job({**RUNNING, "succeeded": True})) == []
    assert source.poll(4, with_job({**RUNNING, "ready": True})) == [] and source.poll(4, with_job(None)) == []
    assert source.poll(5, with_job()) == [("sync_recovered", 1)]
    assert {name: source.events[0][name] for name in ("job", "before", "since")} == {
        "job": JOB, "before": "failed", "since": at(1),
    }  # since the failure # fmt: skip
    assert source.state.syncs == {}


def test_failed_from_the_start():
    assert [event["type"] for event in Source(with_job(FAILED)).events] == ["sync_failed"]
    source = Source()
    assert source.poll(1, with_job(FAILED)) == [("connection_added", 1), ("sync_failed", 1)]
    assert source.poll(2) == [("connection_removed", 1)] and source.state.syncs == {}


def test_stuck_after_an_hour_in_progress():
    source = Source(with_job())
    for minutes in (1, 30, 61):
        assert source.poll(minutes, with_job(in_progress=True)) == []
    assert source.poll(61.1, with_job(in_progress=True)) == [("sync_stuck", 1)]
    assert source.events[0]["since"] == at(1)
    assert source.poll(90, with_job(in_progress=True)) == []
    assert source.poll(91, with_job()) == [("sync_recovered", 1)]
    assert source.events[0]["before"] == "stuck" and source.events[0]["since"] == at(1)


def test_pause_or_another_job_in_between_is_not_stuck():
    source = Source(with_job(in_progress=True))
    assert source.poll(50, with_job()) == [] and source.poll(70, with_job(in_progress=True)) == []
    assert source.poll(125, with_job({**JOB, "id": 8}, in_progress=True)) == []
    assert source.poll(180, with_job({**JOB, "id": 8, "last_run": at(1)}, in_progress=True)) == []
    assert source.poll(241, with_job({**JOB, "id": 8, "last_run": at(1)}, in_progress=True)) == [("sync_stuck", 1)]


def test_stuck_by_the_last_job():
    started = {**RUNNING, "last_run": at(0)}
    source = Source(with_job(started))
    assert source.poll(60, with_job(started)) == []
    assert source.poll(61, with_job(started)) == [("sync_stuck", 1)] and source.events[0]["since"] == at(0)
    assert source.poll(70, with_job(FAILED)) == [("sync_failed", 1)] and source.events[0]["before"] == "stuck"
    # The job knows its start better than the polls that saw it.
    source = Source()
    source.poll(20, with_job(started, in_progress=True))
    source.poll(90, with_job(started, in_progress=True))
    assert source.events[0]["since"] == at(0)


def test_stuck_on_a_release_without_jobs():
    source = Source(with_job(None, in_progress=True))
    assert source.poll(61, with_job(None, in_progress=True)) == [("sync_stuck", 1)]
    assert source.poll(62, with_job(None, in_progress=None)) == []
    assert source.poll(63, with_job(None, in_progress=False)) == [("sync_recovered", 1)]


# ---------------------------------------------------------------------------------------------------------------
# The server


def test_server_unreachable_and_recovered():
    source = Source(CONNECTION)
    assert source.fail(1) == [("server_unreachable", None)]
    assert {name: source.events[0][name] for name in DOWN} == DOWN
    assert source.fail(2) == []
    assert source.poll(3, {**CONNECTION, "alias": "New"}) == [("server_recovered", None), ("connection_changed", 1)]
    assert source.events[0]["since"] == at(1)


def test_server_unreachable_from_the_start():
    source = Source()
    source.state = new_state("https://sde.example.com")
    assert source.fail(0) == [("server_unreachable", None)]
    assert source.poll(1, CONNECTION) == [("server_recovered", None)]


# ---------------------------------------------------------------------------------------------------------------
# The state file


def test_state_survives_its_file():
    source = Source(with_job(FAILED), with_job(id=2, in_progress=True))
    source.state = _events.after_failure(source.state, DOWN, at(1))
    assert source.state.pending and source.state.syncs
    assert _events.state_from_json(_events.state_to_json(source.state)) == source.state


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", '{"format": "x", "version": 1}', "[" * 100_000, "\ufeff{"])
@pytest.mark.usefixtures("no_garbage_collection")
def test_other_file_is_not_a_state(text):
    with pytest.raises(ValueError, match="not a state"):
        _events.state_from_json(text)


@pytest.mark.parametrize("name", [*State._fields, "format", "version"])
def test_incomplete_file_is_not_a_state(name):
    values = json.loads(_events.state_to_json(Source(CONNECTION).state))
    del values[name]
    with pytest.raises(ValueError, match="not a state"):
        _events.state_from_json(json.dumps(values))


# ---------------------------------------------------------------------------------------------------------------
# Ten days of edits and restarts


class World:
    """A server whose connections people edit, and which runs jobs."""

    def __init__(self) -> None:
        self.connections = {("alm", 1): copy.deepcopy(CONNECTION)}
        self.jobs = 0
        self.is_down = self.is_hidden = self.is_upgraded = False

    def seen(self) -> list[dict]:
        """The connections as the token's user sees them."""
        found = [copy.deepcopy(one) for one in self.connections.values()]
        for one in found:
            if self.is_upgraded:
                one.update(system="CA Agile Central", system_short_name="Rally", connector=5)
                one["params"]["alm_validate_cert"] = True
            if self.is_hidden:
                one.update(copy.deepcopy(HIDDEN))
        return found

    def edit(self, action: str, key: tuple[str, int], value: Any) -> None:
        if action in ("is_down", "is_hidden", "is_upgraded"):
            setattr(self, action, not getattr(self, action) or action == "is_upgraded")
        elif action == "remove":
            self.connections.pop(key, None)
        elif action == "add":
            self.connections.setdefault(key, {**copy.deepcopy(CONNECTION), "kind": key[0], "id": key[1]})
        elif key in self.connections:
            self._edit_connection(action, self.connections[key], value)

    def _edit_connection(self, action: str, one: dict, value: Any) -> None:
        if action == "alias":
            one["alias"] = f"Alias {value}"
        elif action == "server":
            one["server"] = {**SERVER, "host": f"host{value}", "url": f"https://host{value}:443"}
            one["params"]["alm_server"] = f"host{value}"
        elif action == "nested":
            one["params"]["nested"] = {"one": value, **({"two": 1} if value else {})}
        elif action == "parameter":
            one["params"][f"new{value}"] = value
        elif action == "secret":
            one["secrets_set"] = ["alm_pass", "alm_api_token"][: value + 1]
        elif action == "job":
            self.jobs += 1
            one["last_job"] = {**JOB, "id": self.jobs, "succeeded": bool(value)}
        else:
            one["in_progress"] = bool(value)


class Consumer:
    """Keeps its own list by events alone, and counts those that come again."""

    def __init__(self) -> None:
        self.connections: dict[tuple, dict] = {}
        self.conditions: dict[tuple, str] = {}
        self.is_reachable = True
        self.events: dict[str, dict] = {}
        self.repeated = 0

    def take(self, event: dict) -> None:
        known = self.events.setdefault(event["event_id"], event)
        assert known == event
        if known is not event:
            self.repeated += 1
            return
        name, key = event["type"], tuple(event.get("connection", {}).get(part) for part in ("kind", "id"))
        if name.startswith("server_"):
            assert self.is_reachable == (name == "server_unreachable")
            self.is_reachable = name == "server_recovered"
        elif name == "connection_added":
            assert key not in self.connections
            self.connections[key] = copy.deepcopy(event["facts"])
        elif name == "connection_removed":
            del self.connections[key]
            self.conditions.pop(key, None)
        elif name == "connection_changed":
            for field in event["fields"]:
                *parents, last = field["path"].split(".")
                place = self.connections[key]
                for parent in parents:
                    place = place.setdefault(parent, {})
                place[last] = field["new"]
        else:
            assert event["before"] == self.conditions.get(key, "ok")
            self.conditions[key] = {"sync_recovered": "ok"}.get(name, name.removeprefix("sync_"))


ACTIONS = [
    "add", "remove", "alias", "server", "nested", "parameter", "secret", "job", "progress",
    "is_down", "is_hidden", "is_upgraded",
]  # what people do, and what happens # fmt: skip
EDITS = st.tuples(st.sampled_from(ACTIONS), st.tuples(st.sampled_from(KINDS), st.integers(1, 3)), st.integers(0, 1))
# Minutes until the next poll, edits before it, and when the process is killed, if it is: before the state is saved, or
# after so many events.
POLLS = st.tuples(st.integers(1, 240), st.lists(EDITS, max_size=4), st.none() | st.integers(-1, 4))


@settings(max_examples=60 if settings.default.max_examples < 100 else settings.default.max_examples)
@given(polls=st.lists(POLLS, min_size=1, max_size=120))
def test_ten_days_of_edits_and_restarts(polls):
    world, consumer, minutes = World(), Consumer(), 0.0
    source = Source(*world.seen())
    saved = source.state
    consumer.connections = {(one["kind"], one["id"]): one for one in world.seen()}
    # In the end, the server answers, everything is visible, and nobody kills the source.
    for wait, edits, killed_after in [*polls, (1, [], None)]:
        minutes += wait
        if minutes > 10 * 24 * 60:
            break
        for edit in edits:
            world.edit(*edit)
        saved = poll_once(world, consumer, saved, minutes, killed_after)
    world.is_down = world.is_hidden = False
    saved = poll_once(world, consumer, saved, minutes + 1, None)

    assert compare(consumer.connections.values(), world.seen(), KINDS)[:3] == ([], [], [])
    assert consumer.is_reachable and saved.pending == ()
    assert {key: one for key, one in consumer.conditions.items() if one != "ok"} == {
        key: sync.condition for key, sync in saved.syncs.items() if sync.condition != "ok"
    }
    assert saved.event_count == len(consumer.events)


def poll_once(world: World, consumer: Consumer, saved: State, minutes: float, killed_after: int | None) -> State:
    """Do what a source does in a poll, up to its end or to the moment of the kill. Returns the saved state."""
    # A process that was killed begins with what is in the file.
    state = _events.state_from_json(_events.state_to_json(saved))
    for event in state.pending:
        consumer.take(event)
    state = state._replace(pending=())
    if world.is_down:
        polled = _events.after_failure(state, DOWN, at(minutes))
    else:
        polled, _changes = _events.after_poll(state, world.seen(), KINDS, at(minutes))
    if killed_after == -1:
        return state
    for event in polled.pending[:killed_after]:
        consumer.take(event)
    return polled if killed_after is not None else polled._replace(pending=())


def test_killed_source_repeats_the_same_events():
    world, consumer = World(), Consumer()
    consumer.connections = {("alm", 1): world.seen()[0]}
    saved = Source(*world.seen()).state
    world.edit("add", ("alm", 2), 0)
    world.edit("server", ("alm", 1), 0)
    saved = poll_once(world, consumer, saved, 1, killed_after=1)
    assert [len(consumer.events), consumer.repeated] == [1, 0]
    # Somebody takes the edit back before the source runs again.
    world.edit("remove", ("alm", 2), 0)
    saved = poll_once(world, consumer, saved, 2, killed_after=None)
    assert [event["type"] for event in consumer.events.values()] == [
        "connection_added", "connection_changed", "connection_removed",
    ]  # none is lost # fmt: skip
    assert consumer.repeated == 1 and poll_once(world, consumer, saved, 3, None) == saved


# ---------------------------------------------------------------------------------------------------------------
# Edited state files


def saved_state() -> dict:
    """The content of a state file with a value everywhere."""
    source = Source(with_job(FAILED))
    source.state, _changes = _events.after_poll(source.state, [with_job(FAILED, alias="New")], KINDS, at(1))
    return json.loads(_events.state_to_json(source.state))


def test_saved_state_is_read():
    saved = saved_state()
    assert saved["pending"] and saved["connections"] and saved["syncs"]
    assert json.loads(_events.state_to_json(_events.state_from_json(json.dumps(saved)))) == saved


@pytest.mark.parametrize(
    "edit",
    [
        {"id": "nope"},
        {"id": 5},
        {"server": None},
        {"event_count": "7"},
        {"event_count": True},
        {"kinds": "alm"},
        {"kinds": ["ldap"]},
        {"kinds": [["alm"]]},
        {"pending": ["a"]},
        {"pending": [{}]},
        {"pending": {}},
        {"connections": [1]},
        {"connections": {}},
        {"syncs": [1]},
        {"syncs": {}},
        {"unreachable_since": "yesterday"},
        {"unreachable_since": 5},
        {"another": 1},
    ],
)
def test_edited_state_is_rejected(edit):
    rejected({**saved_state(), **edit})


@pytest.mark.parametrize(
    "edit",
    [
        {"kind": "ldap"},
        {"kind": ["alm"]},
        {"id": "1"},
        {"params": []},
        {"params": None},
        {"params_visible": 1},
        {"secrets_set": [1]},
        {"secrets_set": "alm_pass"},
        {"server": "a"},
        {"validate_certs": "yes"},
    ],
)
def test_edited_connection_of_a_state_is_rejected(edit):
    rejected({**saved_state(), "connections": [{**CONNECTION, **edit}]})


@pytest.mark.parametrize("name", ["kind", "id", "params", "params_visible", "secrets_set", "server", "validate_certs"])
def test_connection_of_a_state_without_a_fact_is_rejected(name):
    rejected({**saved_state(), "connections": [{key: one for key, one in CONNECTION.items() if key != name}]})


@pytest.mark.parametrize(
    "edit",
    [
        {"kind": "ldap"},
        {"id": "1"},
        {"condition": "unwell"},
        {"condition": {}},
        {"since": "yesterday"},
        {"running_since": 5},
        {"job": 7},
        {"another": 1},
    ],
)
def test_edited_synchronisation_of_a_state_is_rejected(edit):
    saved = saved_state()
    rejected({**saved, "syncs": [{**saved["syncs"][0], **edit}]})


def rejected(saved: dict) -> None:
    with pytest.raises(ValueError, match="not a state"):
        _events.state_from_json(json.dumps(saved))
