# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit's reports, checked by the schemas and validators of those who read them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import xmlschema

from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.junit import render as render_junit
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.sarif import render as render_sarif
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.write import write_reports
from tests import sample_reports
from tests.report_readers import sarif_validator_messages

# Validators are slow under coverage, and tests/unit covers what makes the reports.
pytestmark = pytest.mark.no_cover

SMALL_REPORTS = ("small", "passed", "empty", "broken_loop", "hostile", "merged", "failed")


@pytest.fixture(params=SMALL_REPORTS)
def report(request):
    return getattr(sample_reports, request.param)()


@pytest.fixture(scope="module")
def junit_schema(checker) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(checker("junit-10.xsd"))


@pytest.fixture(scope="module")
def sarif_schema(checker) -> jsonschema.Draft202012Validator:
    path = Path(checker("@microsoft/sarif-multitool-linux/sarif-2.1.0.json"))
    return jsonschema.Draft202012Validator(json.loads(path.read_text(encoding="utf-8-sig")))


def test_junit_schema(report, junit_schema):
    junit_schema.validate(render_junit(report))


def test_junit_schema_tells_wrong_reports(junit_schema):
    assert not junit_schema.is_valid(render_junit(sample_reports.small()).replace(" failures=", " failed="))


def test_sarif_schema(report, sarif_schema):
    for one in (report, {**report, "summary": {**report["summary"], "inconclusive": "fail"}}):
        sarif_schema.validate(json.loads(render_sarif(one)))


def test_sarif_validator_accepts_files_of_two_servers(checker, tmp_path):
    """GitHub takes them in one upload, if their ids differ in more than punctuation and case."""
    files, ids = [], set()
    for server in ("sde.example.com", "sde.example.net"):
        text = json.dumps(sample_reports.small()).replace(sample_reports.SERVER, server)
        files.append(tmp_path / f"{server}.sarif")
        write_reports(json.loads(text), {"sarif": str(files[-1])})
        [run] = json.loads(files[-1].read_text())["runs"]
        ids.add(re.sub(r"\W", "_", run["automationDetails"]["id"]).upper())
        assert run["automationDetails"]["id"].endswith("/")
    assert len(ids) == len(files)
    assert sarif_validator_messages(checker, *files) == []


def test_sarif_validator(checker, tmp_path):
    files = []
    for name in SMALL_REPORTS:
        files.append(tmp_path / f"{name}.sarif")
        write_reports(getattr(sample_reports, name)(), {"sarif": str(files[-1])})
    assert sarif_validator_messages(checker, *files) == []
    broken = tmp_path / "broken.sarif"
    broken.write_text(files[0].read_text().replace('"fullDescription"', '"properties"'))
    assert sarif_validator_messages(checker, broken) != []
