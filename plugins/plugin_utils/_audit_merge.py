# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: one document of the documents of many servers.

Nothing is judged again but the sum: a finding stays what the audit of its server said.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError
from ansible_collections.securitycompass.sdelements.plugins.module_utils._redact import scrub_text
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils import _audit_connections, _audit_document
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit_policy import SEVERITIES

_ADVICE = "Give JSON reports of sde_connection_audit."
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_FAIL_ON = (*SEVERITIES, _audit_document.NEVER)

# What each list of a document must hold, so that it can be merged and rendered.
_KEYS = {
    "rules": ("id", "title", "description", "severity", "when", "that", "needs", "loop", "remediation", "references"),
    "connections": ("key", "server", "facts"),
    "findings": (
        *("rule", "severity", "verdict", "connections", "subject", "label", "message", "fingerprint", "waiver", "baseline"),
    ),
    "waivers": ("rules", "connections", "items", "reason", "owner", "expires", "file", "state", "findings"),
}
_WAIVER_STATES = ("active", "expired", "unused")


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
    if not isinstance(content, dict) or content.get("format") != _audit_document.FORMAT:
        raise OptionError(f"documents: {name} is no report of an audit.", _ADVICE)
    known = _audit_document.VERSION.partition(".")[0]
    if str(content.get("version")).partition(".")[0] != known:
        raise OptionError(
            f"documents: {name} is of version {content.get('version')}, and only {known}.x can be merged.",
            "Merge it with the release of this collection that wrote it.",
        )
    problem = _problem_of(content)
    if problem:
        raise OptionError(f"documents: {name} is not whole: {problem}.", "Audit that server again.")
    return Part(name, {**content, "connections": _connections(content["connections"])})


def _connections(connections: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same connections with checked facts; a document of several servers may have an id more than once."""
    of_servers: dict[str | None, list[dict[str, Any]]] = {}
    for one in connections:
        of_servers.setdefault(one["server"], []).append(one["facts"])
    facts = {
        (server, fact["kind"], fact["id"]): fact for server, found in of_servers.items() for fact in _audit_connections.checked(found)
    }
    return [{**one, "facts": facts[one["server"], one["facts"]["kind"], one["facts"]["id"]]} for one in connections]


def _problem_of(content: dict[str, Any]) -> str | None:
    for name, keys in _KEYS.items():
        values = content.get(name)
        if not isinstance(values, list) or not all(isinstance(one, dict) and all(key in one for key in keys) for one in values):
            return f"{name} is no list of what it should hold"
    if not _TIME.fullmatch(str(content.get("audited_at"))) or not _are_texts(content.get("servers")) or not _are_texts(content.get("policies")):
        return "audited_at, servers or policies is missing"
    summary = content.get("summary")
    if not isinstance(summary, dict) or summary.get("fail_on") not in _FAIL_ON:
        return "its summary is missing"
    if not all(isinstance(one["facts"], dict) and isinstance(one["key"], str) for one in content["connections"]):
        return "its connections have no facts"
    if any(one["severity"] not in SEVERITIES or one["verdict"] not in _audit_document.VERDICTS for one in content["findings"]):
        return "a finding has no verdict"
    if any(one["waiver"] is not None and one["waiver"] not in range(len(content["waivers"])) for one in content["findings"]):
        return "a finding has a waiver that is not there"
    rules = [rule["id"] for rule in content["rules"]]
    if not _are_texts([*rules, *(one["rule"] for one in content["findings"])]):
        return "a rule has no id"
    if not {one["rule"] for one in content["findings"]}.issubset(rules):
        return "a finding has a rule that is not there"
    if any(not isinstance(one["message"], str) for one in content["findings"] if one["verdict"] not in ("pass", "not_applicable")):
        return "a finding says nothing"
    if any(one["state"] not in _WAIVER_STATES for one in content["waivers"]):
        return "a waiver has no state"
    return None


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(one, str) for one in values)


def merged(parts: list[Part], servers: list[str], wishes: Wishes) -> dict[str, Any]:
    """The document of all. ``servers``: of which there has to be a document."""
    documents = [part.document for part in parts]
    _require_apart(parts)
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
    audited_at = max(document["audited_at"] for document in documents)
    settings = _settings(documents, wishes, audited_at)
    return {
        "format": _audit_document.FORMAT,
        "version": _audit_document.VERSION,
        "audited_at": audited_at,
        "servers": audited,
        "missing_servers": missing,
        "policies": _unique(policy for document in documents for policy in document["policies"]),
        "summary": _summary(len(rules), connections, findings, settings, missing, _audit_document.unaudited(connections, audited)),
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


def _rules(parts: list[Part]) -> list[dict[str, Any]]:
    found: dict[str, tuple[dict[str, Any], str]] = {}
    for part in parts:
        for rule in part.document["rules"]:
            other, name = found.setdefault(rule["id"], (rule, part.name))
            if any(other[key] != rule[key] for key in _KEYS["rules"]):
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
            name = json.dumps([waiver[key] for key in _KEYS["waivers"] if key not in ("state", "findings")], sort_keys=True)
            both = found.setdefault(name, {**waiver, "state": "unused", "findings": 0})
            both["findings"] += waiver["findings"]
            both["state"] = min(both["state"], waiver["state"], key=_WAIVER_STATES.index)
            index.append(places.setdefault(name, len(places)))
        indexes.append(index)
    return list(found.values()), indexes


def _finding(finding: dict[str, Any], index: list[int], prefix: str) -> dict[str, Any]:
    return {
        **finding,
        "subject": prefix + scrub_text(str(finding["subject"])),
        # What passes has no message.
        "message": scrub_text(finding["message"]) if isinstance(finding["message"], str) else None,
        "waiver": None if finding["waiver"] is None else index[finding["waiver"]],
    }


def _settings(documents: list[dict[str, Any]], wishes: Wishes, audited_at: str) -> _audit_document.Settings:
    """What is not asked for is as strict as the strictest document."""
    summaries = [document["summary"] for document in documents]
    return _audit_document.Settings(
        server=None,
        audited_at=audited_at,
        fail_on=wishes.fail_on or min((one["fail_on"] for one in summaries), key=_FAIL_ON.index),
        inconclusive=wishes.inconclusive or _strictest([one.get("inconclusive") for one in summaries], "warn"),
        known_findings=wishes.known_findings or _strictest([one.get("known_findings") for one in summaries], "accept"),
    )


def _strictest(values: list[Any], lenient: str) -> str:
    return lenient if all(value == lenient for value in values) else "fail"


def _summary(
    rules: int, connections: list[Any], findings: list[Any], settings: _audit_document.Settings, missing: list[str], lack: str
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
    compared = [(one["baseline"], prefix) for one, prefix in zip(documents, prefixes) if one.get("baseline")]
    if not compared:
        return None
    return {
        "audited_at": min(one["audited_at"] for one, _prefix in compared),
        "new": sum(one["new"] for one, _prefix in compared),
        "known": sum(one["known"] for one, _prefix in compared),
        "fixed": [{**fixed, "subject": prefix + fixed["subject"]} for one, prefix in compared for fixed in one["fixed"]],
    }


def _unique(values: Any) -> list[Any]:
    return list(dict.fromkeys(values))
