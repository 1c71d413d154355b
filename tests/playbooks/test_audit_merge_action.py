# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The task sde_connection_audit_merge, by the real ansible-playbook."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.sample_reports import connection, finding, report, rule
from tests.support import printed_results, printing

TASK = "securitycompass.sdelements.sde_connection_audit_merge"
TLS = rule("alm-tls", "ALM traffic is encrypted", "high")
# Arguments, and what the task says about them; {folder} holds the files.
WRONG = {
    "[]": "report_files is empty. Set it to the JSON reports",
    "[nowhere/*.json]": "report_files: no file matches nowhere/*.json (searched from ",
    "['{folder}/text.json']": "text.json is not valid JSON. Use a JSON report of sde_connection_audit.",
    "['{folder}/other.json']": "other.json is not an audit report. Use a JSON report of sde_connection_audit.",
}


@pytest.fixture
def folder(tmp_path):
    """Reports of two servers, and files that are none."""
    reports = tmp_path / "reports"
    reports.mkdir()
    for server, verdict in (("eu", "pass"), ("us", "fail")):
        about = connection("alm", 1, server)
        part = {**report([TLS], [about], [finding(TLS, about, verdict, "is not so")]), "servers": [server]}
        (reports / f"{server}.json").write_text(json.dumps(part), encoding="utf-8")
    (tmp_path / "text.json").write_text("CANARY: no JSON", encoding="utf-8")
    (tmp_path / "other.json").write_text('{"CANARY": 1}', encoding="utf-8")
    return tmp_path


def test_merges(ansible, folder):
    """All tasks in one run. Each may fail."""
    wanted = {
        "report_files": ["reports/*.json", "reports/eu.json"],
        "reports": {"json": "merged/all.json", "html": "merged/all.html"},
    }
    wrong = [{"report_files": yaml.safe_load(text.format(folder=folder))} for text in WRONG]
    merges = [
        wanted,
        {"report_files": "reports/*.json", "fail_on": "critical"},
        {"report_files": ["reports/*.json"], "reports": {"json": "unwritten.json"}},
        *wrong,
        {"report_files": ["reports/*.json"], "report": {}},
        {},
    ]
    tasks = [{TASK: one, "register": f"result{number}", "ignore_errors": True} for number, one in enumerate(merges)]
    tasks[2]["check_mode"] = True
    tasks.append(printing([one["register"] for one in tasks]))
    (folder / "play.yml").write_text(
        yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]), encoding="utf-8"
    )
    printed = ansible("ansible-playbook", folder / "play.yml", cwd=folder).stdout
    merged, lenient, checked, *failed = printed_results(printed)
    assert_merged(merged, lenient, folder)
    assert checked["verdict"] == "fail" and checked["report_files"] == [] and not checked["changed"]
    assert not (folder / "unwritten.json").exists()
    assert_what_is_wrong_is_said(failed)
    assert "CANARY" not in printed


def assert_merged(merged: dict, lenient: dict, folder: Path) -> None:
    assert merged["failed"] and merged["changed"] and merged["verdict"] == "fail"
    assert merged["msg"].startswith("SD Elements audit of 2 servers failed: 1 finding of high or higher (1 high); ")
    assert merged["servers"] == ["eu", "us"] and merged["missing_servers"] == []
    assert sorted(merged["report_files"]) == [str(folder / "merged" / name) for name in ("all.html", "all.json")]
    stored = json.loads((folder / "merged" / "all.json").read_text(encoding="utf-8"))
    assert merged["msg"].startswith(f"{stored['summary']['message']} Policies: starter, our_policy.yml. Reports: ")
    assert not lenient["failed"] and not lenient["changed"] and lenient["verdict_counts"] == merged["verdict_counts"]


def assert_what_is_wrong_is_said(results: list[dict]) -> None:
    *said, unknown, without = results
    for result, message in zip(said, WRONG.values(), strict=True):
        assert result["failed"] and result["failure"]["kind"] == "option"
        assert message in result["msg"]
    assert "Unsupported parameters" in unknown["msg"] and "report. Supported" in unknown["msg"]
    assert without["msg"] == "missing required arguments: report_files"


@pytest.mark.parametrize(
    "hosts, status",
    [
        pytest.param("eu", 0, marks=pytest.mark.slow),
        ("EU", 0),
        pytest.param("prdo", 2, marks=pytest.mark.slow),
        ("eu:&none", 2),
        ("all", 2),
    ],
)
def test_servers_of_the_inventory(ansible, folder, hosts, status):
    inventory = folder / "servers.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": {"eu": {}, "EU": {}, "missing": {}}}}), encoding="utf-8")
    given = json.dumps({"sde_report_files": ["reports/eu.json"], "sde_report_dir": "merged", "sde_hosts": hosts})
    playbook = "securitycompass.sdelements.merge_reports"
    run = ansible("ansible-playbook", "-i", inventory, playbook, "-e", given, cwd=folder)
    assert run.returncode == status, run.stdout
