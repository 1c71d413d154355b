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


SERVERS = ("sde.example.com", "sde.example.net")


@pytest.fixture(scope="module")
def sarif_files(tmp_path_factory) -> dict[str, Path]:
    """A file for each sample, one for each of two servers, and a broken one."""
    folder = tmp_path_factory.mktemp("sarif")
    reports = {name: getattr(sample_reports, name)() for name in SMALL_REPORTS}
    for server in SERVERS:
        reports[server] = json.loads(json.dumps(sample_reports.small()).replace(sample_reports.SERVER, server))
    files = {name: folder / f"{name}.sarif" for name in [*reports, "broken"]}
    for name, document in reports.items():
        write_reports(document, {"sarif": str(files[name])})
    files["broken"].write_text(files["small"].read_text().replace('"fullDescription"', '"properties"'))
    return files


def test_sarif_validator(checker, sarif_files):
    """One run for all files, since the validator starts slowly."""
    messages = sarif_validator_messages(checker, *sarif_files.values())
    assert messages and [message for message in messages if "broken.sarif" not in message] == []


def test_sarif_files_of_two_servers_have_different_ids(sarif_files):
    """GitHub takes them in one upload, if their ids differ in more than punctuation and case."""
    runs = [json.loads(sarif_files[server].read_text())["runs"] for server in SERVERS]
    ids = [run["automationDetails"]["id"] for [run] in runs]
    assert all(one.endswith("/") for one in ids)
    assert len({re.sub(r"\W", "_", one).upper() for one in ids}) == len(SERVERS)
