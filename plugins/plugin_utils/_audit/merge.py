# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: one document of the documents of many servers.

Nothing is judged again but the sum: a finding stays what the audit of its server said.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError
from ansible_collections.securitycompass.sdelements.plugins.module_utils._redact import scrub_text
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit import connections as _audit_connections
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit import report as _audit_document
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.policy import SEVERITIES

_FAIL_ON = (*SEVERITIES, _audit_document.NEVER)
# The one that people have to see comes first: a waiver may expire between two audits.
_WAIVER_STATES = ("expired", "active", "unused")
# Enough for servers that are audited at one hour of their own time zones, and less than from one day to the next.
_LONGEST_RUN = timedelta(hours=20)


class Part(NamedTuple):
    """A document, and the file that it was read from."""

    name: str
    document: dict[str, Any]


class Wishes(NamedTuple):
    """What the task says about the verdict; None where the documents decide."""

    fail_on: str | None
    inconclusive: str | None
    known_findings: str | None


def checked(content: Any, name: str) -> Part:
    """A document that can be merged, or an OptionError that says why it cannot."""
    document = _audit_document.checked(content, "documents", name)
    problem = _problem_of(document)
    if problem:
        raise OptionError(f"documents: {name} is not whole: {problem}.", "Make that report again.")
    try:
        return Part(name, {**document, "connections": _connections(document["connections"])})
    except OptionError as exc:
        raise OptionError(f"documents: {name}: {exc}") from None


def _connections(connections: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same connections with checked facts; a document of several servers may have an id more than once."""
    of_servers: dict[str | None, list[dict[str, Any]]] = {}
    for one in connections:
        of_servers.setdefault(one["server"], []).append(one["facts"])
    facts = {
        (server, fact["kind"], fact["id"]): fact
        for server, found in of_servers.items()
        for fact in _audit_connections.checked(found)
    }
    return [{**one, "facts": facts[one["server"], one["facts"]["kind"], one["facts"]["id"]]} for one in connections]


def _problem_of(document: dict[str, Any]) -> str | None:
    """What no schema finds: a part that speaks of another which is not there, and a time that is none."""
    for time in _times_of(document):
        try:
            _parsed(time)
        except ValueError:
            return f"audited_at: there is no time {time}"
    rules = {rule["id"] for rule in document["rules"]}
    connections = {one["key"] for one in document["connections"]}
    for number, finding in enumerate(document["findings"]):
        if finding["rule"] not in rules:
            return f"findings[{number}]: there is no rule {finding['rule']}"
        if not connections.issuperset(finding["connections"]):
            return f"findings[{number}]: a connection of it is not there"
        if finding["waiver"] is not None and finding["waiver"] >= len(document["waivers"]):
            return f"findings[{number}]: there is no waiver {finding['waiver']}"
        if finding["message"] is None and finding["verdict"] not in ("pass", "not_applicable"):
            return f"findings[{number}]: it has no message"
    return None


def _times_of(document: dict[str, Any]) -> tuple[str, str]:
    """When its oldest and its newest part were audited."""
    return document["audited_at"], document.get("audited_until", document["audited_at"])


def _parsed(time: str) -> datetime:
    return datetime.strptime(time, "%Y-%m-%dT%H:%M:%SZ")


def merged(parts: list[Part], servers: list[str], wishes: Wishes) -> dict[str, Any]:
    """The document of all. ``servers``: of which there has to be a document."""
    documents = [part.document for part in parts]
    _require_apart(parts)
    audited_at, audited_until = _times_of_one_run(parts)
    rules = _rules(parts)
    order = {rule["id"]: number for number, rule in enumerate(rules)}
    waivers, indexes = _waivers(documents)
    audited = _unique(server for document in documents for server in document["servers"])
    # Among many servers a subject is told apart by the name of its server. Of a merged document it has that already.
    prefixes = [f"{one['servers'][0]}: " if len(one["servers"]) == 1 < len(audited) else "" for one in documents]
    findings = [
        _finding(finding, index, prefix)
        for document, index, prefix in zip(documents, indexes, prefixes)
        for finding in document["findings"]
    ]
    findings.sort(key=lambda finding: order[finding["rule"]])
    asked = [*servers, *(server for document in documents for server in document.get("missing_servers") or [])]
    missing = [server for server in _unique(asked) if server not in audited]
    connections = [one for document in documents for one in document["connections"]]
    settings = _settings(documents, wishes, audited_at)
    return {
        "format": _audit_document.FORMAT,
        "version": _audit_document.VERSION,
        # Nothing in it is older.
        "audited_at": audited_at,
        "audited_until": audited_until,
        "servers": audited,
        "missing_servers": missing,
        "policies": _unique(policy for document in documents for policy in document["policies"]),
        "summary": _summary(
            len(rules), connections, findings, settings, missing, _audit_document.unaudited(connections, audited)
        ),
        "rules": rules,
        "connections": connections,
        "findings": findings,
        "waivers": waivers,
        "baseline": _baseline(documents, prefixes),
    }


def _require_apart(parts: list[Part]) -> None:
    """Each server, and with it each connection, in one document only."""
    places: dict[str, str] = {}
    for part in parts:
        own = part.document["servers"] or _unique(one["key"] for one in part.document["connections"])
        for name in own:
            if name in places:
                advice = "Give one report of each server, and audit with the option server, so that connections can be told apart."
                raise OptionError(f"documents: {places[name]} and {part.name} are both about {name}.", advice)
            places[name] = part.name


def _times_of_one_run(parts: list[Part]) -> tuple[str, str]:
    """The first and the last time. No old report speaks for a server that could not be audited this time."""
    first, first_name = min((_times_of(part.document)[0], part.name) for part in parts)
    last, last_name = max((_times_of(part.document)[1], part.name) for part in parts)
    if _parsed(last) - _parsed(first) > _LONGEST_RUN:
        times = f"{first_name} is of {first}, and {last_name} of {last}"
        raise OptionError(f"documents: {times}, which is no single run.", "Audit again what is old, or leave it out.")
    return first, last


def _rules(parts: list[Part]) -> list[dict[str, Any]]:
    found: dict[str, tuple[dict[str, Any], str]] = {}
    for part in parts:
        for rule in part.document["rules"]:
            other, name = found.setdefault(rule["id"], (rule, part.name))
            if other != rule:
                advice = "Audit all servers with the same policy, or give the rules different ids."
                raise OptionError(f"documents: rule {rule['id']} is not the same in {name} and {part.name}.", advice)
    return [rule for rule, _name in found.values()]


def _waivers(documents: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[list[int]]]:
    """The waivers of all, each once, and where those of each document are among them."""
    found: dict[str, dict[str, Any]] = {}
    places: dict[str, int] = {}
    indexes = []
    for document in documents:
        index = []
        for waiver in document["waivers"]:
            name = json.dumps(
                {key: value for key, value in waiver.items() if key not in ("state", "findings")}, sort_keys=True
            )
            both = found.setdefault(name, {**waiver, "state": "unused", "findings": 0})
            both["findings"] += waiver["findings"]
            both["state"] = min(both["state"], waiver["state"], key=_WAIVER_STATES.index)
            index.append(places.setdefault(name, len(places)))
        indexes.append(index)
    return list(found.values()), indexes


def _finding(finding: dict[str, Any], index: list[int], prefix: str) -> dict[str, Any]:
    return {
        **finding,
        "subject": prefix + scrub_text(finding["subject"]),
        # What passes has no message.
        "message": None if finding["message"] is None else scrub_text(finding["message"]),
        "waiver": None if finding["waiver"] is None else index[int(finding["waiver"])],
    }


def _settings(documents: list[dict[str, Any]], wishes: Wishes, audited_at: str) -> _audit_document.Settings:
    """What is not asked for is as strict as the strictest document."""
    summaries = [document["summary"] for document in documents]
    return _audit_document.Settings(
        server=None,
        audited_at=audited_at,
        fail_on=wishes.fail_on or min((one["fail_on"] for one in summaries), key=_FAIL_ON.index),
        inconclusive=wishes.inconclusive or _strictest([one["inconclusive"] for one in summaries], "warn"),
        known_findings=wishes.known_findings or _strictest([one["known_findings"] for one in summaries], "accept"),
    )


def _strictest(values: list[Any], lenient: str) -> str:
    return lenient if all(value == lenient for value in values) else "fail"


def _summary(
    rules: int,
    connections: list[Any],
    findings: list[Any],
    settings: _audit_document.Settings,
    missing: list[str],
    lack: str,
) -> dict[str, Any]:
    summary = _audit_document.summary_of(rules, connections, findings, settings, lack)
    if not missing:
        return summary
    # A server that was not audited is like a rule that could not be evaluated: the audit is not whole.
    verdict = summary["verdict"] if settings.fail_on == _audit_document.NEVER else "fail"
    said = summary["message"].replace(f"audit {summary['verdict']}ed", f"audit {verdict}ed", 1)
    few = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
    servers = "1 server" if len(missing) == 1 else f"{len(missing)} servers"
    return {**summary, "verdict": verdict, "message": f"{said} There is no report of {servers}: {few}."}


def _baseline(documents: list[dict[str, Any]], prefixes: list[str]) -> dict[str, Any] | None:
    compared = [(one["baseline"], prefix) for one, prefix in zip(documents, prefixes) if one["baseline"]]
    if not compared:
        return None
    return {
        "audited_at": min(one["audited_at"] for one, _prefix in compared),
        "new": sum(one["new"] for one, _prefix in compared),
        "known": sum(one["known"] for one, _prefix in compared),
        "fixed": [
            {**fixed, "subject": prefix + scrub_text(fixed["subject"])}
            for one, prefix in compared
            for fixed in one["fixed"]
        ],
    }


def _unique(values: Any) -> list[Any]:
    return list(dict.fromkeys(values))
