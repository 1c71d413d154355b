# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The task sde_connection_audit without given connections: it gathers them, in its process or by the info modules."""

from __future__ import annotations

import json
import threading
import urllib.request
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
    info = [
        {f"securitycompass.sdelements.sde_{kind}_connection_info": {"include_last_job": True}}
        for kind in ("alm", "analysis")
    ]
    projects = {"securitycompass.sdelements.sde_project_info": {}}
    facts = {"connections": "{{ result0.connections + result1.connections }}", "projects": "{{ result2.projects }}"}
    given = {AUDIT: {**facts, "server": server.url}}
    tasks = [*info, projects, given, *({AUDIT: {}, **how} for how in WAYS.values())]
    found, printed = run_tasks(tasks, "-vvv", **access(server))
    expected, *ways = map(without_output, found[3:])
    assert len(expected["findings"]) > 20
    assert ways == [expected] * len(WAYS)
    assert printed.count("sde_connection_audit runs in the process of ansible-core") == 1
    assert "sde_connection_audit runs as a module: its connection is elsewhere" in printed
    assert server.token not in printed


def test_options_reach_the_server(start, run_tasks):
    server = start("5.2")
    options = {"kinds": ["alm"], "page_size": 10, "include_projects": False}
    paths = [{**options, "url": server.url, "token": server.token}, {"kinds": ["analysis"], "include_projects": False}]
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
    (
        {"include_projects": True, "connections": []},
        "include_projects requires that the task gathers connections. Remove include_projects, or connections",
    ),
    ({"projects": []}, "projects requires connections or connections_file. Add one, or remove projects."),
    ({"connectors": [], "kinds": ["alm"]}, "connectors requires connections or connections_file."),
    ({"connections": [], "projects": {}}, "projects must be a list, not dict. Use the projects that"),
    ({"connections": [], "projects": [{"name": "x"}]}, "projects[0] must be a mapping with an integer as id."),
    ({"connections": [], "projects": [{"id": 1, "name": 5}]}, "'name' of project 1 is of type int. Use the projects"),
    ({"connections": [], "projects": [{"id": 1, "name": "x"}] * 2}, "projects[1]: duplicate project 1."),
    ({"connections": [], "connectors": [{"id": 1, "kind": "jira"}]}, "connectors[0].kind must be alm or analysis."),
    (
        {
            "connections": [
                {"kind": "alm", "id": 1, "alias": None, "params": {}, "params_visible": True, "project": "x"}
            ]
        },
        "connections[0].project must be an integer or null.",
    ),
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
    connector = {"kind": "alm_connector", "id": 1, "name": "https://me:CANARYx4@h.example/", "params": secret}
    urls = {name: f"https://me:CANARYx-{name}@h.example/" for name in ("name", "url", "description")}
    project = {
        "kind": "project",
        "id": 1,
        **urls,
        "tags": [urls["url"]],
        "custom_attributes": {"api_token": "CANARYx5"},
    }
    unconnected = {**project, "id": 2}
    server = start("5.2", dataset=[{**record, "project": 1, "connector": 1}, connector, project, unconnected])
    policy = tmp_path / "policy.yml"
    policy.write_text(SHOWING_EVERYTHING, encoding="utf-8")
    reports = {name: f"report.{name}" for name in ("json", "junit", "sarif", "markdown", "html", "csv")}
    policies = ["starter", str(policy)]
    tasks = [{AUDIT: {"reports": reports, "policy": policies}, **how} for how in WAYS.values()]
    found, printed = run_tasks(tasks, "-vvv", **access(server))
    assert all({"shows-projects", "shows-connectors"} <= {of["rule"] for of in one["findings"]} for one in found)
    texts = [printed, json.dumps(found), *((tmp_path / name).read_text(encoding="utf-8") for name in reports.values())]
    assert not [text for text in texts if "CANARY" in text or server.token in text]


def test_both_kinds_are_gathered_in_parallel(run_tasks):
    both = threading.Barrier(3, timeout=20)  # with the projects

    def answer(path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        both.wait()  # an error, and so no answer, unless the others are asked for as well
        return 200, json.dumps({"count": 0, "next": None, "results": []}).encode()

    with listening(answer) as server:
        (found,), _printed = run_tasks([{AUDIT: {"url": server.url, "api_token": server.token, "retries": 0}}])
    assert found["verdict"] == "pass" and len(server.asked) == 3


def projects_of(result: dict) -> dict[str, list[int]]:
    """The projects of the findings, by verdict."""
    found: dict[str, list[int]] = {}
    for one in result["findings"]:
        found.setdefault(one["verdict"], []).extend(one["projects"])
    return found


def test_every_active_project_must_be_connected(start, run_tasks):
    """21 and 23 are archived; 1 has an analysis connection only, 22 and 24 none at all."""
    server = start("5.2")
    audit = {"rules": ["project-connected"], "fail_on": "medium"}
    excluded = [
        {"excluded_projects": ["train*"]},
        {"excluded_project_tags": ["sandbox"]},
        {"excluded_applications": [1]},
    ]
    tasks = [{AUDIT: audit, **how} for how in WAYS.values()]
    tasks += [{AUDIT: {**audit, "policy_vars": one}} for one in excluded]
    tasks += [
        {AUDIT: {**audit, "policy_vars": {"required_projects": [2, 22]}, "rules": ["required-project-connected"]}}
    ]
    tasks += [{AUDIT: {**audit, "api_token": server.limited_token}}]
    found, _printed = run_tasks(tasks, **access(server))
    every, *others = map(without_output, found)
    assert others[:2] == [every] * 2
    assert projects_of(every) == {"fail": [1, 22, 24]} and every["verdict_counts"]["not_applicable"] == 2
    assert every["findings"][1]["subject"] == 'project 22 "Claims Chatbot"'
    assert "24 projects seen." in every["msg"]
    assert [projects_of(one)["fail"] for one in others[2:6]] == [[1, 22], [1, 22], [22], [22]]
    # This token sees neither 14 and 15, which have connections, nor 23, which is archived.
    limited = others[6]
    assert (
        projects_of(limited) == {"fail": [1, 22, 24]}
        and "21 projects seen (2 with connections not seen)." in limited["msg"]
    )
    assert [one for one in limited["warnings"] if one.startswith("The token does not see 2 projects with connections,")]


NEEDS_OTHERS = """
rules:
  - {id: of-project, title: P, severity: high, that: "'pci' in connection.project_facts.tags", needs: [project_facts]}
  - {id: of-connector, title: C, severity: high, that: connection.connector_facts.name != ''}
  - {id: active-only, title: A, severity: high, when: connection.project_facts.archived, that: "false"}
  - {id: alm-only, title: A, severity: high, when: "connection.kind == 'alm'", that: projects | length > 0}
  - {id: connectors-used, title: U, severity: low, loop: connectors, label: item.kind ~ item.id,
     that: item.connections | length >= 0}
  - {id: message-only, title: M, severity: low, that: connection.id < 0, message: "{{ connection.project_facts.name }}"}
"""
SHOWING_EVERYTHING = """
rules:
  - {id: shows-projects, title: P, severity: low, loop: projects, label: item.id, affected: "[item]",
     message: "{{ item }}", that: item.id > 5}
  - {id: shows-connectors, title: C, severity: low, that: connection.connector_facts.id > 5,
     message: "{{ connection.connector_facts }} {{ connection.project_facts }}"}
"""


def denying(start, *denied: str):
    """A server that is the embedded API, but for lists that the token may not read."""
    behind = start("5.2")

    def answer(path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        if any(name in path for name in denied):
            return 403, b'{"detail": "You do not have permission to perform this action."}'
        kept = {name: headers[name] for name in ("Authorization", "Host", "Accept")}
        with urllib.request.urlopen(urllib.request.Request(behind.url + path, headers=kept)) as response:
            return response.status, response.read()

    return listening(answer), behind.token


def test_audit_without_permission_to_read_projects(start, run_tasks, tmp_path):
    policy = tmp_path / "policy.yml"
    policy.write_text(NEEDS_OTHERS, encoding="utf-8")
    listener, token = denying(start, "/projects/", "/connectors/analysis/")
    with listener as server:
        audit = {"url": server.url, "api_token": token, "policy": ["starter", "policy.yml"], "fail_on": "never"}
        found, _printed = run_tasks([{AUDIT: {**audit, "reports": {"json": "r.json"}}, **how} for how in WAYS.values()])
    first = without_output(found[0])
    assert [without_output(one) for one in found[1:]] == [first] * 2
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert (report["summary"]["projects"], report["projects"]) == (None, []) and "seen" not in first["msg"]
    verdicts: dict[str, dict[str, str]] = {}
    for one in [*report["findings"], *report["other_verdicts"]]:
        verdicts.setdefault(one["rule"], {})[one["verdict"]] = one["message"]
    projects, connectors = (f"the token may not read the {name}" for name in ("projects", "connectors"))
    assert verdicts["project-connected"] == {"inconclusive": projects}
    assert verdicts["of-project"] == verdicts["active-only"] == {"inconclusive": projects}
    assert verdicts["of-connector"] == verdicts["connectors-used"] == {"inconclusive": connectors}
    assert verdicts["alm-only"] == {"inconclusive": projects, "not_applicable": "connection.kind == 'alm' is false"}
    assert verdicts["message-only"].keys() == {"fail"}
    assert {
        f"Rules about projects are inconclusive: {projects}.",
        f"Rules about connectors are inconclusive: {connectors}.",
    } <= set(first["warnings"])


def test_other_failures_of_projects_fail_the_audit(start, run_tasks):
    behind = start("5.2", "status_500")
    found, _printed = run_tasks([{AUDIT: {"retries": 0}}, {AUDIT: {"retries": 0}, **AS_MODULE}], **access(behind))
    assert [one["failure"]["kind"] for one in found] == ["server_error"] * 2


@pytest.mark.parametrize("generation", ["3.2", "4.2"])
def test_older_releases_have_no_connectors(start, run_tasks, tmp_path, generation):
    policy = tmp_path / "policy.yml"
    policy.write_text(NEEDS_OTHERS, encoding="utf-8")
    options = {"policy": ["policy.yml"], "fail_on": "never", "rules": ["of-connector", "connectors-used"]}
    found, _printed = run_tasks([{AUDIT: options}, {AUDIT: options, **AS_MODULE}], **access(start(generation)))
    assert without_output(found[0]) == without_output(found[1])
    reasons = {one["message"] for one in found[0]["findings"] if one["verdict"] == "inconclusive"}
    assert reasons == ({"SD Elements has connectors from 4.2 on"} if generation == "3.2" else set())
    assert found[0]["verdict_counts"]["inconclusive"] == (51 if generation == "3.2" else 0)


def test_saved_facts_with_projects_and_connectors(start, run_tasks, tmp_path):
    """Saved facts of all resources have the verdicts of gathered ones, and without projects rules are inconclusive."""
    server = start("5.2")
    (tmp_path / "policy.yml").write_text(NEEDS_OTHERS, encoding="utf-8")
    names = ("sde_alm_connection_info", "sde_analysis_connection_info", "sde_project_info", "sde_alm_connector_info",
             "sde_analysis_connector_info")  # a line for each list # fmt: skip
    info = [{f"securitycompass.sdelements.{name}": {}} for name in names]
    saved = "{{ {'connections': result0.connections + result1.connections, 'projects': result2.projects,"
    saved += " 'connectors': result3.connectors + result4.connectors, 'endpoint': result0.endpoint} | to_json }}"
    copy = {"ansible.builtin.copy": {"content": saved, "dest": str(tmp_path / "saved.json")}}
    options = {
        "policy": ["starter", "policy.yml"],
        "skip_rules": ["last-sync-succeeded", "last-sync-recent", "sync-not-stuck"],
        "fail_on": "never",
    }
    gathered = {**options, "include_connectors": True}
    lists = {"connections": "{{ result0.connections }}", "connectors": "{{ result3.connectors }}"}
    audits = [gathered, {**options, "connections_file": "saved.json"}, {**options, **lists}]
    found, _printed = run_tasks([*info, copy, *({AUDIT: one} for one in audits)], **access(server))
    first, second, without = map(without_output, found[6:])
    assert second["findings"] == first["findings"] and second["msg"] == first["msg"]
    reasons = {one["message"] for one in without["findings"] if one["rule"] in ("of-project", "project-connected")}
    assert reasons == {"no projects were given with the connections"}
    assert not [one for one in without["findings"] if one["rule"] == "of-connector"]


def test_unreachable_host(start, run_tasks):
    task = {AUDIT: {}, "ignore_unreachable": True, "vars": {"ansible_connection": "ssh", "ansible_port": 9}}
    (found,), printed = run_tasks([task], **access(start("5.2")))
    assert found["unreachable"] is True and "internal" not in printed
