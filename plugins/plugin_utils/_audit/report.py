# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: from verdicts to the document that all reports are made of.

Waivers, the comparison with a baseline and the threshold are applied here; nothing here knows of templates.
"""

from __future__ import annotations

import hashlib
import heapq
import json
from collections import Counter
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit import schema as _audit_schema
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.policy import SEVERITIES, Policy, Waiver
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.rules import Name, Verdict, name_of
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.text import visible

FORMAT = "securitycompass.sdelements/connection-audit"
VERSION = "1.0"
VERDICTS = ("pass", "fail", "waived", "not_applicable", "inconclusive", "error")
NEVER = "never"
ADVICE = "Give a JSON report of sde_connection_audit."
# What a baseline is for: a finding that somebody has to look at.
_COMPARED = ("fail", "inconclusive", "error")
_LONGEST_ALIAS = 200


class Settings(NamedTuple):
    """What the task says about the verdict."""

    server: str | None
    audited_at: str
    fail_on: str
    inconclusive: str
    known_findings: str


def make(
    policy: Policy,
    connections: list[dict[str, Any]],
    verdicts: Iterable[Verdict],
    settings: Settings,
    baseline: dict[str, Any] | None,
) -> dict[str, Any]:
    """The document, which the reports render and the task returns a part of."""
    waivers = _Waivers(policy.waivers, {name_of(one): one for one in connections}, settings.audited_at[:10])
    subjects = {name_of(one): _subject(one) for one in connections}
    findings = [_finding(verdict, subjects, waivers, settings.server) for verdict in verdicts]
    compared = _compare(findings, baseline) if baseline is not None else None
    return {
        "format": FORMAT,
        "version": VERSION,
        "audited_at": settings.audited_at,
        "servers": [settings.server] if settings.server else [],
        "policies": policy.names,
        "summary": summary_of(len(policy.rules), connections, findings, settings, unaudited(connections)),
        "rules": [_rule(rule) for rule in policy.rules],
        "connections": [
            {"key": key(settings.server, name_of(one)), "server": settings.server, "facts": one} for one in connections
        ],
        "findings": findings,
        "waivers": waivers.as_dicts(),
        "baseline": compared,
    }


def _subject(connection: dict[str, Any]) -> str:
    name, alias = f"{connection['kind']} {connection['id']}", connection["alias"]
    if alias is None:
        return name
    # It stands in every finding, and a server may send an alias of any length.
    shown = alias if len(alias) <= _LONGEST_ALIAS else f"{alias[:_LONGEST_ALIAS]}…"
    return f"{name} {json.dumps(shown, ensure_ascii=False)}"


def key(server: str | None, name: Name) -> str:
    """The name of a connection among those of many servers."""
    return "/".join([*([server] if server else []), name[0], str(name[1])])


def fingerprint(rule: str, server: str | None, subject: Name | str | None) -> str:
    """What stays the same if connections are put into another order or get other aliases."""
    # A list, written as JSON, since a rule's label may hold whatever would part its elements.
    text = json.dumps([rule, server or "", subject])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _finding(verdict: Verdict, subjects: dict[Name, str], waivers: _Waivers, server: str | None) -> dict[str, Any]:
    of_loop = verdict.rule.loop is not None
    waiver = waivers.match(verdict)
    subject = (verdict.label or verdict.rule.title) if of_loop else subjects[verdict.names[0]]
    return {
        "rule": verdict.rule.id,
        "severity": verdict.rule.severity,
        "verdict": verdict.verdict if waiver is None else "waived",
        "connections": [key(server, name) for name in verdict.names],
        "subject": subject,
        "label": verdict.label,
        "message": verdict.message,
        "fingerprint": fingerprint(verdict.rule.id, server, verdict.label if of_loop else verdict.names[0]),
        "waiver": waiver,
        "baseline": None,
    }


def _rule(rule: Any) -> dict[str, Any]:
    return {
        "id": rule.id,
        "title": rule.title,
        "description": rule.description,
        "severity": rule.severity,
        "when": rule.when,
        "that": rule.that,
        "needs": rule.needs,
        "loop": rule.loop,
        "remediation": rule.remediation,
        "references": rule.references,
    }


class _Waivers:
    """The policy's waivers, and how often each was needed."""

    def __init__(self, waivers: list[Waiver], connections: dict[Name, dict[str, Any]], today: str) -> None:
        self._waivers = waivers
        self._connections = connections
        self._today = today
        self._used = [0] * len(waivers)
        self._needed = [False] * len(waivers)
        self._by_rule: dict[str, list[int]] = {}
        for index, waiver in enumerate(waivers):
            for rule in waiver.rules:
                self._by_rule.setdefault(rule, []).append(index)

    def match(self, verdict: Verdict) -> int | None:
        """Which waiver excuses this. It counts for those that have expired as well, to say what they no longer excuse.

        What cannot be decided is not excused. It may fail once it can be, so the waiver that matches is not unused.
        """
        if verdict.verdict not in ("fail", "inconclusive"):
            return None
        found = None
        for index in self._by_rule.get(verdict.rule.id, []):
            in_force = not self._has_expired(index)
            if (found is None or not in_force) and self._covers(self._waivers[index], verdict):
                self._needed[index] = True
                self._used[index] += verdict.verdict == "fail"
                found = index if in_force else found
        return found if verdict.verdict == "fail" else None

    def _has_expired(self, index: int) -> bool:
        return self._waivers[index].expires < self._today

    def _covers(self, waiver: Waiver, verdict: Verdict) -> bool:
        if waiver.labels is not None:
            label = verdict.label
            if label is None or not any(_matches(label, pattern) for pattern in waiver.labels):
                return False
        if waiver.connections is None:
            return True
        return bool(verdict.names) and all(_fits(waiver.connections, self._connections[name]) for name in verdict.names)

    def as_dicts(self) -> list[dict[str, Any]]:
        """The waivers with their state."""
        return [
            {
                "rules": waiver.rules,
                "connections": waiver.connections,
                "labels": waiver.labels,
                "reason": waiver.reason,
                "owner": waiver.owner,
                "expires": waiver.expires,
                "file": waiver.file,
                "state": "expired" if self._has_expired(index) else "active" if self._needed[index] else "unused",
                "findings": self._used[index],
            }
            for index, waiver in enumerate(self._waivers)
        ]


def _matches(text: str, pattern: str) -> bool:
    """Whether a text fits a pattern, in which only * and ? have a meaning: people write names in brackets."""
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def _fits(wanted: dict[str, list[Any]], connection: dict[str, Any]) -> bool:
    """Whether a connection has all that a waiver names."""
    for name, values in wanted.items():
        if name == "alias":
            alias = connection["alias"]
            found = alias is not None and any(_matches(alias, pattern) for pattern in values)
        elif name == "system":
            systems = {str(connection.get(key) or "").lower() for key in ("system", "system_id")}
            found = any(value.lower() in systems for value in values)
        else:
            found = connection.get(name) in values
        if not found:
            return False
    return True


def _compare(findings: list[dict[str, Any]], baseline: dict[str, Any]) -> dict[str, Any]:
    """Tell new findings from known ones, and find those that are fixed."""
    before = {one["fingerprint"]: one for one in baseline["findings"]}
    unsolved = {one["fingerprint"] for one in findings if one["verdict"] in _COMPARED}
    counts = Counter()
    for finding in findings:
        if finding["verdict"] in _COMPARED:
            was = before.get(finding["fingerprint"])
            finding["baseline"] = "known" if was and _is_no_worse(finding, was) else "new"
            counts[finding["baseline"]] += 1
    fixed = [
        {name: one[name] for name in ("rule", "severity", "subject", "fingerprint")}
        for one in baseline["findings"]
        if one["verdict"] == "fail" and one["fingerprint"] not in unsolved
    ]
    return {"audited_at": baseline["audited_at"], "new": counts["new"], "known": counts["known"], "fixed": fixed}


def _is_no_worse(finding: dict[str, Any], was: dict[str, Any]) -> bool:
    """Whether nothing is news: what could not be decided before, and fails now, is; a rule that weighs more now, too."""
    is_graver = SEVERITIES.index(finding["severity"]) > SEVERITIES.index(was["severity"])
    return was["verdict"] in ("fail", finding["verdict"]) and not is_graver


def checked(content: Any, option: str, name: str) -> dict[str, Any]:
    """The document of an earlier audit, or an OptionError that says why this is none."""
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise OptionError(f"{option}: {name} is no report of an audit.", ADVICE)
    known = VERSION.partition(".")[0]
    if str(content.get("version")).partition(".")[0] != known:
        problem = f"is of version {_audit_schema.shown(content.get('version'))}, and only {known}.x can be read"
        raise OptionError(f"{option}: {name} {problem}.", "Use the release of this collection that wrote it.")
    mistake = next(_audit_schema.mistakes(content, "report"), None)
    if mistake:
        raise OptionError(
            f"{option}: {name} is not whole: {mistake.place}: {mistake.message}.", "Make that report again."
        )
    return content


def unaudited(connections: list[Any], servers: Iterable[str] = ()) -> str:
    """What was not audited for want of connections, in a sentence. Of many servers, none may be without."""
    if not connections:
        return "There are no connections, so nothing was audited"
    known = {one["server"] for one in connections} if servers else set()
    without = [server for server in servers if server not in known]
    return f"There are no connections of {', '.join(without)}, so nothing was audited there" if without else ""


def warnings_of(document: dict[str, Any], baseline: dict[str, Any] | None = None) -> list[str]:
    """What somebody should see who reads only the log."""
    lack = unaudited(document["connections"], document["servers"])
    warnings = [f"{lack}: check what the token may see, and which connections were chosen."] if lack else []
    if baseline is not None:
        warnings += _strangers(baseline["servers"], document["servers"])
    for waiver in document["waivers"]:
        name = f"{waiver['file']}: the waiver for {', '.join(waiver['rules'])} (owner: {waiver['owner']})"
        if waiver["state"] == "expired":
            again = f" It excuses {_count(waiver['findings'], 'finding')} no longer." if waiver["findings"] else ""
            warnings.append(f"{name} expired after {waiver['expires']}.{again}")
        elif waiver["state"] == "unused":
            warnings.append(f"{name} is unused: nothing fails that it would excuse.")
    for verdict, words in (("error", "could not be evaluated for"), ("inconclusive", "could not be decided for")):
        found: dict[str, list[dict[str, Any]]] = {}
        for finding in document["findings"]:
            if finding["verdict"] == verdict:
                found.setdefault(finding["rule"], []).append(finding)
        for rule, findings in found.items():
            first = f"{findings[0]['subject']}: {findings[0]['message']}"
            many = f"{len(findings)} subjects, the first of which is " if len(findings) > 1 else ""
            warnings.append(f"Rule {rule} {words} {many}{first}.")
    return warnings


def _strangers(before: list[str], now: list[str]) -> list[str]:
    """A warning if the server is none of the baseline's: it is part of fingerprints, so nothing can be recognised."""
    if set(now or [""]) & set(before or [""]):
        return []
    names = [", ".join(servers) or "a server without name" for servers in (before, now)]
    return [f"The baseline is of {names[0]}, and this audit of {names[1]}, so all findings are new."]


def worst_of(document: dict[str, Any], most: int = 100) -> list[str]:
    """The worst findings, a line each, for a log: errors, what fails, and what could not be decided."""
    titles = {rule["id"]: rule["title"] for rule in document["rules"]}
    last = 1 if document["summary"]["inconclusive"] == "fail" else 2
    ranks = {"error": 0, "fail": 1, "inconclusive": last}

    def rank(finding: dict[str, Any]) -> tuple[int, int]:
        return ranks[finding["verdict"]], -SEVERITIES.index(finding["severity"])

    found = heapq.nsmallest(most, (one for one in document["findings"] if one["verdict"] in ranks), key=rank)
    return [
        visible(
            f"{one['verdict']}, {one['severity']}: {one['rule']} ({titles[one['rule']]}): {one['subject']}: {one['message']}"
            + (" (known)" if one["baseline"] == "known" else "")
        )
        for one in found
    ]


def summary_of(
    rules: int, connections: list[Any], findings: list[dict[str, Any]], settings: Settings, lack: str
) -> dict[str, Any]:
    """The verdict, and the counts that it is made of. 'lack': what unaudited() says."""
    verdicts = Counter(one["verdict"] for one in findings)
    failed = Counter(one["severity"] for one in findings if one["verdict"] == "fail")
    counted = [one for one in findings if _counts(one, settings)]
    # What is not there cannot be decided either.
    strict_lack = lack if settings.inconclusive == "fail" else ""
    has_failed = settings.fail_on != NEVER and bool(counted or verdicts["error"] or strict_lack)
    summary = {
        "verdict": "fail" if has_failed else "pass",
        "message": "",
        "fail_on": settings.fail_on,
        "inconclusive": settings.inconclusive,
        "known_findings": settings.known_findings,
        "connections": len(connections),
        "rules": rules,
        "verdicts": {name: verdicts[name] for name in VERDICTS},
        "failed_by_severity": {name: failed[name] for name in reversed(SEVERITIES)},
    }
    summary["message"] = _message(summary, counted) + (f" {lack}." if lack else "")
    return summary


def _counts(finding: dict[str, Any], settings: Settings) -> bool:
    """Whether a finding makes the audit fail."""
    verdicts = ("fail", "inconclusive") if settings.inconclusive == "fail" else ("fail",)
    if finding["verdict"] not in verdicts or settings.fail_on == NEVER:
        return False
    if settings.known_findings == "accept" and finding["baseline"] == "known":
        return False
    return SEVERITIES.index(finding["severity"]) >= SEVERITIES.index(settings.fail_on)


def _message(summary: dict[str, Any], counted: list[dict[str, Any]]) -> str:
    """The one line for logs and notifications."""
    verdicts, fail_on = summary["verdicts"], summary["fail_on"]
    severities = Counter(one["severity"] for one in counted)
    parts = [f"{severities[name]} {name}" for name in reversed(SEVERITIES) if severities[name]]
    doubtful = sum(one["verdict"] == "inconclusive" for one in counted)
    parts += [f"{doubtful} of them inconclusive"] if doubtful else []
    found = f"{_count(len(counted), 'finding')} of {fail_on} or more" + (f" ({', '.join(parts)})" if parts else "")
    others = verdicts["fail"] - (len(counted) - doubtful)
    if fail_on == NEVER:
        found = _count(others, "finding")
    else:
        found += f"; {others} {'known or lower' if summary['known_findings'] == 'accept' else 'lower'}"
    return (
        f"SD Elements audit {'failed' if summary['verdict'] == 'fail' else 'passed'}: {found}, {verdicts['waived']} waived, "
        f"{verdicts['inconclusive'] - doubtful}{' more' if doubtful else ''} inconclusive, {_count(verdicts['error'], 'error')}. "
        f"{_count(summary['connections'], 'connection')}, {_count(summary['rules'], 'rule')}."
    )


def _count(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"
