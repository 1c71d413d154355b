# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: what a connection is. Options in, canonical facts out; no HTTP, no AnsibleModule.

Servers of different releases describe one connection differently. The facts made here have the same keys and
types on all of them.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Callable, NamedTuple

from ansible_collections.securitycompass.sdelements.plugins.module_utils._client import Client
from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import NotFoundError, SDElementsError
from ansible_collections.securitycompass.sdelements.plugins.module_utils._options import (
    filters_from,
    server_from,
    stripped,
)
from ansible_collections.securitycompass.sdelements.plugins.module_utils._pages import Record, read_list, record_of
from ansible_collections.securitycompass.sdelements.plugins.module_utils._redact import (
    MAX_TEXT,
    redact,
    scrub_text,
    Secret,
    TooComplexError,
)
from ansible_collections.securitycompass.sdelements.plugins.module_utils._tool_server import masked_server_facts


class Kind(NamedTuple):
    """One kind of connection: what to look for, and where."""

    name: str
    paths: tuple[str, ...]  # of the list, the oldest release's first
    new_word: str | None = None  # what newer releases call this kind in params ...
    old_word: str | None = None  # ... and what the facts call it


ALM = Kind("alm", ("connections/alm/", "connections/issue-tracker/"), "issue_tracker", "alm")
ANALYSIS = Kind("analysis", ("connections/analysis/",))
KINDS = {kind.name: kind for kind in (ALM, ANALYSIS)}


class Result(NamedTuple):
    """What a task returns, and what its runner has to care for."""

    facts: dict[str, Any]
    warnings: list[str]
    secrets: list[str]  # secrets that stand in the facts, since the user asked for them


def gather(kind: Kind, params: dict[str, Any]) -> Result:
    """Read the connections that validated options ask for. Raises an SDElementsError."""
    params = {**params, "keep_params": params["keep_params"] and list(filter(None, stripped(params["keep_params"])))}
    make = partial(_connection_of, kind, params, _filter_from(params))
    endpoint, found = _read(Client(server_from(params)), kind, params, make)
    wanted = [one for one in found if one.facts is not None]
    connections = [one.facts for one in wanted]
    secrets = {secret for one in wanted for secret in one.secrets}
    return Result(
        {"connections": connections, "count": len(connections), "endpoint": endpoint},
        _job_warnings(params, found) + _long_text_warnings(params, found) + _keep_params_warnings(params, connections),
        sorted(secrets) if params["include_secrets"] else [],
    )


class _Connection(NamedTuple):
    """What is made of a record. It holds no more of it, since there may be many."""

    facts: dict[str, Any] | None  # None: the options do not ask for this one
    secrets: list[str]
    has_job: bool
    unread: list[str] = []  # where texts are that are too long to be searched for credentials


def _connection_of(
    kind: Kind,
    params: dict[str, Any],
    is_wanted: Callable[[Record], bool],
    client: Client,
    endpoint: str,
    record: Record,
) -> _Connection:
    has_job = "last_job" in _checked(record, endpoint)
    if not is_wanted(record):
        return _Connection(None, [], has_job)
    try:
        facts, secrets = _facts(kind, record, params, partial(client.check_deadline, endpoint))
    except TooComplexError:
        raise _shape_error(endpoint, "a connection is nested too deeply, or holds too many secrets") from None
    long = [secret.path for secret in secrets if len(secret.value) > MAX_TEXT and _is_returned(secret.path, facts)]
    unread = [f"{path} of connection {record['id']}" for path in long]
    return _Connection(facts, [secret.value for secret in secrets if secret.value], has_job, unread)


def _is_returned(path: str, facts: dict[str, Any]) -> bool:
    """Whether the facts still have what was at a path: the task may not want all parameters."""
    fact, _dot, rest = path.partition(".")
    return fact != "params" or any(f"{rest}.".startswith(f"{name}.") for name in facts["params"])


# ---------------------------------------------------------------------------------------------------------------
# Reading


def _read(
    client: Client, kind: Kind, params: dict[str, Any], make: Callable[[Client, str, Record], _Connection]
) -> tuple[str, list[_Connection]]:
    """The address that answers on this release, and the connections there."""
    query = {"include": "last_job"} if params["include_last_job"] else {}
    paging = {"page_size": params["page_size"]} if params["page_size"] else {}
    for path in kind.paths:
        endpoint = client.url_of(path)
        try:
            if params["connection_id"] is None:
                return endpoint, read_list(client, path, {**query, **paging}, partial(make, client, endpoint))
            records = _read_one(client, path, params["connection_id"], query)
            return endpoint, [make(client, endpoint, record) for record in records]
        except NotFoundError as exc:
            missing = exc
    raise SDElementsError(
        "not_an_api",
        f"There is no SD Elements API at {client.url_of('')}: "
        f"{' and '.join(client.url_of(path) for path in kind.paths)} gave {missing.status}.",
        "Check url: it is the address at which users open SD Elements, with its context path if it has one.",
        status=missing.status,
        method="GET",
        url=client.url_of(kind.paths[-1]),
    )


def _read_one(client: Client, path: str, connection_id: int, query: dict[str, Any]) -> list[Record]:
    """One connection as a list, or an empty list if there is none of this id. NotFoundError: no API at this path."""
    one_path = f"{path}{connection_id}/"
    try:
        record = record_of(client, one_path, client.get(one_path, query))
    except NotFoundError:
        # An unknown id, or an unknown path? The list knows; a small page of it is enough.
        client.get(path, {"page_size": 1})
        return []
    if record["id"] != connection_id:
        raise _shape_error(client.url_of(one_path), f"it is connection {record['id']}")
    return [record]


# ---------------------------------------------------------------------------------------------------------------
# Filtering, always here: servers ignore filters that they do not know


def _filter_from(params: dict[str, Any]) -> Callable[[Record], bool]:
    """A test for one record: any value of an option, and all of the options."""
    given = {name: {_comparable(name, value) for value in values} for name, values in filters_from(params).items()}

    def is_wanted(record: Record) -> bool:
        return all(not values.isdisjoint(_values_of(name, record)) for name, values in given.items())

    return is_wanted


def _values_of(name: str, record: Record) -> set[str]:
    """What a record has to say about a filter, to be compared."""
    values = [record.get(name)]
    if name == "system":
        system = _system(record)
        values = [_system_id(record), system.get("name"), system.get("short_name")]
    return {_comparable(name, value) for value in values if value is not None}


def _comparable(name: str, value: Any) -> str:
    """Texts and numbers are compared as texts; the names of systems without regard to case."""
    return str(value).casefold() if name == "system" else str(value)


# ---------------------------------------------------------------------------------------------------------------
# Checking

_TEXT_OR_NULL = (str, type(None))
_INT_OR_NULL = (int, type(None))
_BOOL_OR_NULL = (bool, type(None))
_DICT_OR_NULL = (dict, type(None))

_RECORD_TYPES = {
    "alias": _TEXT_OR_NULL,
    "frequency": _TEXT_OR_NULL,
    "system": (str, dict, type(None)),
    "command": _TEXT_OR_NULL,
    "project": _INT_OR_NULL,
    "connector": _INT_OR_NULL,
    "params": _DICT_OR_NULL,
    "inaccessible": _BOOL_OR_NULL,
    "in_progress": _BOOL_OR_NULL,
    "debug_mode": _BOOL_OR_NULL,
    "last_job": _DICT_OR_NULL,
}
_SYSTEM_TYPES = {"name": _TEXT_OR_NULL, "id": _TEXT_OR_NULL, "short_name": _TEXT_OR_NULL}
_JOB_TYPES = {
    "id": _INT_OR_NULL,
    "last_run": _TEXT_OR_NULL,
    "succeeded": _BOOL_OR_NULL,
    "ready": _BOOL_OR_NULL,
    "automatic": _BOOL_OR_NULL,
    "result_message": _TEXT_OR_NULL,
    "user": (int, str, type(None)),
}


def _checked(record: Record, endpoint: str) -> Record:
    """The record, if what the facts are made of has the types that the facts promise."""
    # Each of them may be null or left out, but a record without all of them is of another list.
    if record.keys().isdisjoint(("alias", "frequency", "system")):
        raise _shape_error(endpoint, f"record {record['id']} has neither 'alias' nor 'frequency' nor 'system'")
    _check_types(record, _RECORD_TYPES, record, endpoint)
    if isinstance(record.get("system"), dict):
        _check_types(record["system"], _SYSTEM_TYPES, record, endpoint)
    if record.get("last_job"):
        _check_types(record["last_job"], _JOB_TYPES, record, endpoint)
        _check_instant(record["last_job"].get("last_run"), record, endpoint)
    return record


def _check_instant(instant: str | None, record: Record, endpoint: str) -> None:
    try:
        _in_utc(instant)
    except (ValueError, OverflowError):
        raise _shape_error(endpoint, f"'last_run' of connection {record['id']} is no time with a zone") from None


def _check_types(value: dict[str, Any], types: dict[str, tuple[type, ...]], record: Record, endpoint: str) -> None:
    for name, allowed in types.items():
        # Some languages write an object without keys as a list.
        is_empty_object = allowed is _DICT_OR_NULL and value.get(name) in ([], "")
        if type(value.get(name)) not in allowed and not is_empty_object:
            raise _shape_error(
                endpoint, f"'{name}' of connection {record['id']} is of type {type(value[name]).__name__}"
            )


def _shape_error(url: str, what: str) -> SDElementsError:
    return SDElementsError(
        "unexpected_shape",
        f"The answer to GET {url} is not what SD Elements sends: {what}.",
        "If the server is a newer release, look for a newer release of this collection.",
        status=200,
        method="GET",
        url=url,
    )


# ---------------------------------------------------------------------------------------------------------------
# Canonical facts


def _facts(
    kind: Kind, record: Record, params: dict[str, Any], check_deadline: Callable[[], None]
) -> tuple[dict[str, Any], list[Secret]]:
    """The facts of one record, and the secrets that were in it."""
    connection = _canonical(kind, record, params["canonical_names"])
    # Job messages are free text. They may repeat what the parameters hold, so they are cleaned knowing it.
    clean, secrets = redact(connection, check_deadline)
    # Of all parameters, masked: complete whatever the task keeps, and without secrets even with include_secrets.
    derived = {
        **masked_server_facts(kind.name, connection["params"], clean["params"]),
        "secrets_set": _paths_in_params(secrets),
    }
    facts = {**(connection if params["include_secrets"] else clean), **derived}
    if not params["include_secrets"]:
        _scrub_message(facts["last_job"], secrets, check_deadline)
    facts["params"] = _kept(facts["params"], params)
    return facts, secrets


def _kept(sent: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """The parameters that the task wants back; what it does not want costs nothing from here on."""
    if not params["include_params"]:
        return {}
    patterns = params["keep_params"]
    if patterns is None:
        return sent
    return {name: value for name, value in sent.items() if any(fnmatchcase(name, pattern) for pattern in patterns)}


def _canonical(kind: Kind, record: Record, canonical_names: bool) -> dict[str, Any]:
    system = _system(record)
    sent_params = record.get("params") or {}
    own = {
        "id": record["id"],
        "kind": kind.name,
        "alias": record.get("alias"),
        "project": record.get("project"),
        "connector": record.get("connector"),
        "system": system.get("name"),
        "system_id": _system_id(record),
        "system_short_name": system.get("short_name"),
        "frequency": record.get("frequency"),
        "command": record.get("command"),
        # Made of the parameters below.
        "server": None,
        "validate_certs": None,
        "params": _renamed(kind, sent_params) if canonical_names else sent_params,
        "params_visible": bool(sent_params),
        "secrets_set": [],
        "inaccessible": record.get("inaccessible"),
        "in_progress": record.get("in_progress"),
        "debug_mode": record.get("debug_mode"),
        "last_job": _last_job(record.get("last_job")),
    }
    added = {**record, **{f"system_{name}": value for name, value in system.items() if name not in _SYSTEM_TYPES}}
    return {**own, **{name: value for name, value in added.items() if name not in own}}


def _system(record: Record) -> dict[str, Any]:
    """The system as the object that newer releases send."""
    system = record.get("system")
    return system if isinstance(system, dict) else {"name": system}


def _system_id(record: Record) -> str | None:
    """The system's id; old releases say it only in the command (``sync_rally``)."""
    said = _system(record).get("id")
    return said or re.sub(r"\A(?:sync|import)_", "", record.get("command") or "") or None


def _renamed(kind: Kind, sent: dict[str, Any]) -> dict[str, Any]:
    """Parameters by the names of the older documentation, so that a playbook survives the server's upgrade."""
    if not kind.new_word:
        return sent
    new, old = f"{kind.new_word}_", f"{kind.old_word}_"
    renamed = {}
    for name, value in sent.items():
        old_name = old + name[len(new) :] if name.startswith(new) else name
        # Should a server send both names, each keeps its own value.
        renamed[name if old_name in sent else old_name] = value
    if renamed.get("conflict_policy") == kind.new_word:
        renamed["conflict_policy"] = kind.old_word
    return renamed


_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|([+-]\d\d):?(\d\d))")


def _last_job(sent: dict[str, Any] | None) -> dict[str, Any] | None:
    if not sent:
        return None
    job = {name: sent.get(name) for name in _JOB_TYPES}
    job["last_run"] = _in_utc(job["last_run"])
    # A number on some releases, an e-mail address on others: always text here.
    job["user"] = None if job["user"] is None else str(job["user"])
    return {**{name: value for name, value in sent.items() if name not in job}, **job}


def _in_utc(instant: str | None) -> str | None:
    """One way to write a time (ISO 8601): UTC, whole seconds, as in ``2026-11-24T06:00:00Z``."""
    if not instant:
        return None
    match = _INSTANT.fullmatch(instant)
    if not match:
        raise ValueError("no time with a zone")
    wall_clock, hours, minutes = match.groups()
    moment = datetime.fromisoformat(f"{wall_clock}{hours or '+00'}:{minutes or '00'}")
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _paths_in_params(secrets: list[Secret]) -> list[str]:
    prefix = "params."
    return sorted({secret.path[len(prefix) :] for secret in secrets if secret.path.startswith(prefix)})


def _scrub_message(job: dict[str, Any] | None, secrets: list[Secret], check_deadline: Callable[[], None]) -> None:
    if job and job["result_message"]:
        known = {secret.value for secret in secrets if secret.value}
        job["result_message"] = scrub_text(job["result_message"], known, check_deadline)


def _job_warnings(params: dict[str, Any], found: list[_Connection]) -> list[str]:
    if params["include_last_job"] and found and not any(one.has_job for one in found):
        return ["No connection has a last_job: either none has ever run, or the server is older than SD Elements 4.4."]
    return []


def _long_text_warnings(params: dict[str, Any], found: list[_Connection]) -> list[str]:
    places = [place for one in found for place in one.unread]
    if not places or params["include_secrets"]:
        return []
    where = f"{places[0]} and {len(places) - 1} more" if places[1:] else places[0]
    return [f"Texts of more than {MAX_TEXT >> 10} KiB are masked whole, without a search for credentials: {where}."]


def _keep_params_warnings(params: dict[str, Any], connections: list[dict[str, Any]]) -> list[str]:
    """A name that no parameter has is most likely misspelled, unless there are no parameters at all."""
    patterns = params["keep_params"] if params["include_params"] else None
    if not patterns or not any(one["params_visible"] for one in connections):
        return []
    # Each parameter that was kept matched a pattern, so the others matched nothing.
    names = {name for one in connections for name in one["params"]}
    return [
        f"keep_params: no connection has a parameter {pattern!r}."
        for pattern in patterns
        if not any(fnmatchcase(name, pattern) for name in names)
    ]
