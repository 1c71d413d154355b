# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of audits that could not be completed, by the real ansible-playbook: they replace those of an earlier run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.playbooks.test_audit_action import BAD, good
from tests.report_readers import REPORT_VALIDATOR
from tests.support import printed_results, printing

AUDIT = "securitycompass.sdelements.sde_connection_audit"
MERGE = f"{AUDIT}_merge"
SUFFIXES = {"json": "json", "junit": "xml", "sarif": "sarif", "markdown": "md", "html": "html", "csv": "csv"}
GOOD = {"policy": ["good.yml"], "connections": [good()], "server": "https://sde.example.com"}
GOOD_POLICY = "rules: [{id: a, title: A, severity: high, that: connection.id == 1}]"
BROKEN_POLICY = GOOD_POLICY.replace("high", "lo")
# How each audit differs from a good one, and a part of its message.
FAILURES: dict[str, tuple[dict[str, Any], str]] = {
    "broken_policy": (
        {"policy": ["broken.yml"]},
        "Invalid policy (1 error): broken.yml: rule a: severity must be one of",
    ),
    "no_policy": ({"policy": "absent.yml"}, "policy: file absent.yml not found"),
    "no_baseline": ({"baseline": "absent.json"}, "baseline: file absent.json not found"),
    "unreadable_baseline": ({"baseline": "broken.yml"}, "baseline: broken.yml is not an audit report."),
    "server_down": ({"connections": None, "url": "http://127.0.0.1:9", "allow_http": True}, "refused the connection"),
    "invalid_facts": ({"connections": [{}]}, "connections[0].kind must be alm or analysis."),
    "invalid_option": ({"fail_on": "hgih"}, "value of fail_on must be one of"),
    "unknown_option": ({"fial_on": "high"}, "Unsupported parameters"),
}
LAST = {"api_token": "Sup3rS3cretTokenValue", "retries": 0}


@pytest.fixture
def play(ansible, tmp_path):
    """Run tasks, and return their results."""

    def run(tasks: list[dict]) -> list[dict]:
        names = [f"result{number}" for number in range(len(tasks))]
        play = [{**task, "register": name, "ignore_errors": True} for name, task in zip(names, tasks, strict=True)] + [
            printing(names)
        ]
        playbook = tmp_path / "play.yml"
        playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": play}]))
        (tmp_path / "good.yml").write_text(GOOD_POLICY)
        (tmp_path / "broken.yml").write_text(BROKEN_POLICY)
        done = ansible("ansible-playbook", playbook, cwd=tmp_path)
        assert done.returncode == 0 and LAST["api_token"] not in done.stdout, done.stdout
        return printed_results(done.stdout)

    return run


def paths(folder: Path, **others: str) -> dict[str, str]:
    return {**{name: str(folder / f"audit.{suffix}") for name, suffix in SUFFIXES.items()}, **others}


def without_null(options: dict) -> dict:
    return {name: value for name, value in options.items() if value is not None}


def verdict(folder: Path) -> str:
    report = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    REPORT_VALIDATOR.validate(report)
    return report["summary"]["verdict"]


def test_failed_audit_replaces_reports(play, tmp_path):
    tasks = []
    for name, (changes, _message) in FAILURES.items():
        reports = paths(tmp_path / name)
        (tmp_path / name).mkdir()
        for path in reports.values():
            Path(path).write_text("of an earlier run", encoding="utf-8")
        tasks.append({AUDIT: without_null({**GOOD, **LAST, **changes, "reports": reports})})
    results = play(tasks)
    assert [one.get("verdict") for one in results] == [None] * len(FAILURES)
    for (name, (_changes, message)), failed in zip(FAILURES.items(), results, strict=True):
        report = json.loads((tmp_path / name / "audit.json").read_text(encoding="utf-8"))
        REPORT_VALIDATOR.validate(report)
        summary = report["summary"]
        assert summary["verdict"] == "error"
        assert message in " ".join(summary["message"].split()) and message in " ".join(failed["msg"].split())
        assert summary["message"].startswith("SD Elements audit of sde.example.com could not be completed: ")
        assert report["servers"] == ["sde.example.com"] and report["rules"] == report["findings"] == []
        texts = [path.read_text(encoding="utf-8") for path in (tmp_path / name).iterdir()]
        assert len(texts) == len(SUFFIXES) and all("could not be completed" in text for text in texts)
        assert LAST["api_token"] not in "".join(texts)


def test_which_reports_are_replaced(play, tmp_path):
    broken = {**GOOD, "policy": ["broken.yml"]}
    in_check_mode, misspelt, unwritable, baseline = (tmp_path / name for name in "abcd")
    (unwritable / "folder").mkdir(parents=True)
    results = play(
        [
            *({AUDIT: {**GOOD, "reports": paths(folder)}} for folder in (in_check_mode, misspelt, baseline)),
            {AUDIT: {**broken, "reports": paths(in_check_mode)}, "check_mode": True},
            {AUDIT: {**GOOD, "reports": {**paths(misspelt), "jnuit": "a.xml"}}},
            {AUDIT: {**GOOD, "reports": paths(unwritable, html=str(unwritable / "folder"))}},
            {AUDIT: {**broken, "baseline": paths(baseline)["json"], "reports": paths(baseline)}},
            # The first error is that of the policy, and not that of the report.
            {AUDIT: {**broken, "reports": {"json": str(unwritable / "folder")}}},
            {AUDIT: {**broken, "reports": "json"}},
        ]
    )
    assert verdict(in_check_mode) == "pass"
    assert verdict(misspelt) == "error" and "jnuit" in results[4]["msg"]
    # All of them are written or none, so this audit has failed.
    assert verdict(unwritable) == "error" and "exists and is not a regular file" in results[5]["msg"]
    assert verdict(baseline) == "pass" and 'errors="1"' in (baseline / "audit.xml").read_text()
    assert results[7]["failure"]["kind"] == results[6]["failure"]["kind"] == "policy"
    assert results[8]["failure"]["kind"] == "option"


def test_reports_of_failed_audits_as_input(play, tmp_path):
    files = {name: str(tmp_path / "in" / f"{name}.json") for name in ("good", "failed", "unnamed")}
    broken = {"policy": ["broken.yml"], "connections": []}
    merged, failed = paths(tmp_path / "merged"), paths(tmp_path / "failed")
    results = play(
        [
            {
                AUDIT: {
                    "policy": ["good.yml"],
                    "connections": [good(), BAD],
                    "server": "eu",
                    "fail_on": "never",
                    "reports": {"json": files["good"]},
                }
            },
            {AUDIT: {**broken, "server": "us", "reports": {"json": files["failed"]}}},
            {AUDIT: {**broken, "reports": {"json": files["unnamed"]}}},
            {MERGE: {"report_files": list(files.values()), "fail_on": "critical", "reports": merged}},
            {MERGE: {"report_files": [files["good"], "broken.yml"], "reports": merged}},
            {MERGE: {"report_files": [files["failed"]], "reports": failed}},
            {AUDIT: {**GOOD, "baseline": files["failed"]}},
        ]
    )
    of_all, of_broken, of_failed, compared = results[3:]
    assert of_all["verdict"] == "fail" and of_all["missing_servers"] == ["us", files["unnamed"]]
    assert re.search(r"2 servers have no report: us \(.+\), .+unnamed\.json \(.+\)\.", of_all["msg"])
    message = "could not be completed: Invalid policy (1 error): broken.yml: rule a: severity must be one of"
    assert f"{files['failed']}: SD Elements audit of us {message}" in of_all["warnings"][0]
    assert "broken.yml is not valid JSON" in of_broken["msg"] and verdict(tmp_path / "merged") == "error"
    assert f"report_files: no audit could be made. {files['failed']}: SD Elements audit of us" in of_failed["msg"]
    assert verdict(tmp_path / "failed") == "error"
    problem = f"baseline: {files['failed']} is the report of an audit that could not be completed."
    assert compared["msg"].startswith(f"{problem} Use the report of a completed audit of the same server.")
