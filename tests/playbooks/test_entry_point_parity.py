# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both entry points, in the process of ansible-core and as a module, return the same result."""

from __future__ import annotations

import re
import sys
import venv
from collections.abc import Iterable
from itertools import zip_longest
from pathlib import Path

import pytest
import yaml

from tests.conftest import INFO_MODULES
from tests.support import access, printed_results, printing

AS_MODULE = {"environment": {"SOME_VARIABLE": "makes it a module"}}
IN_PROCESS = {}
# Set by ansible-core itself, about the run and not about the result.
ABOUT_THE_RUN = {"ansible_parsed", "invocation", "deprecations", "exception", "ansible_facts"}

CASES = {
    "all": {},
    "filter": {"system": ["jira", "Rally"], "frequency": "daily", "project": [3, 5]},
    "one": {"id": 1, "alias": None, "frequency": None},
    "unknown id": {"id": 9999},
    "last job": {"include_last_job": True},
    "some params": {"keep_params": ["alm_s*", "conflict_policy"]},
    "no params": {"include_params": False},
    "pages": {"page_size": 7, "concurrency": 2},
    "secrets": {"id": 1, "include_secrets": True},
    "wrong token": {"api_token": "not-the-token"},
    "wrong url": {"url": "https://someone:hunter2@sde.example.com"},
    "wrong option": {"aliass": "x"},
    "wrong type": {"timeout": "soon"},
    "wrong choice": {"frequency": "sometimes"},
    "id and filter": {"id": 1, "alias": "x"},
    "empty filter": {"alias": []},
    "number as alias": {"alias": 7},
    "out of bounds": {"retries": 11},
    "nobody there": {"url": "http://127.0.0.1:9", "retries": 0},
}
# Of the other resources, with the kind of the embedded API's records.
OTHER_CASES = {
    "projects": ("project", {}),
    "some projects": ("project", {"tags": ["pci", "nis2"], "archived": False}),
    "users of a project": ("project", {"id": 3, "include_users": True}),
    "connectors": ("alm_connector", {"keep_params": "alm_s*"}),
    "secrets of a connector": ("alm_connector", {"id": 1, "include_secrets": True}),
    "some connectors": ("analysis_connector", {"name": "Checkmarx cx.example.com", "system": "checkmarx"}),
    "project and filter": ("project", {"id": 3, "name": "x"}),
    "empty name": ("alm_connector", {"name": []}),
    "option of another module": ("analysis_connector", {"tags": "x"}),
}
FAILING = set(list(CASES)[9:]) - {"number as alias"} | set(list(OTHER_CASES)[6:])
# One of each kind; the slow test compares all.
QUICK = (
    "all",
    "last job",
    "secrets",
    "wrong url",
    "wrong type",
    "some projects",
    "secrets of a connector",
)


def play(tasks: list[dict]) -> str:
    return yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}], sort_keys=False)


# The controller's process and the workers that it forks; a module's own process is seen by tests/unit. One test is
# measured, which takes each way, since that doubles the time of a run.
MEASURED = [
    sys.executable,
    "-m",
    "coverage",
    "run",
    "--parallel-mode",
    "--concurrency=multiprocessing,thread",
    "-m",
    "ansible",
]


@pytest.fixture
def results(ansible, tmp_path, request):
    """Run a task for each given set of arguments and keywords; the results as later tasks see them, and the output."""

    def run(server, tasks: list[tuple[dict, dict]], *arguments, kinds: Iterable[str] = (), **environment):
        steps = []
        for number, ((options, task_keywords), kind) in enumerate(zip_longest(tasks, kinds, fillvalue="alm")):
            module = {f"securitycompass.sdelements.{INFO_MODULES[kind]}": options}
            steps.append({**module, "register": f"result{number}", "ignore_errors": True, **task_keywords})
        playbook = tmp_path / "play.yml"
        playbook.write_text(play([*steps, printing([one["register"] for one in steps])]))
        has_coverage = request.config.pluginmanager.hasplugin("_cov")
        is_measured = has_coverage and not request.node.get_closest_marker("no_cover")
        program = [*MEASURED, "playbook"] if is_measured else ["ansible-playbook"]
        printed = ansible(*program, playbook, *arguments, **access(server), **environment).stdout
        return printed_results(printed), printed

    return run


def comparable(result: dict) -> dict:
    return {key: value for key, value in result.items() if key not in ABOUT_THE_RUN}


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "kind, mode, names",
    [
        ("alm", [], QUICK),
        pytest.param("analysis", ["--check"], (*CASES, *OTHER_CASES), marks=pytest.mark.slow),
    ],
    ids=["run", "check"],
)
def test_both_entry_points_return_the_same(start, results, kind, mode, names):
    server = start("5.2")
    cases = [OTHER_CASES.get(name) or (kind, CASES[name]) for name in names]
    tasks = [(options, way) for _kind, options in cases for way in (IN_PROCESS, AS_MODULE)]
    found, printed = results(server, tasks, "-vvv", *mode, kinds=[kind for kind, _options in cases for _way in "ab"])
    for name, in_process, as_module in zip(names, found[::2], found[1::2], strict=True):
        assert comparable(in_process) == comparable(as_module), name
    assert printed.count("runs in the process of ansible-core") == len(names)
    assert printed.count("runs as a module: environment is set") == len(names)
    assert "hunter2" not in printed.replace("someone:hunter2@sde.example.com\n", "")
    assert all("kind" in result["failure"] for result in found if result["failed"])
    failed = {name for name, result in zip(names, found[::2], strict=True) if result["failed"]}
    assert failed == FAILING & set(names)


@pytest.mark.no_cover
def test_warnings_are_the_same_and_data_of_the_server_are_not_templates(start, results):
    server = start("3.2", dataset=[{"kind": "alm", "id": 1, "alias": "{{ 7 * 7 }}", "system": "JIRA"}])
    asked = {"include_last_job": True, "include_secrets": True}
    tasks = [(options, way) for options in (asked, {}) for way in (IN_PROCESS, AS_MODULE)]
    found, printed = results(server, tasks, kinds=["alm", "alm", "alm_connector", "alm_connector"])
    in_process, as_module, *connectors = map(comparable, found)
    assert in_process == as_module and connectors[0] == connectors[1]
    assert "older than SD Elements 4.4" in printed and "The server does not have connectors" in printed
    assert [one["alias"] for one in in_process["connections"]] == ["{{ 7 * 7 }}"]


def test_reasons_for_the_module(start, results, tmp_path):
    """In the process of ansible-core no other Python is needed, whichever was set for modules."""
    venv.create(tmp_path / "bare", with_pip=False)
    bare = {"vars": {"ansible_python_interpreter": str(tmp_path / "bare" / "bin" / "python")}}
    # Ansible's own async wrapper does not find an interpreter that has a blank in its path.
    (tmp_path / "python").symlink_to(sys.prefix)
    python = {"vars": {"ansible_python_interpreter": str(tmp_path / "python" / "bin" / "python")}}
    ways = [
        bare,
        {**bare, **AS_MODULE},
        {"vars": {"ansible_connection": "elsewhere", "ansible_python_interpreter": sys.executable}},
        {**python, "async": 60, "poll": 1},
        {"loop": [1, 2], "delegate_to": "localhost"},
        # Whether the module can become that user is not of interest here.
        {"become": True, "become_user": "nobody"},
    ]
    (found, bare_module, elsewhere, asynchronous, looped, _as_user), printed = results(
        start(),
        [({"id": "{{ item | default(1) }}"}, way) for way in ways],
        "-vvv",
        ANSIBLE_CONNECTION_PLUGINS=str(Path(__file__).parent / "connection_plugins"),
        ANSIBLE_ASYNC_DIR=str(tmp_path / "async"),
    )
    assert found["count"] == elsewhere["count"] == asynchronous["count"] == 1
    assert bare_module["failure"]["kind"] == "missing_library"
    assert "requests>=2.25.1" in bare_module["msg"]
    assert [one["connections"][0]["id"] for one in looped["results"]] == [1, 2]
    assert printed.count("runs in the process of ansible-core") == 3
    assert "runs as a module: its connection is elsewhere" in printed
    assert "runs as a module: async is set" in printed
    assert "runs as a module: become is set" in printed


@pytest.mark.no_cover
def test_token_from_a_vault(start, ansible, tmp_path):
    server = start()
    password = tmp_path / "password"
    password.write_text("something\n")
    vault = ["--vault-password-file", password]
    printed = ansible("ansible-vault", "encrypt_string", *vault, server.token).stdout
    encrypted = re.search(r"!vault \|\n(?: +\S+\n)+", printed).group()
    task = "securitycompass.sdelements.sde_alm_connection_info: {api_token: '{{ token }}', id: 1}"
    playbook = tmp_path / "play.yml"
    playbook.write_text(f"""
- hosts: localhost
  gather_facts: false
  vars:
    token: {encrypted}
  tasks:
    - {task}
    - {task}
      environment: {{SOME_VARIABLE: makes it a module}}
""")
    run = ansible("ansible-playbook", playbook, *vault, SDE_HOST=server.url)
    assert run.returncode == 0 and "ok=2" in run.stdout, run.stdout


# Python imports a module of this name as it starts.
SITECUSTOMIZE = """
import os, sys

class Witness:
    @staticmethod
    def find_spec(name, path, target=None):
        if name == "requests.sessions":
            with open(os.environ["WITNESSED"], "a") as file:
                print(os.getpid(), file=file)

sys.meta_path.insert(0, Witness)
"""


@pytest.mark.no_cover
def test_requests_is_imported_once(start, ansible, tmp_path):
    """In the main process, from which the workers are forked: the import costs more than the work."""
    (tmp_path / "sitecustomize.py").write_text(SITECUSTOMIZE)
    task = {"securitycompass.sdelements.sde_alm_connection_info": {"id": 1}}
    playbook = tmp_path / "play.yml"
    # The module's import is a second one, and shows that the witness sees everything.
    playbook.write_text(play([task] * 5 + [{**task, **AS_MODULE}]))
    witnessed = tmp_path / "witnessed"
    run = ansible("ansible-playbook", playbook, PYTHONPATH=str(tmp_path), WITNESSED=str(witnessed), **access(start()))
    assert run.returncode == 0, run.stdout
    assert len(witnessed.read_text().split()) == 2
