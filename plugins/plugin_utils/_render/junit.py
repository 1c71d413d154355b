# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the audit as JUnit XML, which GitLab, Jenkins and their like show beside other tests.

A rule is a test suite, and each connection (or item) that it looks at a test case. Servers of pipelines recognise a
test case by class and name, from one run to the next: both stay the same when an alias is changed.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from typing import Any

from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.text import (
    cell,
    name_of,
    prose,
    visible,
)

# The element that says how a test case ended; 'pass' has none.
_ELEMENTS = {
    "fail": "failure",
    "error": "error",
    "waived": "skipped",
    "not_applicable": "skipped",
    "inconclusive": "skipped",
}


def render(document: dict[str, Any]) -> str:
    """The document as JUnit XML, as the Jenkins schema describes it."""
    elements = dict(_ELEMENTS)
    if document["summary"]["inconclusive"] == "fail":
        elements["inconclusive"] = "failure"
    of_rule: dict[str, list[dict[str, Any]]] = {rule["id"]: [] for rule in document["rules"]}
    for finding in document["findings"]:
        of_rule[finding["rule"]].append(finding)

    suites = ET.Element("testsuites", name="SD Elements connection audit")
    for rule in document["rules"]:
        suites.append(_suite(document, rule, of_rule[rule["id"]], elements))
    for count in ("tests", "failures", "errors"):
        suites.set(count, str(sum(int(suite.get(count, "0")) for suite in suites)))
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _suite(
    document: dict[str, Any], rule: dict[str, Any], findings: list[dict[str, Any]], elements: dict[str, str]
) -> ET.Element:
    ends = Counter(elements.get(finding["verdict"]) for finding in findings)
    suite = ET.Element(
        "testsuite",
        name=rule["id"],
        tests=str(len(findings)),
        failures=str(ends["failure"]),
        errors=str(ends["error"]),
        skipped=str(ends["skipped"]),
        timestamp=document["audited_at"].rstrip("Z"),
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(document, rule).items():
        ET.SubElement(properties, "property", name=name, value=value)
    names: set[str] = set()
    for finding in findings:
        case = ET.SubElement(suite, "testcase", classname=f"sdelements.{rule['id']}", name=_name(finding, names))
        element = elements.get(finding["verdict"])
        if element:
            case.append(_end(document, rule, finding, element))
    return suite


def _properties(document: dict[str, Any], rule: dict[str, Any]) -> dict[str, str]:
    return {
        "title": prose(rule["title"]),
        "severity": rule["severity"],
        "policies": visible(", ".join(document["policies"])),
        "servers": visible(", ".join(document["servers"])),
        "verdict": document["summary"]["verdict"],
        "summary": prose(document["summary"]["message"]),
    }


def _name(finding: dict[str, Any], names: set[str]) -> str:
    """The connection's key, or the item's label. What looks like another of the same rule gets its fingerprint, too."""
    name = cell(name_of(finding))
    # Some servers compare names by letters and digits only.
    alike = "".join(filter(str.isalnum, name)).casefold()
    if not alike or alike in names:
        name = f"{name} {finding['fingerprint'][:8]}"
    names.add(alike)
    return name


def _end(document: dict[str, Any], rule: dict[str, Any], finding: dict[str, Any], element: str) -> ET.Element:
    verdict = finding["verdict"]
    said = f"{visible(finding['subject'])}: {visible(finding['message']) or prose(rule['title'])}"
    if verdict not in ("fail", "error"):
        said = f"{verdict.replace('_', ' ')}: {said}"
    # A failure's type is its severity; people filter by it.
    end = ET.Element(element, type=finding["severity"] if element == "failure" else verdict, message=said)
    if verdict != "not_applicable":
        end.text = "\n".join(["", *_lines(document, rule, finding), ""])
    return end


def _lines(document: dict[str, Any], rule: dict[str, Any], finding: dict[str, Any]) -> list[str]:
    """All there is to know about a finding."""
    facts = {
        "Rule": f"{prose(rule['title'])} ({finding['severity']})",
        "About": visible(finding["subject"]),
        "Connections": visible(", ".join(finding["connections"])),
        "Finding": visible(finding["message"]),
        "Baseline": finding["baseline"] or "",
    }
    if finding["waiver"] is not None:
        waiver = document["waivers"][finding["waiver"]]
        facts["Waived"] = f"{prose(waiver['reason'])} ({prose(waiver['owner'])}, until {visible(waiver['expires'])})"
    if finding["verdict"] in ("fail", "inconclusive", "error"):
        facts["Remediation"] = prose(rule["remediation"])
        facts["References"] = visible(", ".join(rule["references"]), 2000)
    facts["Fingerprint"] = finding["fingerprint"]
    return [f"{name}: {value}" for name, value in facts.items() if value]
