# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the audit as SARIF 2.1.0, which code scanning of GitHub and other tools read.

GitHub makes an alert of each result, whatever its kind, suppression or baseline state is, and closes an alert that
is no longer among the results. So what passes, does not apply or is fixed is no result here; the counts of all
verdicts are among the run's properties. A waived finding is a result with a suppression, as the standard has it.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.markdown import (
    code,
    is_web_page,
    link,
    words,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.text import (
    cell,
    name_of,
    prose,
    visible,
)

_HOME = "https://github.com/securitycompass/ansible-collection-sdelements"
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

# GitHub rejects a file with more results than this, and shows the 5,000 most severe.
MAX_RESULTS = 25_000
_MAX_RELATED = 100
_DESCRIPTION = 1000  # characters that GitHub shows of a description

_SEVERITIES = ("critical", "high", "medium", "low", "info")
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
# In the middle of the range that GitHub calls by the same word; it has none for 'info'.
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
_STATES = {"new": "new", "known": "unchanged"}

_NOTIFICATIONS = {
    "rule-error": "A rule could not be evaluated, so the audit is not whole.",
    "too-many-results": "The audit has more findings than this file.",
}
_LOCATIONS = "CONNECTIONS"


def render(document: dict[str, Any]) -> str:
    """The document as a SARIF log of one run."""
    run = _Run(document)
    findings = [finding for finding in document["findings"] if finding["verdict"] in ("fail", "waived", "inconclusive")]
    findings.sort(key=_rank)
    errors = [finding for finding in document["findings"] if finding["verdict"] == "error"]
    notifications = [run.notification(finding) for finding in errors]
    if len(findings) > MAX_RESULTS:
        notifications.append(_left_out(len(findings) - MAX_RESULTS))
    summary = document["summary"]
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver(document)},
                "automationDetails": {"id": "sdelements-connection-audit/"},
                "invocations": [
                    {
                        "startTimeUtc": document["audited_at"],
                        "endTimeUtc": document["audited_at"],
                        "executionSuccessful": not errors,
                        "toolExecutionNotifications": notifications,
                    }
                ],
                "originalUriBaseIds": {
                    _LOCATIONS: {
                        "description": {"text": "SD Elements servers with their connections, which are no files."}
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [run.result(finding) for finding in findings[:MAX_RESULTS]],
                "properties": {
                    "summary": prose(summary["message"]),
                    "verdict": summary["verdict"],
                    "verdicts": summary["verdicts"],
                    "failed_by_severity": summary["failed_by_severity"],
                    "servers": [visible(server) for server in document["servers"]],
                    "policies": [visible(policy) for policy in document["policies"]],
                },
            }
        ],
    }
    return json.dumps(log, indent=1) + "\n"


def _rank(finding: dict[str, Any]) -> tuple[bool, bool, int]:
    """What most needs to be seen comes first, should a reader stop early."""
    return finding["verdict"] == "waived", finding["verdict"] == "inconclusive", _SEVERITIES.index(finding["severity"])


def _left_out(count: int) -> dict[str, Any]:
    text = f"{count} findings are left out, since GitHub accepts no more than {MAX_RESULTS} results. The JSON report has all."
    return {"descriptor": {"id": "too-many-results", "index": 1}, "level": "warning", "message": {"text": text}}


# ---------------------------------------------------------------------------------------------------------------
# Rules


def _driver(document: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "SD Elements audit",
        "fullName": "SD Elements connection audit",
        "organization": "securitycompass.sdelements",
        "informationUri": _HOME,
        # Of the document: GitHub looks at it to tell why results have changed.
        "version": document["version"],
        "rules": [_rule(rule) for rule in document["rules"]],
        "notifications": [_notification(name, text) for name, text in _NOTIFICATIONS.items()],
    }


def _notification(name: str, text: str) -> dict[str, Any]:
    return {"id": name, "shortDescription": {"text": text}, "fullDescription": {"text": text}, "help": {"text": text}}


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    title = prose(rule["title"], _DESCRIPTION)
    properties: dict[str, Any] = {"tags": ["security", "compliance", "sdelements"], "severity": rule["severity"]}
    if rule["severity"] in _SCORES:
        properties["security-severity"] = _SCORES[rule["severity"]]
        properties["precision"] = "very-high"
    pages = [reference for reference in rule["references"] if is_web_page(reference)]
    return {
        "id": rule["id"],
        "shortDescription": {"text": _plain(title)},
        "fullDescription": {"text": _plain(prose(rule["description"], _DESCRIPTION) or title)},
        "help": {"text": _plain(_help(rule)), "markdown": _help_in_markdown(rule)},
        **({"helpUri": pages[0]} if pages else {}),
        "defaultConfiguration": {"level": _LEVELS[rule["severity"]]},
        "properties": properties,
    }


def _help(rule: dict[str, Any]) -> str:
    lines = [
        prose(rule["description"]) or prose(rule["title"]),
        f"Remediation: {prose(rule['remediation'])}" if rule["remediation"] else "",
        f"Required: {visible('; '.join(rule['that']))}",
        f"References: {visible(', '.join(rule['references']))}" if rule["references"] else "",
    ]
    return "\n".join(line for line in lines if line)


def _help_in_markdown(rule: dict[str, Any]) -> str:
    parts = [
        words(rule["description"] or rule["title"]),
        f"**Remediation**: {words(rule['remediation'])}" if rule["remediation"] else "",
        "**Required**:\n\n" + "\n".join(f"* {code(condition)}" for condition in rule["that"]),
        "**References**:\n\n" + "\n".join(f"* {link(code(reference), reference)}" for reference in rule["references"])
        if rule["references"]
        else "",
    ]
    return "\n\n".join(part for part in parts if part)


# ---------------------------------------------------------------------------------------------------------------
# Results


class _Run:
    """What results refer to."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._rules = {rule["id"]: index for index, rule in enumerate(document["rules"])}
        self._titles = {rule["id"]: prose(rule["title"]) for rule in document["rules"]}
        self._aliases = {connection["key"]: connection["facts"].get("alias") for connection in document["connections"]}
        self._waivers = document["waivers"]
        self._is_doubt_a_failure = document["summary"]["inconclusive"] == "fail"

    def result(self, finding: dict[str, Any]) -> dict[str, Any]:
        """A finding that fails, is waived, or cannot be decided."""
        is_open = finding["verdict"] == "inconclusive" and not self._is_doubt_a_failure
        result: dict[str, Any] = {
            "ruleId": finding["rule"],
            "ruleIndex": self._rules[finding["rule"]],
            "kind": "open" if is_open else "fail",
            "level": "none" if is_open else _LEVELS[finding["severity"]],
            "message": {"text": self._message(finding)},
            "locations": [self._location(finding)],
            # GitHub knows its own name only; the other one says whose fingerprint it is.
            "partialFingerprints": {
                "primaryLocationLineHash": f"{finding['fingerprint']}:1",
                "connectionAudit/v1": finding["fingerprint"],
            },
            "properties": {"verdict": finding["verdict"], "severity": finding["severity"]},
        }
        if finding["label"] is not None and finding["connections"]:
            result["relatedLocations"] = [
                {"id": number, **self._connection_location(key)}
                for number, key in enumerate(finding["connections"][:_MAX_RELATED], 1)
            ]
        if finding["waiver"] is not None:
            result["suppressions"] = [_suppression(self._waivers[finding["waiver"]])]
        if finding["baseline"] is not None:
            result["baselineState"] = _STATES[finding["baseline"]]
        return result

    def notification(self, finding: dict[str, Any]) -> dict[str, Any]:
        """A rule that could not be evaluated: nothing is known about the connection, so it is no result."""
        return {
            "descriptor": {"id": "rule-error", "index": 0},
            "associatedRule": {"id": finding["rule"], "index": self._rules[finding["rule"]]},
            "level": "error",
            "message": {"text": self._message(finding)},
            "locations": [self._location(finding)],
            "properties": {"verdict": "error", "severity": finding["severity"], "fingerprint": finding["fingerprint"]},
        }

    def _message(self, finding: dict[str, Any]) -> str:
        doubt = "Inconclusive. " if finding["verdict"] == "inconclusive" else ""
        said = visible(finding["message"])
        title = self._titles[finding["rule"]].rstrip(".")
        return _plain(f"{doubt}{cell(finding['subject'])}: {title}. {said}".strip())

    def _location(self, finding: dict[str, Any]) -> dict[str, Any]:
        if finding["label"] is None and len(finding["connections"]) == 1:
            return self._connection_location(finding["connections"][0])
        name = name_of(finding)
        words_of_name = re.sub(r"[^A-Za-z0-9]+", "-", name)[:60].strip("-")
        place = f"items/{finding['rule']}/{words_of_name or 'item'}-{finding['fingerprint'][:8]}"
        return _location(place, name, f"{finding['rule']}/{name}")

    def _connection_location(self, key: str) -> dict[str, Any]:
        return _location("/".join(map(_segment, key.split("/"))), self._aliases.get(key) or key, key)


def _segment(part: str) -> str:
    """Part of a key as part of a path that leads nowhere else."""
    return quote(visible(part), safe="") if part.strip(".") else "_"


def _location(uri: str, name: str, qualified_name: str) -> dict[str, Any]:
    """A place that is no file. GitHub wants one, with a region, and finds the alerts of a connection by it."""
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": uri, "uriBaseId": _LOCATIONS},
            "region": {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2},
        },
        "logicalLocations": [
            {"name": visible(name), "fullyQualifiedName": visible(qualified_name), "kind": "resource"}
        ],
    }


def _suppression(waiver: dict[str, Any]) -> dict[str, Any]:
    owner, expires = visible(waiver["owner"]), visible(waiver["expires"])
    return {
        "kind": "external",
        "status": "accepted",
        "justification": _plain(f"{prose(waiver['reason'])} (owner: {owner}, until {expires})"),
        "properties": {"owner": owner, "expires": expires, "file": visible(waiver["file"])},
    }


def _plain(text: str) -> str:
    """Text for a SARIF message, where braces are for placeholders and '[text](target)' is a link."""
    text = text.replace("{", "{{").replace("}", "}}")
    return re.sub(r"([\[\]])", r"\\\1", text) if "](" in text else text
