# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the canonical facts of a connection. Pure functions.

Servers of different releases describe one connection differently. The facts made here have the same keys and
types on all of them.
"""

from __future__ import annotations

import re
from typing import Any, Callable, NamedTuple

from ._pages import Record
from ._redact import Secret, redact, scrub_text
from ._resource import (
    BOOL,
    INT,
    OBJECT,
    TEXT,
    Facts,
    RecordError,
    check_time,
    check_types,
    in_utc,
    with_new_fields,
)


class ConnectionKind(NamedTuple):
    """A kind of connection, by its name in the facts."""

    name: str
    new_name: str | None = None  # in the parameters of newer releases


# ---------------------------------------------------------------------------------------------------------------
# Checking

_RECORD_TYPES = {
    "alias": TEXT,
    "frequency": TEXT,
    "system": (str, dict, type(None)),
    "command": TEXT,
    "project": INT,
    "connector": INT,
    "params": OBJECT,
    "inaccessible": BOOL,
    "in_progress": BOOL,
    "debug_mode": BOOL,
    "last_job": OBJECT,
}
_SYSTEM_TYPES = {"name": TEXT, "id": TEXT, "short_name": TEXT}
JOB_TYPES = {
    "id": INT,
    "last_run": TEXT,
    "succeeded": BOOL,
    "ready": BOOL,
    "automatic": BOOL,
    "result_message": TEXT,
    "user": (int, str, type(None)),
}


def check_connection(record: Record) -> None:
    """Raise a RecordError if the facts cannot have the types that they promise."""
    # Each of them may be null or left out, but a record without all of them is of another list.
    if record.keys().isdisjoint(("alias", "frequency", "system")):
        raise RecordError(f"record {record['id']} has neither 'alias' nor 'frequency' nor 'system'")
    owner = f"connection {record['id']}"
    check_types(record, _RECORD_TYPES, owner)
    if isinstance(record.get("system"), dict):
        check_types(record["system"], _SYSTEM_TYPES, owner)
    if record.get("last_job"):
        check_types(record["last_job"], JOB_TYPES, owner)
        check_time(record["last_job"], "last_run", owner)


# ---------------------------------------------------------------------------------------------------------------
# Facts


def facts_of_connection(kind: ConnectionKind, record: Record, canonical_names: bool) -> Facts:
    """Return the facts of a record, with its secrets, and without the facts that are derived from masked parameters."""
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
        # Derived from the parameters, once these are masked.
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
    return with_new_fields(own, added)


def mask_connection(facts: Facts, check_deadline: Callable[[], None] = lambda: None) -> tuple[Facts, list[Secret]]:
    """Return the facts without secrets, and the secrets."""
    masked, secrets = redact(facts, check_deadline)
    job = masked.get("last_job")
    if isinstance(job, dict) and isinstance(job.get("result_message"), str):
        # Free text, which may repeat a secret of the parameters.
        known = {secret.value for secret in secrets if secret.value}
        masked["last_job"] = {**job, "result_message": scrub_text(job["result_message"], known, check_deadline)}
    return masked, secrets


def system_names(record: Record) -> list[str | None]:
    """Return the names by which users know a record's system."""
    system = _system(record)
    return [_system_id(record), system.get("name"), system.get("short_name")]


def _system(record: Record) -> dict[str, Any]:
    """Return the system as the object that newer releases send."""
    system = record.get("system")
    return system if isinstance(system, dict) else {"name": system}


def _system_id(record: Record) -> str | None:
    """Return the system's id; old releases have it only in the command (``sync_rally``)."""
    return _system(record).get("id") or re.sub(r"\A(?:sync|import)_", "", record.get("command") or "") or None


def _renamed(kind: ConnectionKind, sent: dict[str, Any]) -> dict[str, Any]:
    """Return parameters by the names of the older documentation, so that a playbook survives the server's upgrade."""
    if not kind.new_name:
        return sent
    new, old = f"{kind.new_name}_", f"{kind.name}_"
    renamed = {}
    for name, value in sent.items():
        old_name = old + name[len(new) :] if name.startswith(new) else name
        # Should a server send both names, each keeps its own value.
        renamed[name if old_name in sent else old_name] = value
    if renamed.get("conflict_policy") == kind.new_name:
        renamed["conflict_policy"] = kind.name
    return renamed


def _last_job(sent: dict[str, Any] | None) -> dict[str, Any] | None:
    if not sent:
        return None
    job = {name: sent.get(name) for name in JOB_TYPES}
    job["last_run"] = in_utc(job["last_run"])
    # A number on some releases, an e-mail address on others: always text here.
    job["user"] = None if job["user"] is None else str(job["user"])
    return with_new_fields(job, sent)
