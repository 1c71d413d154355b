# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of the audit's reports, for tests: libraries and programs of others, and what they find in a report."""

from __future__ import annotations

import copy
import functools
import json
import re
import subprocess
import unicodedata
from collections import Counter
from pathlib import Path

import jsonschema
from junitparser import JUnitXml
from markdown_it import MarkdownIt

from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.model import findings_by_rule
from tests.conftest import ROOT
from tests.sample_reports import VERDICTS

SCHEMA = json.loads((ROOT / "plugins/plugin_utils/_audit/data/report.schema.json").read_text(encoding="utf-8"))
# jsonschema.validate() would check the schema with each document.
REPORT_VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

# Signs around numbers: Unicode counts them among the characters of format, but they have glyphs.
SEEN = set("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")


def invisible_characters(text: str) -> set[str]:
    """Characters that a reader cannot see, or that move others about."""
    hidden = {one for one in text if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    return hidden - SEEN - {"\n"}


# ---------------------------------------------------------------------------------------------------------------
# JSON


@functools.cache
def strict_validator() -> jsonschema.Draft202012Validator:
    """The schema without room for keys that it does not name, but where they are not ours."""
    schema = copy.deepcopy(SCHEMA)
    jsonschema.Draft202012Validator.check_schema(schema)
    for part in [schema, *schema["$defs"].values(), schema["$defs"]["baseline"]["properties"]["fixed"]["items"]]:
        if "properties" in part:
            part["additionalProperties"] = False
    for part in schema["$defs"]["summary"]["properties"].values():
        if "properties" in part:
            part["additionalProperties"] = False
    return jsonschema.Draft202012Validator(schema)


def assert_schema_describes(document: dict) -> None:
    """The schema describes the document, key by key."""
    strict_validator().validate(document)


def all_findings(report: dict) -> list[dict]:
    """A finding for each verdict, in the order of the formats that have them all."""
    return [finding for _rule, findings in findings_by_rule(report) for finding in findings]


def verdicts_in_json(text: str) -> Counter:
    report = json.loads(text)
    verdicts = Counter(finding["verdict"] for finding in report["findings"])
    for group in report["other_verdicts"]:
        assert group["count"] == len(group["subjects"])
        verdicts[group["verdict"]] += group["count"]
    return verdicts


# ---------------------------------------------------------------------------------------------------------------
# JUnit


def junit_cases(text: str) -> list:
    return [case for suite in JUnitXml.fromstring(text.encode("utf-8")) for case in suite]


def junit_outcomes(text: str) -> Counter:
    """How many test cases ended how: failure, error, skipped, or passed."""
    ends: Counter = Counter()
    for case in junit_cases(text):
        assert len(case.result) <= 1
        ends[case.result[0]._tag if case.result else "passed"] += 1
    return ends


def verdicts_in_junit(text: str) -> Counter:
    """Count test cases by verdict. A failure's type is its severity, so its message says whether it is inconclusive."""
    verdicts: Counter = Counter()
    # Cases about a whole audit have no verdicts.
    for case in (one for one in junit_cases(text) if one.classname != "sdelements.audit"):
        for end in case.result:
            doubt = "inconclusive" if re.match("inconclusive[:,] ", end.message) else "fail"
            verdicts[end.type if end.type in VERDICTS else doubt] += 1
        verdicts["pass"] += not case.result
    return +verdicts


# ---------------------------------------------------------------------------------------------------------------
# SARIF


def verdicts_in_sarif(text: str) -> Counter:
    """Count results as a reader of SARIF does, by kind, suppression and notification alone."""
    [run] = json.loads(text)["runs"]
    verdicts = Counter(
        "waived" if result.get("suppressions") else {"fail": "fail", "open": "inconclusive"}[result["kind"]]
        for result in run["results"]
    )
    notes = run["invocations"][0]["toolExecutionNotifications"]
    verdicts["error"] = sum(note["level"] == "error" and "associatedRule" in note for note in notes)
    return +verdicts


def sarif_validator_messages(checker, *files: Path) -> list[str]:
    """Return the sarif_validator_messages of Microsoft's validator, with its rules for GitHub."""
    command = [
        checker("@microsoft/sarif-multitool-linux/Sarif.Multitool"),
        "validate",
        "--rule-kind",
        "Sarif;Ghas",
        *map(str, files),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    assert f"{len(files)} files scanned" in done.stdout, done.stdout + done.stderr
    return re.findall(r".*: (?:error|warning) .*", done.stdout)


# ---------------------------------------------------------------------------------------------------------------
# Markdown


def markdown_tokens(text: str) -> list:
    """Return the tokens of a parser of GitHub's Markdown: blocks, each followed by its inline tokens."""
    parser = MarkdownIt("gfm-like", {"linkify": True, "html": True})
    return [token for block in parser.parse(text) for token in (block, *(block.children or []))]


def markdown_tables(text: str) -> list[list[list[str]]]:
    """The cells of all tables, as texts."""
    tables: list[list[list[str]]] = []
    is_cell = False
    for token in MarkdownIt("gfm-like", {"linkify": True}).parse(text):
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append([])
        elif token.type in ("td_open", "th_open"):
            is_cell = True
        elif token.type in ("td_close", "th_close"):
            is_cell = False
        elif token.type == "inline" and is_cell:
            tables[-1][-1].append("".join(child.content for child in token.children))
    return tables


# Outside of code, these would notify someone, or link to something.
REFERENCES = re.compile(r"[@#!$~%&]\w|GH-\d|://|www\.|:\w+:|\b[0-9a-f]{7,}\b")


# The part that a reader opens.
DETAILS = {"<details>\n<summary>Remediation, and waivers to copy</summary>\n", "</details>\n"}


def assert_harmless(text: str, allowed_links: tuple[str, ...] = ()) -> None:
    tokens = markdown_tokens(text)
    kinds = {token.type for token in tokens}
    assert {token.content for token in tokens if token.type == "html_block"} <= DETAILS
    blocks = {
        "heading",
        "paragraph",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "link",
        "strong",
        "bullet_list",
        "list_item",
    }
    assert kinds <= {f"{block}_{end}" for block in blocks for end in ("open", "close")} | {
        "inline",
        "text",
        "code_inline",
        "fence",
        "html_block",
    }
    links = {token.attrs["href"] for token in tokens if token.type == "link_open"}
    assert links <= set(allowed_links)
    said = [token.content for token in tokens if token.type == "text"]
    assert [one for one in said if REFERENCES.search(one)] == []
    assert not invisible_characters(text)
