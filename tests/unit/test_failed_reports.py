# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports of an audit that could not be completed: none of them looks like one of an audit without findings."""

from __future__ import annotations

import json
import re
from unittest.mock import Mock

import pytest
from ansible.errors import AnsibleConnectionFailure

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import (
    OptionError,
    SDElementsError,
    TaskError,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.failure import failure_reported
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.merge import (
    MergeOptions,
    merge_reports,
    validate_source,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.report_checks import (
    validate_baseline,
    validate_report,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.task import (
    AUDIT_ARGUMENTS,
    MERGE_ARGUMENTS,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.write import FORMATS
from tests import sample_reports
from tests.report_readers import (
    assert_harmless,
    assert_schema_describes,
    invisible_characters,
    junit_cases,
    junit_outcomes,
    markdown_tables,
)

OPTIONS = MergeOptions(None, None, None)


@pytest.fixture
def failed():
    return sample_reports.failed()


def test_json_report_has_the_verdict_error(failed):
    assert_schema_describes(json.loads(FORMATS["json"](failed)))
    assert validate_report(failed, "report_files", "f.json")["summary"]["verdict"] == "error"
    assert failed["summary"]["fail_on"] == "info" and not any(failed["summary"]["verdict_counts"].values())


def test_junit_has_one_error(failed):
    text = FORMATS["junit"](failed)
    (case,) = junit_cases(text)
    assert junit_outcomes(text) == {"error": 1} and case.name == "sde.example.com"
    assert "could not be completed: Invalid policy (1 error): our_policy.yml" in case.result[0].message


def test_sarif_run_is_not_successful(failed):
    (run,) = json.loads(FORMATS["sarif"](failed))["runs"]
    (invocation,) = run["invocations"]
    (notification,) = invocation["toolExecutionNotifications"]
    descriptors = run["tool"]["driver"]["notifications"]
    assert invocation["executionSuccessful"] is False and run["results"] == []
    assert descriptors[notification["descriptor"]["index"]]["id"] == notification["descriptor"]["id"] == "failed-audit"
    assert notification["level"] == "error" and "could not be completed" in notification["message"]["text"]
    # It replaces the earlier analysis of the same server.
    of_success = json.loads(FORMATS["sarif"](sample_reports.small()))["runs"][0]
    assert run["automationDetails"] == of_success["automationDetails"]


def test_markdown_says_so_without_counts(failed):
    text = FORMATS["markdown"](failed)
    assert text.startswith(
        "## SD Elements connection audit: could not be completed\n\nSD Elements audit of `sde.example.com`"
    )
    assert markdown_tables(text) == [] and "Invalid policy" in text
    assert_harmless(text)


def test_html_says_so_without_numbers(failed):
    text = FORMATS["html"](failed)
    assert "<title>Could not be completed: SD Elements connection audit of sde.example.com, " in text
    assert re.search(r"<h1>.*#icon-error.*Audit of sde\.example\.com could not be completed</bdi>", text)
    assert "Nothing was audited." in text and "Invalid policy (1 error):</bdi>" in text
    assert "<li><bdi>our_policy.yml: rule " in text
    assert 'id="data"' not in text and 'id="findings"' not in text and "#findings" not in text.partition("<body>")[2]
    assert "Passed" not in text and "<img src=x" not in text
    assert len(re.findall("<script>", text)) == 1


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_has_invisible_characters(failed, name):
    assert invisible_characters(FORMATS[name](failed)) <= {"\ufeff", "\r"}


def test_baseline_must_be_of_an_audit_that_was_made(failed):
    assert validate_baseline(sample_reports.small(), "b.json")["summary"]["verdict"] == "fail"
    with pytest.raises(OptionError, match=r"baseline: b\.json is the report of an audit that could not be completed\."):
        validate_baseline(failed, "b.json")


def source(report: dict, server: str | None, name: str):
    text = json.dumps({**report, "servers": [server] if server else [], "server_urls": {}})
    return validate_source(json.loads(text), name)


def test_failed_audits_are_missing_when_merging(failed):
    made = source(sample_reports.small(), sample_reports.SERVER, "a.json")
    others = [source(failed, "other", "b.json"), source(failed, None, "c.json")]
    merged = merge_reports([made, *others], ["other", "third"], OPTIONS)
    assert merged["missing_servers"] == ["other", "third", "c.json"] and merged["summary"]["verdict"] == "fail"
    assert merged["servers"] == [sample_reports.SERVER]
    # Its options are not stricter than those of the others.
    assert merged["summary"]["fail_on"] == made.report["summary"]["fail_on"]


def test_failed_audits_are_of_the_same_run_and_of_other_servers(failed):
    server = sample_reports.SERVER
    made = source(sample_reports.small(), server, "a.json")
    with pytest.raises(OptionError, match=r"a\.json and b\.json both contain sde\.example\.com\."):
        merge_reports([made, source(failed, server, "b.json")], [], OPTIONS)
    old = {**failed, "audited_at": "2026-01-01T00:00:00Z"}
    with pytest.raises(OptionError, match="more than 20 hours apart"):
        merge_reports([made, source(old, "two", "b.json")], [], OPTIONS)


def test_failed_audits_alone_cannot_be_merged(failed):
    with pytest.raises(OptionError, match=r"no audit could be made\. b\.json: SD Elements audit of sde\.example\.com "):
        merge_reports([source(failed, "one", "b.json")], [], OPTIONS)


# ---------------------------------------------------------------------------------------------------------------
# What makes an audit impossible


class NoFiles:
    """The files of a task that has none."""

    def find(self, option: str, name: str) -> str:
        raise OptionError(f"{option}: {name} not found.")


def result_of_failure(error: BaseException, spec: dict, arguments: dict) -> dict:
    """The result of a task whose work raises the error."""
    return failure_reported(Mock(side_effect=error), spec, arguments, NoFiles(), check_mode=False)


@pytest.mark.parametrize(
    "error, sentence, servers",
    [
        (ValueError("hunter2"), "securitycompass.sdelements failed unexpectedly (ValueError).", []),
        (
            TaskError({"msg": "Failed.", "failure": {"url": "https://a.example:8443/api/"}}),
            "Failed.",
            ["a.example:8443"],
        ),
        (TaskError({}), "Another task failed.", []),
        (SDElementsError("tls", "No trust.", url="https://sde.example.com/api/v2/"), "No trust.", ["sde.example.com"]),
    ],
)
@pytest.mark.parametrize("spec", [AUDIT_ARGUMENTS, MERGE_ARGUMENTS], ids=["audit", "merge"])
def test_error_is_reported(tmp_path, spec, error, sentence, servers):
    path, folder = tmp_path / "r.json", tmp_path / "folder"
    folder.mkdir()
    arguments = {"reports": {"html": str(folder), "json": str(path)}, "baseline": "absent.json"}
    result = result_of_failure(error, spec, arguments)
    assert result["failed"] and result["report_files"] == [str(path)]
    report = validate_report(json.loads(path.read_text()), "report_files", path.name)
    assert f"could not be completed: {sentence}" in report["summary"]["message"]
    assert report["servers"] == servers
    assert "hunter2" not in path.read_text()


@pytest.mark.parametrize(
    "error, sentence",
    [
        (AnsibleConnectionFailure("hunter2"), "The host of the task is unreachable."),
        (KeyboardInterrupt("hunter2"), "The task was interrupted (KeyboardInterrupt)."),
    ],
)
def test_error_of_ansible_core_is_reported_and_raised(tmp_path, error, sentence):
    path = tmp_path / "r.json"
    with pytest.raises(type(error)):
        result_of_failure(error, AUDIT_ARGUMENTS, {"reports": {"json": str(path)}})
    assert f"could not be completed: {sentence}" in json.loads(path.read_text())["summary"]["message"]
    assert "hunter2" not in path.read_text()


def test_options_of_the_task_are_in_the_report(tmp_path):
    path = tmp_path / "r.json"
    arguments = {
        "server": "https://sde.example.com/sde",
        "policy": "starter,own.yml",
        "fail_on": "low",
        "inconclusive": "wrong",
        "vacuous": "fail",
        "reports": {"json": str(path)},
    }
    assert result_of_failure(OptionError("Wrong."), AUDIT_ARGUMENTS, arguments)["msg"] == "Wrong."
    report = json.loads(path.read_text())
    summary = report["summary"]
    assert report["server_urls"] == {"sde.example.com": "https://sde.example.com/sde"}
    assert report["policies"] == ["starter", "own.yml"]
    assert (summary["fail_on"], summary["inconclusive"], summary["vacuous"]) == ("low", "warn", "fail")


@pytest.mark.parametrize("reports", [None, "json", [], {"pdf": "a.pdf"}, {"json": None}])
def test_reports_that_have_no_path(tmp_path, monkeypatch, reports):
    monkeypatch.chdir(tmp_path)
    result = result_of_failure(OptionError("Wrong."), AUDIT_ARGUMENTS, {"reports": reports})
    assert (result["msg"], result["report_files"]) == ("Wrong.", [])
    assert list(tmp_path.iterdir()) == []
