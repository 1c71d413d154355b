# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: events about the connections of a server, from one poll to the next. Pure functions.

Each poll turns a state into the next one, and the events in between. An event has the same id whenever it is made from
the same state, so that a poll that was interrupted can be repeated.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timezone
from typing import Any, NamedTuple

from ..module_utils._resource import Facts
from ._changes import PERMITTED, VOLATILE, Changes, NotCompared, compare

# SD Elements ends a job after this time.
LONGEST_JOB = 3600  # seconds
FORMAT = "securitycompass.sdelements/connection-events"
VERSION = 1

_SYNC_EVENTS = {"failed": "sync_failed", "stuck": "sync_stuck", "ok": "sync_recovered"}
_REFERENCE = ("kind", "id", "alias", "project", "system_id")
_TIME = "%Y-%m-%dT%H:%M:%SZ"

Event = dict[str, Any]
_Key = tuple[str, int]


class Sync(NamedTuple):
    """The synchronisation of a connection, as far as it is not simply well."""

    condition: str = "ok"  # or failed, or stuck
    since: str | None = None  # when a poll saw this condition first
    running_since: str | None = None  # polls have seen it in progress since then
    job: str | None = None  # the last job at that time: if it is another one, another job is in progress


class State(NamedTuple):
    """The knowledge after a poll. The next poll is compared with it, also after a restart."""

    id: str  # random, so that no event has the id of one from another state file
    server: str
    revision: int  # grows with each state that differs from the one before
    kinds: tuple[str, ...]  # of connections that are known; all others are new, but not added
    connections: tuple[Facts, ...]
    syncs: dict[_Key, Sync]
    unreachable_since: str | None


class Step(NamedTuple):
    """The events of a poll, the state after it, and the connections whose parameters it could not compare."""

    events: list[Event]
    state: State
    not_compared: list[NotCompared]


def new_state(server: str) -> State:
    """Return the state before the first poll of a server."""
    return State(str(uuid.uuid4()), server, revision=0, kinds=(), connections=(), syncs={}, unreachable_since=None)


def time_text(moment: datetime) -> str:
    """Return a time as facts and events have it."""
    return moment.astimezone(timezone.utc).strftime(_TIME)


def after_failure(state: State, failed: dict[str, Any], now: str) -> Step:
    """Return the step of a poll that failed, given 'msg' and 'failure' of a failed task."""
    if state.unreachable_since:
        return Step([], state, [])
    event = _event(state, "server_unreachable", now, None, msg=failed["msg"], failure=failed["failure"])
    return Step([event], state._replace(revision=state.revision + 1, unreachable_since=now), [])


def after_poll(state: State, polled: Iterable[Facts], kinds: Collection[str], now: str) -> Step:
    """Return the step of a poll that saw all connections of these kinds."""
    facts = {_key(one): one for one in polled}
    known = {_key(one): one for one in state.connections}
    seen = {key: _stable(one) for key, one in facts.items()}
    changes = compare(known.values(), seen.values(), [kind for kind in kinds if kind in state.kinds])
    syncs = {key: _next_sync(state.syncs.get(key, Sync()), one, now) for key, one in facts.items()}

    events = [*_change_events(state, changes, facts, now), *_sync_events(state, syncs, facts, now)]
    reached = state._replace(
        kinds=tuple(kinds),
        connections=tuple(_remembered(known.get(key), seen[key]) for key in sorted(seen)),
        syncs={key: sync for key, sync in sorted(syncs.items()) if sync != Sync()},
        unreachable_since=None,
    )
    if reached != state:
        reached = reached._replace(revision=state.revision + 1)
    return Step(events, reached, changes.not_compared)


# ---------------------------------------------------------------------------------------------------------------
# Connections


def _key(connection: Facts) -> _Key:
    return connection["kind"], connection["id"]


def _stable(connection: Facts) -> Facts:
    """Return facts without those that each synchronisation changes: they would be written again and again."""
    params = {name: value for name, value in connection["params"].items() if name not in VOLATILE}
    return {**{name: value for name, value in connection.items() if name not in VOLATILE}, "params": params}


def _remembered(old: Facts | None, new: Facts) -> Facts:
    """Return the facts to compare the next poll with. Parameters that are hidden now may be visible again later."""
    if old is None or new["params_visible"] or not old["params_visible"]:
        return new
    return {**new, **{name: old[name] for name in ("params_visible", *PERMITTED)}}


def _change_events(state: State, changes: Changes, facts: dict[_Key, Facts], now: str) -> Iterator[Event]:
    if state.unreachable_since:
        yield _event(state, "server_recovered", now, None, since=state.unreachable_since)
    for one in changes.removed:
        yield _connection_event(state, "connection_removed", now, one)
    for one in changes.added:
        yield _connection_event(state, "connection_added", now, facts[_key(one)], one)
    for _old, new, differences in changes.changed:
        fields = [one._asdict() for one in differences]
        yield _connection_event(state, "connection_changed", now, facts[_key(new)], fields, fields=fields)


# ---------------------------------------------------------------------------------------------------------------
# Synchronisations


def _next_sync(sync: Sync, facts: Facts, now: str) -> Sync:
    job = facts["last_job"] or {}
    running_since = number = None
    if facts["in_progress"]:
        number = None if not job else f"{job['id']} {job['last_run']}"
        is_same = sync.running_since and number == sync.job
        running_since = sync.running_since if is_same else now
    starts = [running_since, job.get("last_run") if job.get("ready") is False else None]
    overdue = [start for start in starts if start and _seconds(start, now) > LONGEST_JOB]
    if overdue:
        return Sync("stuck", min(overdue), running_since, number)
    condition = _condition(sync, facts, job)
    since = sync.since if condition == sync.condition else now if condition == "failed" else None
    return Sync(condition, since, running_since, number)


def _seconds(start: str, end: str) -> float:
    return (_parsed(end) - _parsed(start)).total_seconds()


def _parsed(time: str) -> datetime:
    return datetime.strptime(time, _TIME).replace(tzinfo=timezone.utc)


def _condition(sync: Sync, facts: Facts, job: dict[str, Any]) -> str:
    """Return the condition by the last job, or the one before as long as there is no result."""
    if job and job["ready"] is not False and job["succeeded"] is not None:
        return "ok" if job["succeeded"] else "failed"
    # Older releases do not say how the job ended.
    return "ok" if sync.condition == "stuck" and facts["in_progress"] is False and not job else sync.condition


def _sync_events(state: State, syncs: dict[_Key, Sync], facts: dict[_Key, Facts], now: str) -> Iterator[Event]:
    for key, sync in sorted(syncs.items()):
        before = state.syncs.get(key, Sync())
        if sync.condition != before.condition:
            yield _connection_event(
                state,
                _SYNC_EVENTS[sync.condition],
                now,
                facts[key],
                job=facts[key]["last_job"],
                before=before.condition,
                since=before.since if sync.condition == "ok" else sync.since,
            )


# ---------------------------------------------------------------------------------------------------------------
# Events


def _connection_event(state: State, name: str, now: str, facts: Facts, identity: Any = None, **content: Any) -> Event:
    reference = {field: facts.get(field) for field in _REFERENCE}
    content = {"connection": reference, "facts": facts, **content}
    return _event(state, name, now, [facts["kind"], facts["id"], identity], **content)


def _event(state: State, name: str, now: str, identity: Any, **content: Any) -> Event:
    """Return an event. Its id depends on the state before it, and on what happened, but not on when it was seen."""
    text = json.dumps([state.revision, name, identity], sort_keys=True)
    event_id = str(uuid.uuid5(uuid.UUID(state.id), text))
    # ansible-rulebook ignores an event if it knows the uuid, where it persists events.
    return {
        "event_id": event_id,
        "type": name,
        "time": now,
        "server": state.server,
        **content,
        "meta": {"uuid": event_id},
    }


# ---------------------------------------------------------------------------------------------------------------
# The state as JSON


def state_to_json(state: State) -> str:
    """Return the text of a state file."""
    syncs = [{"kind": kind, "id": number, **sync._asdict()} for (kind, number), sync in state.syncs.items()]
    return json.dumps({"format": FORMAT, "version": VERSION, **state._asdict(), "syncs": syncs})


def state_from_json(text: str) -> State:
    """Return the state of a file. Raises a ValueError if it is not one."""
    try:
        values = json.loads(text)
        if (values.pop("format"), values.pop("version")) != (FORMAT, VERSION):
            raise ValueError("another format or version")
        syncs = {(one.pop("kind"), one.pop("id")): Sync(**one) for one in values["syncs"]}
        lists = {name: tuple(values[name]) for name in ("kinds", "connections")}
        return State(**{**values, **lists, "syncs": syncs})
    except (AttributeError, KeyError, TypeError, RecursionError) as exc:
        raise ValueError("not a state") from exc
