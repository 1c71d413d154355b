# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many servers, audited in slices as AWX spreads them over execution nodes, and one report of all."""

from __future__ import annotations

import itertools
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.awx import EXTENSION, LOCALHOST_VARS, Job, read_yaml, runner
from tests.conftest import ROOT
from tests.report_readers import all_findings

TOKEN = "CANARY0000token0000token"
WRONG = "CANARY0000wrong0000token"
# The template that AWX cuts into slices.
(TEMPLATE,) = (
    one for one in read_yaml(EXTENSION / "vars" / "templates.yml")["_sde_awx_templates"] if "job_slice_count" in one
)
LOST = "sde-004"  # its token is wrong


# Few rules, so that the time goes into the servers.
POLICY = """
rules:
  - id: tls
    title: Traffic is encrypted
    severity: high
    needs: [params]
    that: (connection.params.alm_method | default(connection.params.analysis_method)) == 'https'
  - id: scheduled
    title: Every connection has a schedule
    severity: low
    that: connection.frequency != 'manually'
"""


def record(kind: str, number: int, method: str) -> dict:
    """A connection full of secrets."""
    params = {
        f"{kind}_server": "https://someone:CANARY0001@tool.example.com/?api_key=CANARY0002",
        f"{kind}_method": method,
        f"{kind}_pass": "CANARY0003",
        "custom_fields": json.dumps({"password": "CANARY0004"}),
    }
    return {
        "kind": kind,
        "id": number,
        "alias": f"{kind} {number}",
        "system": "JIRA",
        "frequency": "daily",
        "params": params,
    }


@pytest.fixture(params=[(5, 2), pytest.param((100, 3), marks=pytest.mark.slow)], ids=["5 in 2", "100 in 3"])
def fleet(request, start):
    """Address and token of each server, and the number of slices."""
    size, slices = request.param
    dataset = [record("alm", 1, "https"), record("alm", 2, "http"), record("analysis", 1, "https")]
    # Each has an address of its own: one server must not be audited twice.
    ages = itertools.cycle(("3.2", "5.2", "newest"))
    hosts = {f"sde-{number:03}": start(next(ages), dataset=dataset, token=TOKEN) for number in range(size)}
    tokens = {
        name: server.token if number % 2 else server.limited_token
        for number, (name, server) in enumerate(hosts.items())
    }
    return {name: server.url for name, server in hosts.items()}, {**tokens, LOST: WRONG}, slices


def inventory(urls: dict[str, str]) -> dict:
    return {"all": {"hosts": {name: {"sde_url": url} for name, url in urls.items()}, "vars": LOCALHOST_VARS}}


def sliced(hosts: dict[str, str], slices: int) -> dict[int, dict[str, str]]:
    """The hosts of each slice: AWX deals them out in the order of their names."""
    return {
        number: {name: hosts[name] for name in sorted(hosts)[number - 1 :: slices]} for number in range(1, slices + 1)
    }


def run_slice(folder: Path, number: int, urls: dict[str, str], tokens: dict[str, str]) -> Job:
    """One job of the sliced job: sent to a node, run there, and its events brought back."""
    node = folder / f"node{number}"
    answers = {
        "sde_report_dir": str(folder / "reports"),
        "sde_report_formats": ["json", "html"],
        "sde_policy": str(folder / "policy.yml"),
        "sde_audit_slice": TEMPLATE["extra_vars"]["sde_audit_slice"],
        "awx_job_id": number,
    }
    job = Job(folder / f"job{number}", project=ROOT / "playbooks", inventory=inventory(urls), **answers)
    job.credential(
        "SD Elements servers",
        runtime_folder=node,
        api_tokens="".join(f"{name}: {token}\n" for name, token in tokens.items()),
    )
    sent = runner("transmit", str(job.folder), "-p", TEMPLATE["playbook"], "-i", job.ident, "--forks", "10", stdin=b"")
    assert sent.returncode == 0, sent.stderr
    ran = runner("worker", "--private-data-dir", str(node), stdin=sent.stdout)
    # AWX knows only this stream, so the files that the node keeps do not matter.
    processed = runner("process", str(job.folder), "-i", job.ident, stdin=ran.stdout)
    assert b"PLAY RECAP" in processed.stdout, processed.stdout + processed.stderr + ran.stderr
    return job


# test_many_servers_at_a_desk does the same with two, on each release of ansible-core.
@pytest.mark.once
def test_many_servers_in_slices(fleet, tmp_path):
    urls, tokens, slices = fleet
    parts = sliced(urls, slices)
    reports = tmp_path / "reports"  # the folder that all nodes share
    (tmp_path / "policy.yml").write_text(POLICY, encoding="utf-8")
    with ThreadPoolExecutor(slices) as pool:
        jobs = list(pool.map(lambda number: run_slice(tmp_path, number, parts[number], tokens), parts))

    handed_on = {name: value for job in jobs for name, value in job.artifacts().items()}
    assert sorted(handed_on) == [f"sde_audit_slice_{number}" for number in parts]
    documents = {
        number: json.loads((reports / f"servers-{number}.json").read_text(encoding="utf-8")) for number in parts
    }
    for number, document in documents.items():
        expected = sorted(parts[number])
        assert sorted(document["servers"] + document["missing_servers"]) == expected
        assert handed_on[f"sde_audit_slice_{number}"]["message"].startswith(document["summary"]["message"])
        assert (reports / f"servers-{number}.html").stat().st_size > 0

    merge = Job(
        tmp_path / "merge",
        project=ROOT / "playbooks",
        inventory=inventory(urls),
        sde_report_dir=str(reports),
        **handed_on,
    )
    run = merge.run("playbooks/merge_reports.yml")
    assert run.returncode == 2, run.stdout
    merged = json.loads((reports / "audit.json").read_text(encoding="utf-8"))
    assert sorted(merged["servers"]) == sorted(set(urls) - {LOST})
    assert merged["missing_servers"] == [LOST]
    assert merged["summary"]["connections"] == 3 * (len(urls) - 1)
    for verdict, count in merged["summary"]["verdict_counts"].items():
        assert count == sum(document["summary"]["verdict_counts"][verdict] for document in documents.values())
    findings = all_findings(merged)
    assert (
        len({one["fingerprint"] for one in findings})
        == len(findings)
        == sum(merged["summary"]["verdict_counts"].values())
    )
    _counts, _separator, reason = merged["summary"]["message"].partition(f" 1 server has no report: {LOST} (")
    assert " 401: Invalid token." in reason
    assert merge.artifacts()["sde_audit"]["message"].startswith(merged["summary"]["message"])
    assert {path.name for path in reports.glob("audit.*")} == {
        f"audit.{suffix}" for suffix in ("csv", "html", "json", "md", "sarif", "xml")
    }

    written = {name: text for job in (*jobs, merge) for name, text in job.texts().items()}
    written |= {str(path): path.read_text(encoding="utf-8") for path in reports.rglob("*") if path.is_file()}
    assert len(written) > len(urls)
    assert [name for name, text in written.items() if "CANARY" in text] == []
    shutil.rmtree(tmp_path / "reports")


@pytest.mark.parametrize(
    "playbook, message",
    [
        (
            "merge_reports",
            "sde_report_files is required. Set it to the JSON reports, or run the playbook in a workflow",
        ),
        (
            "show_verdict",
            "sde_audit is not defined. Run the playbook in a workflow, after an audit. If you did,",
        ),
    ],
)
def test_nothing_handed_on(ansible, playbook, message):
    run = ansible("ansible-playbook", f"securitycompass.sdelements.{playbook}")
    assert run.returncode == 2 and message in run.stdout, run.stdout
