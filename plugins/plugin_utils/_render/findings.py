# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the texts that all formats have about a finding, and the waiver that they offer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from .._audit.model import (
    ConnectionChange,
    Facts,
    Finding,
    Report,
    RuleEntry,
    WaiverEntry,
    full_subject,
    plain_or_json,
)
from .text import MAX_LENGTH, escape_block, escape_line

# States of a rule that was not evaluated.
RULE_STATES = {"matches_nothing": "matches nothing", "no_subjects": "nothing to evaluate", "off": "turned off"}
# A longer label would make a waiver hard to read.
_MAX_LABEL = 300
# Segments without '.', '..' or a character that browsers rewrite.
_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~-]+)+/?")
# A finding may be about thousands of projects.
MAX_PROJECTS = 10
# All parameters of a connection may have changed, and all connections. The JSON report has them.
MAX_CHANGED_FACTS = 20
MAX_CHANGE_LINES = 100


def page_path(project: Facts, server_url: str | None) -> str | None:
    """Return the path of a project's page below the address of its server; None if its URL has none that is plain.

    The server may believe in another address than the user's, so only the path of the URL is used.
    """
    url = project.get("url")
    if not isinstance(url, str):
        return None
    try:
        parts, context = urlsplit(url), urlsplit(server_url or "").path
    except ValueError:
        return None
    if parts.scheme not in ("http", "https"):
        return None
    path = parts.path.removeprefix(context) if parts.path.startswith(f"{context}/") else parts.path
    return path if _PATH.fullmatch(path) else None


class ProjectLabel(NamedTuple):
    """A project as reports show it. Without a name, the token does not see it; without a page, its URL is not plain."""

    id: int
    name: str | None
    page: str | None

    def __str__(self) -> str:
        return f"{self.id} {self.name}" if self.name else str(self.id)


class ProjectLabels:
    """The labels of the projects of a report."""

    def __init__(self, report: Report) -> None:
        self._urls = report["server_urls"]
        self._entries = {(entry["server"], entry["id"]): entry for entry in report["projects"]}

    def label(self, server: str | None, id_: int) -> ProjectLabel:
        """Return the label of a project, with the address of its page below the one that the user configured."""
        entry = self._entries.get((server, id_))
        if entry is None:
            return ProjectLabel(id_, None, None)
        base, path = self._urls.get(server or ""), entry["path"]
        return ProjectLabel(id_, entry["name"], f"{base}{path}" if base and path else None)

    def of(self, finding: Finding) -> list[ProjectLabel]:
        """Return the labels of the first projects that a finding is about."""
        return [self.label(finding["server"], id_) for id_ in finding["projects"][:MAX_PROJECTS]]


def errors_without_finding(report: Report) -> dict[str, str]:
    """Return messages by the server that they are about. Without them, an audit without findings could look passed."""
    reasons = report.get("missing_reasons", {})
    errors = {
        server: f"{server} has no report" + (f" ({reasons[server]})" if server in reasons else "")
        for server in report.get("missing_servers", ())
    }
    summary = report["summary"]
    if summary["verdict"] == "pass" or errors or any(finding["fails_audit"] for finding in report["findings"]):
        return errors
    return {", ".join(report["servers"]) or "audit": summary["message"]}


def explanation(finding: Finding) -> str:
    """Return the message on one line, with the observed values that it does not state."""
    values = unstated_values(finding)
    return " ".join(filter(None, [escape_line(finding["message"]), f"({escape_line(values)})" if values else ""]))


def unstated_values(finding: Finding) -> str:
    """Return the observed values without those that the message has, such as the default message."""
    others = [one for one in finding["observed"] if f"{one['name']} is {one['value']}" not in finding["message"]]
    return ", ".join(f"{one['name']} = {one['value']}" for one in others)


def change_text(change: ConnectionChange) -> str:
    """Return what changed on one line, such as 'frequency: daily -> weekly'; empty without former facts."""
    facts = (
        f"{one['name']}: {plain_or_json(one['old'])} -> {plain_or_json(one['new'])}"
        for one in change["facts"][:MAX_CHANGED_FACTS]
    )
    omitted = len(change["facts"]) - MAX_CHANGED_FACTS
    return escape_line("; ".join([*facts, *([f"and {omitted} more"] if omitted > 0 else [])]), MAX_LENGTH)


def change_line(change: ConnectionChange) -> str:
    """Return a change on one line, such as 'changed: ALM connection 3: frequency: daily -> weekly'."""
    return ": ".join(filter(None, [change["change"], escape_line(full_subject(change)), change_text(change)]))


def change_lines(report: Report) -> list[str]:
    """Return the first changes since the baseline, as lines."""
    changes = report["changes"]
    return [change_line(one) for one in changes["connections"][:MAX_CHANGE_LINES]] if changes else []


def waiver_name(waiver: WaiverEntry) -> str:
    """Return the place of a waiver."""
    return f"{waiver['file']}, waiver {waiver['number']}"


def waiver_yaml(finding: Finding, facts: Mapping[str, Facts]) -> str | None:
    """Return a policy's waiver of a failing finding, or None. 'facts' are those of each connection, by its key.

    It matches no other finding of the audit. The audit refuses it until people complete its empty values.
    """
    if finding["verdict"] != "fail" or (finding["label"] is None and len(finding["connections"]) != 1):
        return None
    lines = [f"- rules: [{_quote(finding['rule'])}]"]
    if finding["server"] is not None:
        lines.append(_only("servers", finding["server"]))
    if finding["label"] is not None:
        lines.append(_only("labels", finding["label"]))
    else:
        connection = facts[finding["connections"][0]]
        lines.append(f"connections: {{kind: {_quote(connection['kind'])}, id: {int(connection['id'])}}}")
    lines += [
        "reason:  # why the finding is accepted",
        "owner:  # the responsible person or team",
        "expires:  # the last day, as YYYY-MM-DD",
    ]
    return "waivers:\n  " + "\n    ".join(lines) + "\n"


def _only(name: str, text: str) -> str:
    """Return a list with a pattern that matches only this text."""
    if set(text) & set("*?"):
        return f"{name}: []  # not copied, because * and ? would match others as well"
    if len(text) > _MAX_LABEL:
        return f"{name}: []  # not copied, because it has {len(text)} characters"
    return f"{name}: [{_quote(text)}]"


def _quote(text: str) -> str:
    """Return a string of YAML. Hidden characters become escapes, which JSON's strings and YAML's have in common."""
    return escape_block(json.dumps(text, ensure_ascii=False))


def task_variables(report: Report) -> list[str]:
    """Return the variables of the policy that the task set, such as 'required_projects = [1, 2]'."""
    return [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in report["policy_vars"].items()]


def control_names(rule: RuleEntry) -> list[str]:
    """Return the controls that a rule implements, such as 'nist-800-53 SC-8'."""
    return [f"{framework} {control}" for framework, controls in rule["controls"].items() for control in controls]


def overrides(rule: RuleEntry) -> list[str]:
    """Return the policy files that change a rule, with the fields."""
    return [f"{one['file']}: {', '.join(one['fields'])}" for one in rule["overridden"]]
