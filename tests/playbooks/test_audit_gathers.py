# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The task sde_connection_audit without given connections: it gathers them, in its process or by the info modules."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
import yaml

from tests.support import access, listening, printed_results, printing

PLUGINS = str(Path(__file__).parent / "connection_plugins")
AUDIT = "securitycompass.sdelements.sde_connection_audit"
IN_PROCESS: dict = {}
AS_MODULE = {"environment": {"SOME_VARIABLE": "makes it a module"}}
ELSEWHERE = {"vars": {"ansible_connection": "elsewhere"}}
WAYS = {"in-process": IN_PROCESS, "module": AS_MODULE, "elsewhere": ELSEWHERE}


@pytest.fixture
def run_tasks(ansible, tmp_path):
    """Run these tasks; return their results and the output."""

    def run(tasks: list[dict], *arguments, **environment) -> tuple[list[dict], str]:
        names = [f"result{number}" for number in range(len(tasks))]
        steps = [{**task, "register": name, "ignore_errors": True} for task, name in zip(tasks, names, strict=True)]
        play = {"hosts": "localhost", "gather_facts": False, "tasks": [*steps, printing(names)]}
        playbook = tmp_path / "play.yml"
        playbook.write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
        environment = {"ANSIBLE_CONNECTION_PLUGINS": PLUGINS, **environment}
        printed = ansible("ansible-playbook", playbook, *arguments, cwd=tmp_path, **environment).stdout
        return printed_results(printed), printed

    return run


def without_output(result: dict) -> dict:
    """The result without what ansible-core adds about the run."""
    return {key: value for key, value in result.items() if key not in ("exception", "deprecations")}


def test_every_way_has_the_same_result(start, run_tasks):
    server = start("5.2")
    address = server.url.partition("://")[2]
    info = [
        {f"securitycompass.sdelements.sde_{kind}_connection_info": {"include_last_job": True}}
        for kind in ("alm", "analysis")
    ]
    given = {AUDIT: {"connections": "{{ result0.connections + result1.connections }}", "server": address}}
    tasks = [*info, given, *({AUDIT: {}, **how} for how in WAYS.values())]
    found, printed = run_tasks(tasks, "-vvv", **access(server))
    expected, *ways = map(without_output, found[2:])
    assert len(expected["findings"]) > 20
    assert ways == [expected] * len(WAYS)
    assert printed.count("sde_connection_audit runs in the process of ansible-core") == 1
    assert "sde_connection_audit runs as a module: its connection is elsewhere" in printed
    assert server.token not in printed


def test_options_reach_the_server(start, run_tasks):
    server = start("5.2")
    paths = [{"kinds": ["alm"], "page_size": 10, "url": server.url, "token": server.token}, {"kinds": ["analysis"]}]
    defaults = {"module_defaults": {"group/securitycompass.sdelements.sdelements": {"url": server.url}}}
    tasks = [{AUDIT: paths[0], **how} for how in (IN_PROCESS, AS_MODULE)] + [{AUDIT: paths[1], **defaults}]
    found, _printed = run_tasks(tasks, SDE_API_KEY=server.token)
    assert [" 30 connections" in one["msg"] for one in found] == [True, True, False], found
    assert {request.path for request in server.requests[:-1]} == {"/api/v2/connections/alm/"}
    assert all("include=last_job" in request.query for request in server.requests)
    assert [request.query.count("page_size=10") for request in server.requests[:-1]] == [1] * (len(server.requests) - 1)


def test_failures_are_those_of_the_modules(start, run_tasks):
    server = start("5.2")
    no_server = {"url": "http://127.0.0.1:9", "api_token": server.token, "retries": 0}
    wrong_token = {"url": server.url, "api_token": "CANARY-not-the-token"}
    cases = [no_server, wrong_token, {**wrong_token, "timeout": 0}, {**wrong_token, "url": "ftp://sde.example.com"}]
    tasks = [
        task
        for case in cases
        for task in (
            {"securitycompass.sdelements.sde_alm_connection_info": case},
            {AUDIT: {**case, "kinds": ["alm"]}},
            {AUDIT: case, **AS_MODULE},
        )
    ]
    found, printed = run_tasks(tasks, "-vvv")
    kinds = [one["failure"]["kind"] for one in found]
    assert kinds == ["refused"] * 3 + ["authentication"] * 3 + ["option"] * 6
    for module, in_process, as_module in zip(*(found[start::3] for start in range(3)), strict=True):
        assert [one["msg"] for one in (in_process, as_module)] == [module["msg"]] * 2
        assert "verdict" not in in_process and in_process["failure"] == as_module["failure"] == module["failure"]
    assert "CANARY" not in printed


def test_hidden_parameters_are_inconclusive(start, run_tasks):
    server = start("5.2")
    limited = {"url": server.url, "api_token": server.limited_token, "kinds": ["alm"]}
    found, _printed = run_tasks(
        [{AUDIT: {**limited, "inconclusive": "fail"}, **how} for how in (IN_PROCESS, AS_MODULE)]
    )
    assert without_output(found[0]) == without_output(found[1])
    assert found[0]["verdict_counts"]["inconclusive"] > 0 and found[0]["verdict"] == "fail"
    assert not [one for one in found[0]["findings"] if one["rule"] == "tls" and one["verdict"] != "inconclusive"]


OPTION_ERRORS = [
    ({"kinds": ["alm"], "connections": []}, "kinds requires that the task gathers connections. Remove kinds,"),
    ({"kinds": []}, "kinds is an empty list. Use alm or analysis,"),
    ({"kinds": ["jira"]}, "value of kinds must be one or more of: alm, analysis. Got no match for: jira"),
    ({"alias": "x"}, "Unsupported parameters for (securitycompass.sdelements.sde_connection_audit) module: alias."),
    ({"policy": ["missing.yml"]}, "policy: file missing.yml not found"),
    ({"connections_file": ""}, "connections_file is empty. Leave it out to gather the connections."),
]


def test_option_errors_come_before_any_request(start, run_tasks):
    server = start("5.2")
    found, _printed = run_tasks([{AUDIT: options} for options, _message in OPTION_ERRORS], **access(server))
    for result, (_options, message) in zip(found, OPTION_ERRORS, strict=True):
        assert message in result["msg"] and result["failed"]
    assert server.requests == []


def test_null_options_are_not_set(start, run_tasks):
    unset = dict.fromkeys(["kinds", "connections", "connections_file", "fail_on", "reports", "page_size"])
    (found,), _printed = run_tasks([{AUDIT: unset}], **access(start("5.2")))
    assert " 50 connections" in found["msg"]


def test_secrets_of_the_server_are_nowhere(start, run_tasks, tmp_path):
    secret = {"alm_pass": "CANARYx1", "alm_custom": {"note": "password=CANARYx2"}}
    record = {"kind": "alm", "id": 1, "alias": "https://me:CANARYx3@h.example/", "system": "JIRA", "params": secret}
    server = start("5.2", dataset=[record])
    reports = {name: f"report.{name}" for name in ("json", "junit", "sarif", "markdown", "html", "csv")}
    tasks = [{AUDIT: {"reports": reports}, **how} for how in WAYS.values()]
    found, printed = run_tasks(tasks, "-vvv", **access(server))
    assert all(one["verdict"] for one in found)
    texts = [printed, json.dumps(found), *((tmp_path / name).read_text(encoding="utf-8") for name in reports.values())]
    assert not [text for text in texts if "CANARY" in text or server.token in text]


def test_both_kinds_are_gathered_in_parallel(run_tasks):
    both = threading.Barrier(2, timeout=20)

    def answer(path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        both.wait()  # an error, and so no answer, unless the other kind is asked for as well
        return 200, json.dumps({"count": 0, "next": None, "results": []}).encode()

    with listening(answer) as server:
        (found,), _printed = run_tasks([{AUDIT: {"url": server.url, "api_token": server.token, "retries": 0}}])
    assert found["verdict"] == "pass" and len(server.asked) == 2


def test_unreachable_host(start, run_tasks):
    task = {AUDIT: {}, "ignore_unreachable": True, "vars": {"ansible_connection": "ssh", "ansible_port": 9}}
    (found,), printed = run_tasks([task], **access(start("5.2")))
    assert found["unreachable"] is True and "internal" not in printed
