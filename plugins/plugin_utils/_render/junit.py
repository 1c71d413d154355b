# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: render the report as JUnit XML, which GitLab, Jenkins and others show with their tests.

A rule is a test suite, and each connection (or item) that it evaluates is a test case. Pipelines recognise a test case
by its class and name, which do not change with an alias.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping

from .._audit.model import NEEDS_ATTENTION, Finding, Report, RuleEntry, findings_by_rule, stable_name
from .text import collapse, escape_cell, escape_line

# The element for each verdict; a test case that passes has none.
_ELEMENTS = {
    "fail": "failure",
    "error": "error",
    "waived": "skipped",
    "not_applicable": "skipped",
    "inconclusive": "skipped",
}


def render(report: Report) -> str:
    """Return JUnit XML that is valid by the schema of Jenkins."""
    is_strict = report["summary"]["inconclusive"] == "fail"
    elements = {**_ELEMENTS, "inconclusive": "failure"} if is_strict else _ELEMENTS
    suites = ET.Element("testsuites", name="SD Elements connection audit")
    for rule, findings in findings_by_rule(report):
        suites.append(_suite(report, rule, findings, elements))
    for count in ("tests", "failures", "errors"):
        suites.set(count, str(sum(int(suite.get(count, "0")) for suite in suites)))
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _suite(report: Report, rule: RuleEntry, findings: list[Finding], elements: Mapping[str, str]) -> ET.Element:
    counts = Counter(elements.get(finding["verdict"]) for finding in findings)
    suite = ET.Element(
        "testsuite",
        name=rule["id"],
        tests=str(len(findings)),
        failures=str(counts["failure"]),
        errors=str(counts["error"]),
        skipped=str(counts["skipped"]),
        timestamp=report["audited_at"].rstrip("Z"),
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(report, rule).items():
        ET.SubElement(properties, "property", name=name, value=value)
    names: set[str] = set()
    for finding in findings:
        case = ET.SubElement(suite, "testcase", classname=f"sdelements.{rule['id']}", name=_unique_name(finding, names))
        element = elements.get(finding["verdict"])
        if element:
            case.append(_outcome(report, rule, finding, element))
    return suite


def _properties(report: Report, rule: RuleEntry) -> dict[str, str]:
    return {
        "title": collapse(rule["title"]),
        "severity": rule["severity"],
        "policies": escape_line(", ".join(report["policies"])),
        "servers": escape_line(", ".join(report["servers"])),
        "verdict": report["summary"]["verdict"],
        "summary": collapse(report["summary"]["message"]),
    }


def _unique_name(finding: Finding, names: set[str]) -> str:
    """Return the connection's key or the item's label. The fingerprint distinguishes similar names."""
    name = escape_cell(stable_name(finding))
    # Some servers compare only the letters and digits of names.
    letters = "".join(filter(str.isalnum, name)).casefold()
    if not letters or letters in names:
        name = f"{name} {finding['fingerprint'][:8]}"
    names.add(letters)
    return name


def _outcome(report: Report, rule: RuleEntry, finding: Finding, element: str) -> ET.Element:
    verdict = finding["verdict"]
    message = f"{escape_line(finding['subject'])}: {escape_line(finding['message']) or collapse(rule['title'])}"
    if verdict not in ("fail", "error"):
        message = f"{verdict.replace('_', ' ')}: {message}"
    # The type is the severity, because people filter failures by type.
    outcome = ET.Element(element, type=finding["severity"] if element == "failure" else verdict, message=message)
    if verdict != "not_applicable":
        outcome.text = "\n".join(["", *_details(report, rule, finding), ""])
    return outcome


def _details(report: Report, rule: RuleEntry, finding: Finding) -> list[str]:
    details = {
        "Rule": f"{collapse(rule['title'])} ({finding['severity']})",
        "About": escape_line(finding["subject"]),
        "Connections": escape_line(", ".join(finding["connections"])),
        "Finding": escape_line(finding["message"]),
        "Baseline": finding["baseline"] or "",
    }
    if finding["waiver"] is not None:
        waiver = report["waivers"][finding["waiver"]]
        reason, owner = collapse(waiver["reason"]), collapse(waiver["owner"])
        details["Waived"] = f"{reason} ({owner}, until {escape_line(waiver['expires'])})"
    if finding["verdict"] in NEEDS_ATTENTION:
        details["Remediation"] = collapse(rule["remediation"])
        details["References"] = escape_line(", ".join(rule["references"]), 2000)
    details["Fingerprint"] = finding["fingerprint"]
    return [f"{name}: {value}" for name, value in details.items() if value]
