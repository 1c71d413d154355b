# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks, by the real ansible-playbook: normally, in check mode, and without a warning."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.demo_server import GENERATIONS
from tests.support import access, forward_proxy

MODES = pytest.mark.parametrize("mode", [[], ["--check"]], ids=["run", "check"])


def assert_clean(run: subprocess.CompletedProcess, status: int = 0) -> None:
    assert run.returncode == status, run.stdout
    assert "WARNING" not in run.stdout and "DEPRECAT" not in run.stdout, run.stdout


@pytest.fixture
def play(ansible):
    """Run a playbook of the collection against a server."""

    def run(name: str, server, *arguments, **environment):
        name = name if "/" in name else f"securitycompass.sdelements.{name}"
        return ansible("ansible-playbook", name, *arguments, **{**access(server), **environment})

    return run


@MODES
def test_list_connections(start, play, mode):
    server = start("5.2")
    run = play("list_connections", server, *mode, ANSIBLE_CALLBACK_RESULT_FORMAT="yaml")
    assert_clean(run)
    rows = [line.split()[:2] for line in run.stdout.splitlines() if line.startswith(("        alm ", "        analysis "))]
    assert rows == [[kind, str(record["id"])] for kind in ("alm", "analysis") for record in server.records(kind)]


@MODES
def test_find_connections(start, play, mode):
    server = start("newest", filters="ignored")
    run = play("find_connections", server, "-e", "sde_system=rally", *mode, ANSIBLE_CALLBACK_RESULT_FORMAT="yaml")
    assert_clean(run)
    rows = [line.split()[:2] for line in run.stdout.splitlines() if line.startswith("        alm ")]
    expected = [record for record in server.records("alm") if record["system_id"] == "rally"]
    assert rows == [["alm", str(record["id"])] for record in expected]


@MODES
def test_check_finds_what_is_wrong(start, play, mode):
    server = start("5.2")
    run = play("check_connections", server, *mode)
    assert_clean(run, status=2)
    records = server.records("alm") + server.records("analysis")
    manual = ", ".join(record["alias"] for record in records if record["frequency"] == "manually")
    failed = ", ".join(one["alias"] for one in records if one["last_job"] and not one["last_job"]["succeeded"])
    assert f"Not on a schedule: {manual}" in run.stdout
    assert f"Last synchronisation failed: {failed}" in run.stdout
    assert "Without TLS: Payments API to JIRA" in run.stdout and "Telematics Gateway dynamic scan" in run.stdout


@MODES
def test_check_passes_on_good_connections(start, play, mode):
    job = {"id": 1, "last_run": "2026-11-01T00:00:00Z", "succeeded": True, "ready": True, "automatic": True}
    good = {"id": 1, "alias": "good", "frequency": "daily", "last_job": {**job, "result_message": "", "user": None}}
    alm = {**good, "kind": "alm", "system": "JIRA", "params": {"alm_method": "https", "alm_server": "jira.example.com"}}
    analysis = {**good, "kind": "analysis", "system": "Veracode", "params": {"analysis_server": "v.example.com"}}
    run = play("check_connections", start("5.2", dataset=[alm, analysis]), *mode)
    assert_clean(run)
    assert "2 connections keep all rules." in run.stdout


def test_check_does_not_pass_what_it_cannot_see(start, play):
    server = start("5.2")
    run = play("check_connections", server, SDE_API_KEY=server.limited_token)
    assert_clean(run, status=2)
    assert "Parameters that the token may not see: Rally Integration" in run.stdout


def test_egress_allow_list(start, play, tmp_path):
    server = start("5.2")
    target = tmp_path / "allow.txt"
    check = play("egress_allow_list", server, "-e", f"sde_allow_list={target}", "--check")
    assert_clean(check)
    assert "changed=1" in check.stdout and not target.exists()
    assert_clean(play("egress_allow_list", server, "-e", f"sde_allow_list={target}"))
    lines = target.read_text().splitlines()
    assert {"rally1.rallydev.com 443", "jira.example.com 80", "wi.fleet.example.org 8083"} <= set(lines)
    assert '# through the remote integration agent: alm 8 "Quote Engine tickets"' in lines
    assert not any("UNKNOWN" in line for line in lines)
    again = play("egress_allow_list", server, "-e", f"sde_allow_list={target}")
    assert "changed=0" in again.stdout


def test_egress_allow_list_names_what_it_cannot_see(start, play, tmp_path):
    hostile = {"kind": "alm", "id": 1, "alias": "two\nlines {{ 7 * 7 }}", "system": "JIRA"}
    dataset = [{**hostile, "params": {"alm_server": "a b\n0.0.0.0 443"}}]
    server = start("newest", dataset=dataset)
    target = tmp_path / "allow.txt"
    for token in (server.token, server.limited_token):
        assert_clean(play("egress_allow_list", server, "-e", f"sde_allow_list={target}", SDE_API_KEY=token))
        lines = [line for line in target.read_text().splitlines() if line]
        assert lines[1:] == [r'# UNKNOWN, the token may not see the server: alm 1 "two\nlines {{ 7 * 7 }}"']


@pytest.mark.parametrize("generation", GENERATIONS)
def test_five_facts_on_every_generation(start, play, generation):
    assert_clean(play("tests/playbooks/five_facts.yml", start(generation)))


def test_demo(tmp_path):
    """What 'make demo' runs."""
    run = subprocess.run([sys.executable, "-m", "tests.demo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "The rendered allow-list lies in build/demo/egress_allow_list.txt." in run.stdout
    assert "WARNING" not in run.stdout + run.stderr


def test_demo_on_a_live_server(start, monkeypatch):
    server = start("3.2")
    command = [sys.executable, "-m", "tests.demo"]
    monkeypatch.setenv("LIVE", "1")
    without = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (without.returncode, "set SDE_HOST and SDE_API_KEY" in without.stderr) == (2, True)
    for name, value in access(server).items():
        monkeypatch.setenv(name, value)
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert {request.method for request in server.requests} == {"GET"}


PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - securitycompass.sdelements.sde_alm_connection_info:
        {options}
      {keywords}
      register: result
    - ansible.builtin.copy:
        content: "{{{{ result | to_json }}}}"
        dest: "{target}"
        mode: "0600"
"""


@pytest.fixture
def result_of(play, tmp_path):
    """A task's result, as a later task sees it, and what ansible-playbook printed."""

    def run(server, options: str = "{}", keywords: str = "ignore_errors: true", **environment):
        playbook, target = tmp_path / "play.yml", tmp_path / "result.json"
        playbook.write_text(PLAY.format(options=options, keywords=keywords, target=target))
        printed = play(str(playbook), server, **environment).stdout
        return json.loads(target.read_text()), printed

    return run


def test_proxy_of_a_task(start, result_of):
    server = start()
    with forward_proxy(server) as proxy:
        keywords = f'environment: {{http_proxy: "{proxy.url}", SDE_ALLOW_INSECURE_HTTP: "yes"}}'
        result, printed = result_of(server, "{url: 'http://sde.example.com'}", keywords)
        assert result["count"] == 30, printed
        assert proxy.asked == ["http://sde.example.com/api/v2/connections/alm/"]


def test_secrets_that_are_asked_for(start, result_of):
    result, printed = result_of(start(), "{id: 1, include_secrets: true}", "no_log: true")
    assert result["connections"][0]["params"]["alm_pass"] == "rally_password"
    assert "rally_password" not in printed
    # The value 7 is a priority here and a password elsewhere: nothing is masked by value.
    assert result["connections"][0]["params"]["sde_min_priority"] == 7


def test_failure(start, result_of):
    result, printed = result_of(start(), "{api_token: not-the-token}")
    assert result["failure"]["kind"] == "authentication"
    assert "was answered with 401: Invalid token. Check api_token" in printed
