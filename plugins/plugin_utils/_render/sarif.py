# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: render the report as SARIF 2.1.0, for code scanning on GitHub and other tools.

GitHub shows an alert for each result, whatever its kind, suppression or baseline state is, and closes an alert that the
next file lacks. So findings that pass, do not apply or are fixed are not results; the properties of the run have the
counts of all verdicts. A waived finding is a result with a suppression, as in the standard.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from .._audit.model import (
    Finding,
    Report,
    RuleEntry,
    WaiverEntry,
    connection_subject,
    count_text,
    full_subject,
    importance,
    rules_that_match_nothing,
    stable_name,
)
from .findings import ProjectLabels, change_lines, control_names, explanation, overrides, task_variables, waiver_name
from .markup import code, is_web_page, link, markdown_text
from .text import collapse, escape_cell, escape_line

# An object of SARIF.
_Object = dict[str, Any]

_HOME = "https://github.com/securitycompass/ansible-collection-sdelements"
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

# GitHub rejects a file with more results than this, and shows the 5,000 most severe.
MAX_RESULTS = 25_000
_MAX_RELATED = 100
_MAX_DESCRIPTION = 1000  # the limit of GitHub

_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
# The middle of GitHub's range of the same name. GitHub has no range for 'info'.
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
_STATES = {"new": "new", "known": "unchanged"}

_NOTIFICATIONS = {
    "rule-error": "A rule cannot be evaluated, so the audit is incomplete.",
    "too-many-results": "The audit has more findings than this file.",
    "missing-report": "A server has no report, so the audit is incomplete.",
    "failed-audit": "The audit could not be completed.",
    "matches-nothing": "The conditions of a rule exclude all connections, so it is not evaluated.",
}
_LOCATIONS = "CONNECTIONS"


def render(report: Report) -> str:
    """Return a SARIF log of one run."""
    run = _SarifBuilder(report)
    findings = [finding for finding in report["findings"] if finding["verdict"] in ("fail", "waived", "inconclusive")]
    # Readers may stop early.
    findings.sort(key=importance)
    errors = [finding for finding in report["findings"] if finding["verdict"] == "error"]
    missing = report.get("missing_servers", [])
    summary = report["summary"]
    was_made = summary["verdict"] != "error"
    notifications = [*map(_missing_report, missing), *map(run.notification, errors)]
    notifications += [] if was_made else [_failed_audit(summary["message"])]
    notifications += [run.vacuous_rule(id_) for id_ in rules_that_match_nothing(report["rules"])]
    if len(findings) > MAX_RESULTS:
        notifications.append(_omitted(len(findings) - MAX_RESULTS))
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver(report)},
                "automationDetails": {"id": _category(report)},
                "invocations": [
                    {
                        "startTimeUtc": report["audited_at"],
                        "endTimeUtc": report["audited_at"],
                        "executionSuccessful": was_made and not errors and not missing,
                        "toolExecutionNotifications": notifications,
                    }
                ],
                "originalUriBaseIds": {
                    _LOCATIONS: {"description": {"text": "SD Elements servers and their connections, not files."}}
                },
                "columnKind": "unicodeCodePoints",
                "results": [run.result(finding) for finding in findings[:MAX_RESULTS]],
                "properties": {
                    "summary": collapse(summary["message"]),
                    "verdict": summary["verdict"],
                    "verdict_counts": summary["verdict_counts"],
                    "failed_by_severity": summary["failed_by_severity"],
                    "servers": _lines(report["servers"]),
                    "server_urls": {escape_line(name): escape_line(url) for name, url in report["server_urls"].items()},
                    "missing_servers": _lines(missing),
                    "policies": _lines(report["policies"]),
                    "policy_vars": _lines(task_variables(report)),
                    "disabled": _lines([one["rule"] for one in report["disabled"]]),
                    "not_selected": _lines(report["not_selected"]),
                    "changes": change_lines(report),
                },
            }
        ],
    }
    return json.dumps(log, indent=1) + "\n"


def _category(report: Report) -> str:
    """Return an identifier that GitHub tells uploads apart by. Its last part, which would name one run, is empty."""
    is_of_one_server = len(report["servers"]) == 1 and "audited_until" not in report
    return "/".join(["sdelements-connection-audit", *(_lines(report["servers"]) if is_of_one_server else []), ""])


def _lines(texts: list[str]) -> list[str]:
    return [escape_line(text) for text in texts]


def _missing_report(server: str) -> _Object:
    text = _escape_message(f"{escape_line(server)} has no report.")
    return {"descriptor": {"id": "missing-report", "index": 2}, "level": "error", "message": {"text": text}}


def _failed_audit(message: str) -> _Object:
    text = _escape_message(collapse(message))
    return {"descriptor": {"id": "failed-audit", "index": 3}, "level": "error", "message": {"text": text}}


def _omitted(count: int) -> _Object:
    text = f"{count_text(count, 'finding')} omitted: GitHub accepts at most {MAX_RESULTS} results. See the JSON report."
    return {"descriptor": {"id": "too-many-results", "index": 1}, "level": "warning", "message": {"text": text}}


# ---------------------------------------------------------------------------------------------------------------
# Rules


def _driver(report: Report) -> _Object:
    return {
        "name": "SD Elements audit",
        "fullName": "SD Elements connection audit",
        "organization": "securitycompass.sdelements",
        "informationUri": _HOME,
        # The version of the report. GitHub explains changed results by it.
        "version": report["version"],
        "rules": [_rule(rule) for rule in report["rules"]],
        "notifications": [_notification(name, text) for name, text in _NOTIFICATIONS.items()],
    }


def _notification(name: str, text: str) -> _Object:
    return {"id": name, "shortDescription": {"text": text}, "fullDescription": {"text": text}, "help": {"text": text}}


def _rule(rule: RuleEntry) -> _Object:
    title = collapse(rule["title"], _MAX_DESCRIPTION)
    tags = ["security", "compliance", "sdelements", *map(escape_line, [*rule["tags"], *control_names(rule)])]
    properties: _Object = {"tags": list(dict.fromkeys(tags)), "severity": rule["severity"], "state": rule["state"]}
    if rule["overridden"]:
        properties["overridden"] = list(map(escape_line, overrides(rule)))
    if rule["severity"] in _SCORES:
        properties["security-severity"] = _SCORES[rule["severity"]]
        properties["precision"] = "very-high"
    pages = [reference for reference in rule["references"] if is_web_page(reference)]
    return {
        "id": rule["id"],
        "shortDescription": {"text": _escape_message(title)},
        "fullDescription": {"text": _escape_message(collapse(rule["description"], _MAX_DESCRIPTION) or title)},
        "help": {"text": _escape_message(_help(rule)), "markdown": _help_in_markdown(rule)},
        **({"helpUri": pages[0]} if pages else {}),
        "defaultConfiguration": {"level": _LEVELS[rule["severity"]]},
        "properties": properties,
    }


def _help(rule: RuleEntry) -> str:
    lines = [
        collapse(rule["description"]) or collapse(rule["title"]),
        f"Remediation: {collapse(rule['remediation'])}" if rule["remediation"] else "",
        f"Required: {escape_line('; '.join(rule['that']))}",
        f"References: {escape_line(', '.join(rule['references']))}" if rule["references"] else "",
    ]
    return "\n".join(line for line in lines if line)


def _help_in_markdown(rule: RuleEntry) -> str:
    parts = [
        markdown_text(rule["description"] or rule["title"]),
        f"**Remediation**: {markdown_text(rule['remediation'])}" if rule["remediation"] else "",
        "**Required**:\n\n" + "\n".join(f"* {code(condition)}" for condition in rule["that"]),
        "**References**:\n\n" + "\n".join(f"* {link(code(reference), reference)}" for reference in rule["references"])
        if rule["references"]
        else "",
    ]
    return "\n\n".join(part for part in parts if part)


# ---------------------------------------------------------------------------------------------------------------
# Results


class _SarifBuilder:
    """Builds results that refer to the rules, connections and waivers of the run."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._rules = {rule["id"]: index for index, rule in enumerate(report["rules"])}
        self._titles = {rule["id"]: collapse(rule["title"]) for rule in report["rules"]}
        self._subjects = {entry["key"]: connection_subject(entry["facts"]) for entry in report["connections"]}
        self._projects = ProjectLabels(report)
        self._is_strict = report["summary"]["inconclusive"] == "fail"

    def result(self, finding: Finding) -> _Object:
        """Return the result of a finding that fails, is waived or is inconclusive."""
        is_open = finding["verdict"] == "inconclusive" and not self._is_strict
        result: _Object = {
            "ruleId": finding["rule"],
            "ruleIndex": self._rules[finding["rule"]],
            "kind": "open" if is_open else "fail",
            "level": "none" if is_open else _LEVELS[finding["severity"]],
            "message": {"text": self._message(finding)},
            "locations": [self._location(finding)],
            # GitHub reads only primaryLocationLineHash; the other name is for other tools.
            "partialFingerprints": {
                "primaryLocationLineHash": f"{finding['fingerprint']}:1",
                "connectionAudit/v1": finding["fingerprint"],
            },
            "properties": {
                "verdict": finding["verdict"],
                "severity": finding["severity"],
                "fails_audit": finding["fails_audit"],
                **({"condition": escape_line(finding["condition"])} if finding["condition"] else {}),
                "observed": {escape_line(one["name"]): escape_line(one["value"]) for one in finding["observed"]},
                "projects": _lines(list(map(str, self._projects.of(finding)))),
            },
        }
        if finding["label"] is not None and finding["connections"]:
            result["relatedLocations"] = [
                {"id": number, **self._connection_location(key)}
                for number, key in enumerate(finding["connections"][:_MAX_RELATED], 1)
            ]
        if finding["waiver"] is not None:
            result["suppressions"] = [_suppression(self._report["waivers"][finding["waiver"]])]
        if finding["baseline"] is not None:
            result["baselineState"] = _STATES[finding["baseline"]]
        return result

    def vacuous_rule(self, id_: str) -> _Object:
        """Return the notification of a rule that excludes all connections."""
        return {
            "descriptor": {"id": "matches-nothing", "index": 4},
            "associatedRule": {"id": id_, "index": self._rules[id_]},
            "level": "warning",
            "message": {"text": f"Rule {id_} matches nothing: its conditions exclude all connections."},
        }

    def notification(self, finding: Finding) -> _Object:
        """Return the notification of an error. It is not a result, because the verdict is unknown."""
        return {
            "descriptor": {"id": "rule-error", "index": 0},
            "associatedRule": {"id": finding["rule"], "index": self._rules[finding["rule"]]},
            "level": "error",
            "message": {"text": self._message(finding)},
            "locations": [self._location(finding)],
            "properties": {"verdict": "error", "severity": finding["severity"], "fingerprint": finding["fingerprint"]},
        }

    def _message(self, finding: Finding) -> str:
        prefix = "Inconclusive. " if finding["verdict"] == "inconclusive" else ""
        title = self._titles[finding["rule"]]
        # Messages of failures are sentences. Others, such as 'last_job is unknown', need the title.
        reason = explanation(finding) or title
        sentence = reason if finding["verdict"] in ("fail", "waived") else f"{title.rstrip('.')}. {reason}"
        text = f"{prefix}{escape_cell(full_subject(finding))}: {sentence}{self._expired_waiver(finding)}"
        return _escape_message(text.strip()) + self._server_link(finding) + self._project_links(finding)

    def _expired_waiver(self, finding: Finding) -> str:
        """Return a sentence about the waiver that was for the finding."""
        if finding["expired_waiver"] is None:
            return ""
        waiver = self._report["waivers"][finding["expired_waiver"]]
        return f". Its waiver expired after {escape_line(waiver['expires'])} ({escape_line(waiver_name(waiver))})"

    def _server_link(self, finding: Finding) -> str:
        """Return a line with a link to the server, if its URL is known."""
        server = finding["server"]
        url = self._report["server_urls"].get(server or "", "")
        if server is None or not is_web_page(url):
            return ""
        return f"\nServer: {_link(server, url)}"

    def _project_links(self, finding: Finding) -> str:
        """Return a line with links to the pages of projects that the token sees."""
        links = [_link(one.name or str(one.id), one.page) for one in self._projects.of(finding) if one.page]
        return f"\nProject: {', '.join(links)}" if links else ""

    def _location(self, finding: Finding) -> _Object:
        if finding["label"] is None and len(finding["connections"]) == 1:
            return self._connection_location(finding["connections"][0])
        name = stable_name(finding)
        slug = re.sub(r"[^A-Za-z0-9]+", "-", name)[:60].strip("-") or "item"
        uri = f"items/{finding['rule']}/{slug}-{finding['fingerprint'][:8]}"
        return _location(uri, name, f"{finding['rule']}/{name}")

    def _connection_location(self, key: str) -> _Object:
        return _location("/".join(map(_segment, key.split("/"))), self._subjects[key], key)


def _link(text: str, url: str) -> str:
    name = re.sub(r"([\[\]\\])", r"\\\1", _escape_message(escape_line(text)))
    return f"[{name}]({url})"


def _segment(part: str) -> str:
    """Return a part of a key as a segment of a path. '..' must not leave the path."""
    return quote(escape_line(part), safe="") if part.strip(".") else "_"


def _location(uri: str, name: str, qualified_name: str) -> _Object:
    """Return a location without a file. GitHub requires a region, and matches alerts by location."""
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": uri, "uriBaseId": _LOCATIONS},
            "region": {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2},
        },
        "logicalLocations": [
            {"name": escape_line(name), "fullyQualifiedName": escape_line(qualified_name), "kind": "resource"}
        ],
    }


def _suppression(waiver: WaiverEntry) -> _Object:
    owner, expires = escape_line(waiver["owner"]), escape_line(waiver["expires"])
    end = f"{expires}, ends soon" if waiver["ends_soon"] else expires
    return {
        "kind": "external",
        "status": "accepted",
        "justification": _escape_message(f"{collapse(waiver['reason'])} (owner: {owner}, until {end})"),
        "properties": {
            "owner": owner,
            "expires": expires,
            "file": escape_line(waiver["file"]),
            "number": waiver["number"],
        },
    }


def _escape_message(text: str) -> str:
    """Escape placeholders in braces, and links such as '[text](target)', in a SARIF message."""
    text = text.replace("{", "{{").replace("}", "}}")
    return re.sub(r"([\[\]])", r"\\\1", text) if "](" in text else text
