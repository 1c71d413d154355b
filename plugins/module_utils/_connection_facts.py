# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the canonical facts of a connection. Pure functions.

Servers of different releases describe one connection differently. The facts made here have the same keys and
types on all of them.
"""

from __future__ import annotations

from typing import Any, Callable

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
from ._tool_params import ConnectionKind, check_tool, new_system_fields, params_facts, system_facts

# ---------------------------------------------------------------------------------------------------------------
# Checking

_RECORD_TYPES = {
    "alias": TEXT,
    "frequency": TEXT,
    "command": TEXT,
    "project": INT,
    "connector": INT,
    "in_progress": BOOL,
    "debug_mode": BOOL,
    "last_job": OBJECT,
}
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
    check_tool(record, owner)
    if record.get("last_job"):
        check_types(record["last_job"], JOB_TYPES, owner)
        check_time(record["last_job"], "last_run", owner)


# ---------------------------------------------------------------------------------------------------------------
# Facts


def facts_of_connection(kind: ConnectionKind, record: Record, canonical_names: bool) -> Facts:
    """Return the facts of a record, with its secrets, and without the facts that are derived from masked parameters."""
    own = {
        "id": record["id"],
        "kind": kind.name,
        "alias": record.get("alias"),
        "project": record.get("project"),
        "connector": record.get("connector"),
        **system_facts(record),
        "frequency": record.get("frequency"),
        "command": record.get("command"),
        **params_facts(kind, record, canonical_names),
        "inaccessible": record.get("inaccessible"),
        "in_progress": record.get("in_progress"),
        "debug_mode": record.get("debug_mode"),
        "last_job": _last_job(record.get("last_job")),
    }
    return with_new_fields(own, {**record, **new_system_fields(record)})


def mask_connection(facts: Facts, check_deadline: Callable[[], None] = lambda: None) -> tuple[Facts, list[Secret]]:
    """Return the facts without secrets, and the secrets."""
    masked, secrets = redact(facts, check_deadline)
    job = masked.get("last_job")
    if isinstance(job, dict) and isinstance(job.get("result_message"), str):
        # Free text, which may repeat a secret of the parameters.
        known = {secret.value for secret in secrets if secret.value}
        masked["last_job"] = {**job, "result_message": scrub_text(job["result_message"], known, check_deadline)}
    return masked, secrets


def _last_job(sent: dict[str, Any] | None) -> dict[str, Any] | None:
    if not sent:
        return None
    job = {name: sent.get(name) for name in JOB_TYPES}
    job["last_run"] = in_utc(job["last_run"])
    # A number on some releases, an e-mail address on others: always text here.
    job["user"] = None if job["user"] is None else str(job["user"])
    return with_new_fields(job, sent)
