# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The task sde_connection_audit_merge, by the real ansible-playbook."""

from __future__ import annotations

import json

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


@pytest.fixture
def play(ansible, folder):
    """Run tasks, each of which may fail, and return their results and what was printed."""

    def run(tasks: list[dict], *arguments: str) -> tuple[list[dict], str]:
        named = [{TASK: one, "register": f"result{number}", "ignore_errors": True} for number, one in enumerate(tasks)]
        tasks = [*named, printing([one["register"] for one in named])]
        playbook = folder / "play.yml"
        playbook.write_text(
            yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]), encoding="utf-8"
        )
        printed = ansible("ansible-playbook", playbook, *arguments, cwd=folder).stdout
        return printed_results(printed), printed

    return run


def test_reports_and_verdict(play, folder):
    wanted = {
        "report_files": ["reports/*.json", "reports/eu.json"],
        "reports": {"json": "merged/all.json", "html": "merged/all.html"},
    }
    (merged, lenient), _printed = play([wanted, {"report_files": "reports/*.json", "fail_on": "critical"}])
    assert merged["failed"] and merged["changed"] and merged["verdict"] == "fail"
    assert merged["msg"].startswith("SD Elements audit of 2 servers failed: 1 finding of high or higher (1 high); ")
    assert merged["servers"] == ["eu", "us"] and merged["missing_servers"] == []
    assert sorted(merged["report_files"]) == [str(folder / "merged" / name) for name in ("all.html", "all.json")]
    stored = json.loads((folder / "merged" / "all.json").read_text(encoding="utf-8"))
    assert merged["msg"].startswith(f"{stored['summary']['message']} Policies: starter, our_policy.yml. Reports: ")
    assert not lenient["failed"] and not lenient["changed"] and lenient["verdict_counts"] == merged["verdict_counts"]


def test_check_mode_writes_nothing(play, folder):
    (merged,), _printed = play([{"report_files": ["reports/*.json"], "reports": {"json": "merged.json"}}], "--check")
    assert merged["verdict"] == "fail" and merged["report_files"] == [] and not merged["changed"]
    assert not (folder / "merged.json").exists()


def test_what_is_wrong_is_said(play, folder):
    wrong = [{"report_files": yaml.safe_load(text.format(folder=folder))} for text in WRONG]
    results, printed = play([*wrong, {"report_files": ["reports/*.json"], "report": {}}, {}])
    *said, unknown, without = results
    for result, message in zip(said, WRONG.values(), strict=True):
        assert result["failed"] and result["failure"]["kind"] == "option"
        assert message in result["msg"]
    assert "Unsupported parameters" in unknown["msg"] and "report. Supported" in unknown["msg"]
    assert without["msg"] == "missing required arguments: report_files"
    assert "CANARY" not in printed


@pytest.mark.parametrize("hosts, status", [("eu", 0), ("EU", 0), ("prdo", 2), ("eu:&none", 2), ("all", 2)])
def test_servers_of_the_inventory(ansible, folder, hosts, status):
    inventory = folder / "servers.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": {"eu": {}, "EU": {}, "missing": {}}}}), encoding="utf-8")
    given = json.dumps({"sde_report_files": ["reports/eu.json"], "sde_report_dir": "merged", "sde_hosts": hosts})
    playbook = "securitycompass.sdelements.merge_reports"
    run = ansible("ansible-playbook", "-i", inventory, playbook, "-e", given, cwd=folder)
    assert run.returncode == status, run.stdout
