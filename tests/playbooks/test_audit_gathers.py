# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The task sde_connection_audit without given connections: it gathers them, in its process or by the info modules."""

from __future__ import annotations

import json
import threading
import urllib.request
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tests.demo_server import DemoServer
from tests.support import access, listening, printed_results, printing

PLUGINS = str(Path(__file__).parent / "connection_plugins")
AUDIT = "securitycompass.sdelements.sde_connection_audit"
IN_PROCESS: dict = {}
AS_MODULE = {"environment": {"SOME_VARIABLE": "makes it a module"}}
ELSEWHERE = {"vars": {"ansible_connection": "elsewhere"}}
WAYS = [IN_PROCESS, AS_MODULE]


class Play(NamedTuple):
    """Tasks that talk to this server, or without one, to that of the environment."""

    tasks: list[dict]
    server: DemoServer | None = None


class Outcome(NamedTuple):
    """The results of a play's tasks, and the play's part of the output."""

    results: list[dict]
    printed: str


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The folder of the runs, with their policies."""
    path = tmp_path_factory.mktemp("audits")
    (path / "others.yml").write_text(NEEDS_OTHERS, encoding="utf-8")
    (path / "showing.yml").write_text(SHOWING_EVERYTHING, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run_plays(module_ansible, folder):
    """Run these plays at once, since each start of ansible-playbook is slow. A failed task stops nothing."""

    def run(plays: dict[str, Play], **environment) -> dict[str, Outcome]:
        content = [written(name, play) for name, play in plays.items()]
        (folder / "plays.yml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        environment = {"ANSIBLE_CONNECTION_PLUGINS": PLUGINS, **environment}
        printed = module_ansible("ansible-playbook", "plays.yml", "-vvv", cwd=folder, **environment).stdout
        parts = printed.split("\nPLAY [")[1 : len(plays) + 1]
        return {name: Outcome(printed_results(part), part) for name, part in zip(plays, parts, strict=True)}

    return run


def written(name: str, play: Play) -> dict:
    """The play as ansible-playbook reads it. It ends with a task that prints the results."""
    names = [f"result{number}" for number in range(len(play.tasks))]
    steps = [{**task, "register": name, "ignore_errors": True} for task, name in zip(play.tasks, names, strict=True)]
    content = {"name": name, "hosts": "localhost", "gather_facts": False, "tasks": [*steps, printing(names)]}
    if play.server:
        options = {"url": play.server.url, "api_token": play.server.token}
        content["module_defaults"] = {"group/securitycompass.sdelements.sdelements": options}
    return content


@pytest.fixture(scope="module")
def server(module_start) -> DemoServer:
    """The server of the environment."""
    return module_start("5.2")


@pytest.fixture(scope="module")
def server_of_options(module_start) -> DemoServer:
    """A server for the test that looks at the requests. All servers of a process accept the same token."""
    return module_start("5.2")


@pytest.fixture(scope="module")
def audits(module_start, run_plays, server, server_of_options) -> dict[str, Outcome]:
    """The audits of all tests that need a server with the usual data."""
    broken = module_start("5.2", "status_500")
    both = threading.Barrier(3, timeout=60)  # with the projects
    plays = {
        "every way": Play(in_every_way(server)),
        "options": Play(with_options(server_of_options)),
        "hidden parameters": Play(of_hidden_parameters(server)),
        "null": Play([{AUDIT: dict.fromkeys(NULL)}]),
        "projects": Play(of_projects(server)),
        "broken": Play([{AUDIT: {"kinds": ["alm"], "retries": 0}}], broken),
        "3.2": Play([{AUDIT: OF_CONNECTORS, **how} for how in (IN_PROCESS, AS_MODULE)], module_start("3.2")),
        "4.2": Play([{AUDIT: OF_CONNECTORS}], module_start("4.2")),
        "saved facts": Play(of_saved_facts()),
    }
    with denying(server, "/projects/", "/connectors/analysis/") as denied, waiting_for(both) as waiting:
        denied.token = server.token
        plays["denied"] = Play(without_permission(), denied)
        plays["parallel"] = Play([{AUDIT: {"retries": 0}}], waiting)
        outcomes = run_plays(plays, **access(server))
    assert len(waiting.asked) == 3
    return outcomes


def without_output(result: dict) -> dict:
    """The result without what ansible-core adds about the run."""
    return {key: value for key, value in result.items() if key not in ("exception", "deprecations")}


def in_every_way(server: DemoServer) -> list[dict]:
    info = [
        {f"securitycompass.sdelements.sde_{kind}_connection_info": {"include_last_job": True}}
        for kind in ("alm", "analysis")
    ]
    projects = {"securitycompass.sdelements.sde_project_info": {}}
    facts = {"connections": "{{ result0.connections + result1.connections }}", "projects": "{{ result2.projects }}"}
    return [*info, projects, {AUDIT: {**facts, "server": server.url}}, *({AUDIT: {}, **how} for how in WAYS)]


def test_every_way_has_the_same_result(audits, server):
    found, printed = audits["every way"]
    expected, *ways = map(without_output, found[3:])
    assert len(expected["findings"]) > 20
    assert "project-connected" in {one["rule"] for one in expected["findings"]}
    assert ways == [expected] * len(WAYS)
    assert printed.count("sde_connection_audit runs in the process of ansible-core") == 1
    assert server.token not in printed


def with_options(server: DemoServer) -> list[dict]:
    first = {"kinds": ["alm"], "page_size": 10, "include_projects": False, "url": server.url, "token": server.token}
    other = {"kinds": ["analysis"], "include_projects": False}
    defaults = {"module_defaults": {"group/securitycompass.sdelements.sdelements": {"url": server.url}}}
    return [{AUDIT: first, **how} for how in (IN_PROCESS, AS_MODULE)] + [{AUDIT: other, **defaults}]


def test_options_reach_the_server(audits, server_of_options):
    requests = server_of_options.requests
    found = audits["options"].results
    assert [" 30 connections" in one["msg"] for one in found] == [True, True, False], found
    assert {request.path for request in requests[:-1]} == {"/api/v2/connections/alm/"}
    assert requests[-1].path == "/api/v2/connections/analysis/"
    assert all("include=last_job" in request.query for request in requests)
    assert [request.query.count("page_size=10") for request in requests[:-1]] == [1] * (len(requests) - 1)


def of_hidden_parameters(server: DemoServer) -> list[dict]:
    options = {"api_token": server.limited_token, "kinds": ["alm"], "include_projects": False, "inconclusive": "fail"}
    return [{AUDIT: options, **how} for how in (IN_PROCESS, ELSEWHERE)]


def test_hidden_parameters_are_inconclusive(audits):
    found, printed = audits["hidden parameters"]
    assert "sde_connection_audit runs as a module: its connection is elsewhere" in printed
    assert without_output(found[0]) == without_output(found[1])
    assert found[0]["verdict_counts"]["inconclusive"] > 0 and found[0]["verdict"] == "fail"
    assert not [one for one in found[0]["findings"] if one["rule"] == "tls" and one["verdict"] != "inconclusive"]


NULL = ["kinds", "connections", "connections_file", "fail_on", "reports", "page_size"]


def test_null_options_are_not_set(audits):
    (found,) = audits["null"].results
    assert " 50 connections" in found["msg"]


def secrets() -> list[dict]:
    """Records with a secret wherever a user could write one."""
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
    return [{**record, "project": 1, "connector": 1}, connector, project, unconnected]


REPORTS = {name: f"report.{name}" for name in ("json", "junit", "sarif", "markdown", "html", "csv")}


def test_secrets_of_the_server_are_nowhere(start, run_plays, folder):
    """In a run of its own, since all servers of a process serve the data of the last."""
    server = start("5.2", dataset=secrets())
    options = {"reports": REPORTS, "policy": ["starter", "showing.yml"]}
    tasks = [{AUDIT: options}, {AUDIT: {**options, "kinds": ["alm"]}, **AS_MODULE}]
    found, printed = run_plays({"secrets": Play(tasks)}, **access(server))["secrets"]
    assert all({"shows-projects", "shows-connectors"} <= {of["rule"] for of in one["findings"]} for one in found)
    texts = [printed, json.dumps(found), *((folder / name).read_text(encoding="utf-8") for name in REPORTS.values())]
    assert not [text for text in texts if "CANARY" in text or server.token in text]
    assert all("h.example" in text for text in texts)


def waiting_for(all_of_them: threading.Barrier):
    """A server that answers no request before all of them are there."""

    def answer(path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        all_of_them.wait()  # an error, and so no answer, unless the others are asked for as well
        return 200, json.dumps({"count": 0, "next": None, "results": []}).encode()

    return listening(answer)


def test_both_kinds_are_gathered_in_parallel(audits):
    (found,) = audits["parallel"].results
    assert found["verdict"] == "pass", found


def projects_of(result: dict) -> dict[str, list[int]]:
    """The projects of the findings, by verdict."""
    found: dict[str, list[int]] = {}
    for one in result["findings"]:
        found.setdefault(one["verdict"], []).extend(one["projects"])
    return found


def of_projects(server: DemoServer) -> list[dict]:
    audit = {"rules": ["project-connected"], "fail_on": "medium"}
    excluded = [
        {"excluded_projects": ["train*"]},
        {"excluded_project_tags": ["sandbox"]},
        {"excluded_applications": [1]},
    ]
    required = {"policy_vars": {"required_projects": [2, 22]}, "rules": ["required-project-connected"]}
    others = [*({"policy_vars": one} for one in excluded), required, {"api_token": server.limited_token}]
    return [{AUDIT: {**audit, **one}} for one in ({}, *others)]


def test_every_active_project_must_be_connected(audits):
    """21 and 23 are archived; 1 has an analysis connection only, 22 and 24 none at all."""
    every, *others, limited = map(without_output, audits["projects"].results)
    assert projects_of(every) == {"fail": [1, 22, 24]} and every["verdict_counts"]["not_applicable"] == 2
    assert every["findings"][1]["subject"] == 'project 22 "Claims Chatbot"'
    assert "24 projects seen." in every["msg"]
    assert [projects_of(one)["fail"] for one in others] == [[1, 22], [1, 22], [22], [22]]
    # This token sees neither 14 and 15, which have connections, nor 23, which is archived.
    assert (
        projects_of(limited) == {"fail": [1, 22, 24]}
        and "21 projects seen (2 with connections not seen)." in limited["msg"]
    )
    assert [one for one in limited["warnings"] if one.startswith("The token cannot see 2 projects with connections,")]


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


# With some of the starter policy: each rule takes its time.
OF_OTHERS = {
    "policy": ["starter", "others.yml"],
    "rules": [*(rule["id"] for rule in yaml.safe_load(NEEDS_OTHERS)["rules"]), "project-connected", "tls", "scheduled"],
}


def denying(behind, *denied: str):
    """A server that is the embedded API, but for lists that the token may not read."""

    def answer(path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        if any(name in path for name in denied):
            return 403, b'{"detail": "You do not have permission to perform this action."}'
        kept = {name: headers[name] for name in ("Authorization", "Host", "Accept")}
        with urllib.request.urlopen(urllib.request.Request(behind.url + path, headers=kept)) as response:
            return response.status, response.read()

    return listening(answer)


def without_permission() -> list[dict]:
    options = {**OF_OTHERS, "fail_on": "never", "reports": {"json": "denied.json"}}
    return [{AUDIT: options}, {AUDIT: options, **AS_MODULE}]


def test_audit_without_permission_to_read_projects(audits, folder):
    first, as_module = map(without_output, audits["denied"].results)
    assert as_module == first
    report = json.loads((folder / "denied.json").read_text(encoding="utf-8"))
    assert (report["summary"]["projects"], report["projects"]) == (None, []) and "seen" not in first["msg"]
    verdicts: dict[str, dict[str, str]] = {}
    for one in [*report["findings"], *report["other_verdicts"]]:
        verdicts.setdefault(one["rule"], {})[one["verdict"]] = one["message"]
    projects, connectors = (f"the token is not allowed to read {name}" for name in ("projects", "connectors"))
    assert verdicts["project-connected"] == {"inconclusive": projects}
    assert verdicts["of-project"] == verdicts["active-only"] == {"inconclusive": projects}
    assert verdicts["of-connector"] == verdicts["connectors-used"] == {"inconclusive": connectors}
    assert verdicts["alm-only"] == {"inconclusive": projects, "not_applicable": "connection.kind == 'alm' is false"}
    assert verdicts["message-only"].keys() == {"fail"}
    assert {
        f"Rules about projects are inconclusive: {projects}.",
        f"Rules about connectors are inconclusive: {connectors}.",
    } <= set(first["warnings"])


def test_other_failures_of_projects_fail_the_audit(audits):
    assert [one["failure"]["kind"] for one in audits["broken"].results] == ["server_error"]


OF_CONNECTORS = {"policy": ["others.yml"], "fail_on": "never", "rules": ["of-connector", "connectors-used"]}
OF_CONNECTORS |= {"kinds": ["alm"], "include_projects": False}


@pytest.mark.parametrize("generation", ["3.2", "4.2"])
def test_older_releases_have_no_connectors(audits, generation):
    first, *as_module = map(without_output, audits[generation].results)
    assert as_module == ([first] if generation == "3.2" else [])
    reasons = {one["message"] for one in first["findings"] if one["verdict"] == "inconclusive"}
    assert reasons == ({"SD Elements 4.2 introduced connectors"} if generation == "3.2" else set())
    assert first["verdict_counts"]["inconclusive"] == (31 if generation == "3.2" else 0)


def of_saved_facts() -> list[dict]:
    names = ("sde_alm_connection_info", "sde_analysis_connection_info", "sde_project_info", "sde_alm_connector_info",
             "sde_analysis_connector_info")  # a line for each list # fmt: skip
    info = [{f"securitycompass.sdelements.{name}": {}} for name in names]
    saved = "{{ {'connections': result0.connections + result1.connections, 'projects': result2.projects,"
    saved += " 'connectors': result3.connectors + result4.connectors, 'endpoint': result0.endpoint} | to_json }}"
    copy = {"ansible.builtin.copy": {"content": saved, "dest": "{{ playbook_dir }}/saved.json"}}
    options = {**OF_OTHERS, "fail_on": "never"}
    gathered = {**options, "include_connectors": True}
    lists = {"connections": "{{ result0.connections }}", "connectors": "{{ result3.connectors }}"}
    audits = [gathered, {**options, "connections_file": "saved.json"}, {**options, **lists}]
    return [*info, copy, *({AUDIT: one} for one in audits)]


def test_saved_facts_with_projects_and_connectors(audits):
    """Saved facts of all resources have the verdicts of gathered ones, and without projects rules are inconclusive."""
    first, second, without = map(without_output, audits["saved facts"].results[6:])
    assert second["findings"] == first["findings"] and second["msg"] == first["msg"]
    reasons = {one["message"] for one in without["findings"] if one["rule"] in ("of-project", "project-connected")}
    assert reasons == {"projects were not supplied with the connections"}
    assert not [one for one in without["findings"] if one["rule"] == "of-connector"]


@pytest.fixture(scope="module")
def untouched(module_start) -> DemoServer:
    """The server of the environment of tasks that fail. None of them asks it for anything."""
    return module_start("5.2")


@pytest.fixture(scope="module")
def failures(run_plays, server, untouched) -> dict[str, Outcome]:
    """The tasks of all tests that need no server, or fail before they have asked one for its data."""
    unreachable = {AUDIT: {}, "ignore_unreachable": True, "vars": {"ansible_connection": "ssh", "ansible_port": 9}}
    plays = {
        "failures": Play(that_fail(server)),
        "options": Play([{AUDIT: options} for options, _message in OPTION_ERRORS]),
        "unreachable": Play([unreachable]),
    }
    return run_plays(plays, **access(untouched))


def that_fail(server: DemoServer) -> list[dict]:
    no_server = {"url": "http://127.0.0.1:9", "api_token": server.token, "retries": 0}
    wrong_token = {"url": server.url, "api_token": "CANARY-not-the-token"}
    cases = [no_server, wrong_token, {**wrong_token, "url": "ftp://sde.example.com"}]
    return [
        task
        for case in cases
        for task in (
            {"securitycompass.sdelements.sde_alm_connection_info": case},
            *({AUDIT: {**case, "kinds": ["alm"], "include_projects": False}, **how} for how in (IN_PROCESS, AS_MODULE)),
        )
    ]


def test_failures_are_those_of_the_modules(failures):
    found, printed = failures["failures"]
    kinds = [one["failure"]["kind"] for one in found]
    assert kinds == ["refused"] * 3 + ["authentication"] * 3 + ["option"] * 3
    for module, in_process, as_module in zip(*(found[start::3] for start in range(3)), strict=True):
        assert [one["msg"] for one in (in_process, as_module)] == [module["msg"]] * 2
        assert "verdict" not in in_process and in_process["failure"] == as_module["failure"] == module["failure"]
    assert "CANARY" not in printed


OPTION_ERRORS = [
    ({"kinds": ["alm"], "connections": []}, "kinds requires that the task gathers connections. Remove kinds,"),
    ({"kinds": []}, "kinds is an empty list. Use alm or analysis,"),
    ({"kinds": ["jira"]}, "value of kinds must be one or more of: alm, analysis. Got no match for: jira"),
    ({"alias": "x"}, "Unsupported parameters for (securitycompass.sdelements.sde_connection_audit) module: alias."),
    ({"policy": ["missing.yml"]}, "policy: file missing.yml not found"),
    ({"connections_file": ""}, "connections_file is empty. Omit it to gather the connections."),
    (
        {"include_projects": True, "connections": []},
        "include_projects requires that the task gathers connections. Remove include_projects, or connections",
    ),
    ({"projects": []}, "projects requires connections or connections_file. Add one, or remove projects."),
    ({"connectors": [], "kinds": ["alm"]}, "connectors requires connections or connections_file."),
    ({"connections": [], "projects": {}}, "projects must be a list, not dict. Use the projects that"),
    ({"connections": [], "projects": [{"name": "x"}]}, "projects[0] must be a mapping with an integer as id."),
    ({"connections": [], "projects": [{"id": 1, "name": 5}]}, "'name' of project 1 has the unexpected type int."),
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


def test_option_errors_come_before_any_request(failures, untouched):
    for result, (_options, message) in zip(failures["options"].results, OPTION_ERRORS, strict=True):
        assert message in result["msg"] and result["failed"]
    assert untouched.requests == []


def test_unreachable_host(failures):
    (found,), printed = failures["unreachable"]
    assert found["unreachable"] is True and "internal" not in printed
