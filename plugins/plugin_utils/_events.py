# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: events about the connections of a server, from one poll to the next. Pure functions.

Each poll turns a state into the next one, which contains the events until all of them are delivered.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any, NamedTuple

from ..module_utils._resource import BOOL, TEXT, Facts
from ..module_utils._tool_params import ALM_KIND, ANALYSIS_KIND
from ._changes import PERMITTED, VOLATILE, Changes, compare

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
    event_count: int  # of all events so far
    pending: tuple[Event, ...]  # of the last poll, to be delivered
    kinds: tuple[str, ...]  # of connections that are known; all others are new, but not added
    connections: tuple[Facts, ...]
    syncs: dict[_Key, Sync]
    unreachable_since: str | None


def new_state(server: str) -> State:
    """Return the state before the first poll of a server."""
    return State(str(uuid.uuid4()), server, 0, pending=(), kinds=(), connections=(), syncs={}, unreachable_since=None)


def time_text(moment: datetime) -> str:
    """Return a time as facts and events have it."""
    return moment.astimezone(timezone.utc).strftime(_TIME)


def after_failure(state: State, failed: dict[str, Any], now: str) -> State:
    """Return the state after a poll that failed, given 'msg' and 'failure' of a failed task."""
    if state.unreachable_since:
        return state
    event = _event("server_unreachable", msg=failed["msg"], failure=failed["failure"])
    return _with_events(state._replace(unreachable_since=now), [event], now)


def after_poll(state: State, polled: Iterable[Facts], kinds: Collection[str], now: str) -> tuple[State, Changes]:
    """Return the state after a poll that saw all connections of these kinds, and how they changed.

    It is the same object if nothing is to be remembered.
    """
    facts = {_key(one): one for one in polled}
    known = {_key(one): one for one in state.connections}
    seen = {key: _stable(one) for key, one in facts.items()}
    changes = compare(known.values(), seen.values(), [kind for kind in kinds if kind in state.kinds])
    syncs = {key: _next_sync(state.syncs.get(key, Sync()), one, now) for key, one in facts.items()}
    events = [*_change_events(state, changes, facts), *_sync_events(state, syncs, facts)]
    reached = state._replace(
        kinds=tuple(kinds),
        connections=tuple(_remembered(known.get(key), seen[key]) for key in sorted(seen)),
        syncs={key: sync for key, sync in sorted(syncs.items()) if sync != Sync()},
        unreachable_since=None,
    )
    return state if reached == state else _with_events(reached, events, now), changes


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


def _change_events(state: State, changes: Changes, facts: dict[_Key, Facts]) -> Iterator[Event]:
    if state.unreachable_since:
        yield _event("server_recovered", since=state.unreachable_since)
    for one in changes.removed:
        yield _connection_event("connection_removed", one)
    for one in changes.added:
        yield _connection_event("connection_added", facts[_key(one)])
    for _old, new, fields in changes.changed:
        yield _connection_event("connection_changed", facts[_key(new)], fields=[one._asdict() for one in fields])


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


def _sync_events(state: State, syncs: dict[_Key, Sync], facts: dict[_Key, Facts]) -> Iterator[Event]:
    for key, sync in sorted(syncs.items()):
        before = state.syncs.get(key, Sync())
        if sync.condition != before.condition:
            yield _connection_event(
                _SYNC_EVENTS[sync.condition],
                facts[key],
                job=facts[key]["last_job"],
                before=before.condition,
                since=before.since if sync.condition == "ok" else sync.since,
            )


# ---------------------------------------------------------------------------------------------------------------
# Events


def _connection_event(name: str, facts: Facts, **content: Any) -> Event:
    return _event(name, connection={field: facts.get(field) for field in _REFERENCE}, facts=facts, **content)


def _event(name: str, **content: Any) -> Event:
    return {"type": name, **content}


def _with_events(state: State, events: list[Event], now: str) -> State:
    """Return a state with events to deliver. The id of an event depends on nothing but its number."""
    identified = []
    for number, event in enumerate(events, state.event_count):
        event_id = str(uuid.uuid5(uuid.UUID(state.id), str(number)))
        # Where ansible-rulebook persists events, it ignores one whose uuid it knows.
        common = {"event_id": event_id, "time": now, "server": state.server, "meta": {"uuid": event_id}}
        identified.append({**common, **event})
    return state._replace(event_count=state.event_count + len(events), pending=tuple(identified))


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
        _check_state(values)
        syncs = {(one.pop("kind"), one.pop("id")): Sync(**one) for one in values["syncs"]}
        lists = {name: tuple(values[name]) for name in ("pending", "kinds", "connections")}
        return State(**{**values, **lists, "syncs": syncs})
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as exc:
        raise ValueError("not a state") from exc


_Types = Mapping[str, tuple[type, ...]]
_KEY_TYPES: _Types = {"kind": (str,), "id": (int,)}
_STATE_TYPES: _Types = {
    "server": (str,),
    "event_count": (int,),
    **dict.fromkeys(("pending", "kinds", "connections", "syncs"), (list,)),
}
_EVENT_TYPES: _Types = dict.fromkeys(("event_id", "type", "time", "server"), (str,))
_CONNECTION_TYPES: _Types = {
    **_KEY_TYPES,
    "params": (dict,),
    "params_visible": (bool,),
    "secrets_set": (list,),
    "server": (dict,),
    "validate_certs": BOOL,
}
_SYNC_TYPES: _Types = {**_KEY_TYPES, "job": TEXT}


def _check_state(values: dict[str, Any]) -> None:
    """Raise a TypeError, KeyError or ValueError if the next poll cannot read a value: somebody may edit the file."""
    uuid.UUID(values["id"])
    connections, syncs = values["connections"], values["syncs"]
    _check_types([values], _STATE_TYPES)
    _check_types(values["pending"], _EVENT_TYPES)
    _check_types(connections, _CONNECTION_TYPES)
    _check_types(syncs, _SYNC_TYPES)
    _check_words([*values["kinds"], *(one["kind"] for one in [*connections, *syncs])], _KINDS)
    _check_words([one["condition"] for one in syncs], _SYNC_EVENTS)
    if not all(isinstance(path, str) for one in connections for path in one["secrets_set"]):
        raise TypeError("secrets_set")
    for time in [values["unreachable_since"], *(one[name] for one in syncs for name in ("since", "running_since"))]:
        if time is not None:
            _parsed(time)


_KINDS = (ALM_KIND.name, ANALYSIS_KIND.name)


def _check_types(found: Iterable[Any], types: _Types) -> None:
    for one in found:
        for name, allowed in types.items():
            # Not isinstance: in Python, true is a number.
            if type(one[name]) not in allowed:
                raise TypeError(name)


def _check_words(found: Iterable[Any], known: Collection[str]) -> None:
    for word in found:
        if word not in known:
            raise ValueError("unknown word")
