# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: render the report as JUnit XML, which GitLab, Jenkins and others show with their tests.

A rule is a test suite, and each connection (or item) that it evaluates is a test case. Pipelines recognise a test case
by its class and name. The name begins with the server, because a pipeline may read the files of several servers.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter

from .._audit.model import (
    NEEDS_ATTENTION,
    NOTABLE_RANK,
    Finding,
    Report,
    RuleEntry,
    connection_subject,
    findings_by_rule,
    full_subject,
    importance,
    observed_text,
)
from .findings import (
    ProjectLabels,
    change_lines,
    control_names,
    errors_without_finding,
    explanation,
    overrides,
    task_variables,
    waiver_name,
)
from .text import collapse, escape_cell, escape_line

# The element for each verdict; a test case that passes has none.
_ELEMENTS = {
    "fail": "failure",
    "error": "error",
    "waived": "skipped",
    "not_applicable": "skipped",
    "inconclusive": "skipped",
}
_MAX_CONNECTIONS = 10

# How many test cases have each element.
_Elements = Counter[str | None]


def render(report: Report) -> str:
    """Return JUnit XML that is valid by the schema of Jenkins."""
    builder = _JUnitBuilder(report)
    suites = ET.Element("testsuites", name="SD Elements connection audit")
    errors = errors_without_finding(report)
    if errors:
        suites.append(_suite_of_errors(errors, report["audited_at"]))
    for rule, findings in findings_by_rule({**report, "rules": _by_importance(report)}):
        suites.append(builder.suite(rule, sorted(findings, key=_rank)))
    for count in ("tests", "failures", "errors"):
        suites.set(count, str(sum(int(suite.get(count, "0")) for suite in suites)))
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _suite_of_errors(errors: dict[str, str], audited_at: str) -> ET.Element:
    elements: _Elements = Counter({"error": len(errors)})
    suite = ET.Element("testsuite", _attributes("audit", audited_at, elements, len(errors)))
    for name, message in errors.items():
        case = ET.SubElement(suite, "testcase", classname="sdelements.audit", name=escape_line(name))
        ET.SubElement(case, "error", type="error", message=collapse(message))
    return suite


def _attributes(name: str, audited_at: str, elements: _Elements, tests: int) -> dict[str, str]:
    return {
        "name": name,
        "tests": str(tests),
        "failures": str(elements["failure"]),
        "errors": str(elements["error"]),
        "skipped": str(elements["skipped"]),
        "timestamp": audited_at.rstrip("Z"),
    }


def _by_importance(report: Report) -> list[RuleEntry]:
    """Return the rules, those with the most important findings first."""
    ranks: dict[str, int] = {}
    for finding in sorted(report["findings"], key=importance):
        ranks.setdefault(finding["rule"], len(ranks))
    return sorted(report["rules"], key=lambda rule: ranks.get(rule["id"], len(ranks)))


def _rank(finding: Finding) -> tuple[bool, bool, bool, int, int]:
    return importance(finding) if finding["verdict"] in NOTABLE_RANK else (True, True, True, len(NOTABLE_RANK), 0)


class _JUnitBuilder:
    """Builds test suites, whose texts name connections, servers and waivers of the report."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._facts = {entry["key"]: entry["facts"] for entry in report["connections"]}
        self._projects = ProjectLabels(report)
        is_strict = report["summary"]["inconclusive"] == "fail"
        self._elements = {**_ELEMENTS, "inconclusive": "failure"} if is_strict else _ELEMENTS

    def suite(self, rule: RuleEntry, findings: list[Finding]) -> ET.Element:
        """Return the test suite of a rule."""
        elements = Counter(self._elements.get(finding["verdict"]) for finding in findings)
        suite = ET.Element("testsuite", _attributes(rule["id"], self._report["audited_at"], elements, len(findings)))
        properties = ET.SubElement(suite, "properties")
        for name, value in _properties(self._report, rule).items():
            ET.SubElement(properties, "property", name=name, value=value)
        names: set[str] = set()
        for finding in findings:
            name = _unique_name(full_subject(finding), finding, names)
            case = ET.SubElement(suite, "testcase", classname=f"sdelements.{rule['id']}", name=name)
            element = self._elements.get(finding["verdict"])
            if element:
                case.append(self._outcome(rule, finding, element))
        return suite

    def _outcome(self, rule: RuleEntry, finding: Finding, element: str) -> ET.Element:
        verdict = finding["verdict"]
        subject = escape_line(full_subject(finding))
        message = f"{subject}: {explanation(finding) or collapse(rule['title'])}"
        marks = _marks(finding, element)
        # The type is the severity, because people filter failures by type.
        outcome = ET.Element(
            element,
            type=finding["severity"] if element == "failure" else verdict,
            message=f"{', '.join(marks)}: {message}" if marks else message,
        )
        if verdict != "not_applicable":
            details = self._details(rule, finding)
            outcome.text = "\n".join(["", *(f"{name}: {value}" for name, value in details.items() if value), ""])
        return outcome

    def _details(self, rule: RuleEntry, finding: Finding) -> dict[str, str]:
        needs_attention = finding["verdict"] in NEEDS_ATTENTION
        return {
            "Rule": f"{collapse(rule['title'])} ({finding['severity']})",
            "About": escape_line(full_subject(finding)),
            "Connections": self._connections(finding),
            "Project": self._project_texts(finding),
            "Finding": escape_line(finding["message"]),
            "Observed": escape_line(observed_text(finding)),
            "Condition": escape_line(finding["condition"]),
            "Fails the audit": ("yes" if finding["fails_audit"] else "no") if needs_attention else "",
            "Baseline": finding["baseline"] or "",
            "Waived": self._waiver_text(finding["waiver"]),
            "Expired waiver": self._waiver_text(finding["expired_waiver"]),
            "Remediation": collapse(rule["remediation"]) if needs_attention else "",
            "References": escape_line(", ".join(rule["references"]), 2000) if needs_attention else "",
            "Server": escape_line(self._report["server_urls"].get(finding["server"] or "")),
            "Fingerprint": finding["fingerprint"],
        }

    def _waiver_text(self, index: int | None) -> str:
        if index is None:
            return ""
        waiver = self._report["waivers"][index]
        reason, owner = collapse(waiver["reason"]), collapse(waiver["owner"])
        end = f"{escape_line(waiver['expires'])}{', ends soon' if waiver['ends_soon'] else ''}"
        return f"{reason} ({owner}, until {end}; {escape_line(waiver_name(waiver))})"

    def _project_texts(self, finding: Finding) -> str:
        labels = self._projects.of(finding)
        return escape_line(", ".join(f"{one} ({one.page})" if one.page else str(one) for one in labels), 2000)

    def _connections(self, finding: Finding) -> str:
        """Return the connections of an item."""
        if finding["label"] is None:
            return ""
        keys = finding["connections"]
        names = ", ".join(connection_subject(self._facts[key]) for key in keys[:_MAX_CONNECTIONS])
        more = len(keys) - _MAX_CONNECTIONS
        return escape_line(names) + (f", and {more} more" if more > 0 else "")


def _properties(report: Report, rule: RuleEntry) -> dict[str, str]:
    properties = {
        "title": collapse(rule["title"]),
        "severity": rule["severity"],
        "state": rule["state"],
        "controls": escape_line(", ".join(control_names(rule))),
        "tags": escape_line(", ".join(rule["tags"])),
        "overridden": escape_line("; ".join(overrides(rule))),
        "policies": escape_line(", ".join(report["policies"])),
        "policy_vars": escape_line("; ".join(task_variables(report))),
        "servers": escape_line(", ".join(report["servers"])),
        "verdict": report["summary"]["verdict"],
        "summary": collapse(report["summary"]["message"]),
        "changes": collapse("; ".join(change_lines(report))),
    }
    return {name: value for name, value in properties.items() if value}


def _unique_name(subject: str, finding: Finding, names: set[str]) -> str:
    """Return the subject. The fingerprint distinguishes similar names."""
    name = escape_cell(subject)
    # Some servers compare only the letters and digits of names.
    letters = "".join(filter(str.isalnum, name)).casefold()
    if not letters or letters in names:
        name = f"{name} {finding['fingerprint'][:8]}"
    names.add(letters)
    return name


def _marks(finding: Finding, element: str) -> list[str]:
    """Return what a message begins with. A failed test case may be accepted, or below the threshold of the audit."""
    verdict = finding["verdict"]
    marks = [] if verdict in ("fail", "error") else [verdict.replace("_", " ")]
    marks += [finding["baseline"]] if finding["baseline"] else []
    marks += ["waiver expired"] if finding["expired_waiver"] is not None else []
    return marks + (["does not fail the audit"] if element != "skipped" and not finding["fails_audit"] else [])
