# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret of its own in every place where a server could put one: none is ever printed or written."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from tests.conftest import INFO_MODULES, ROOT
from tests.demo_server import FAULTS, GENERATIONS
from tests.support import KINDS, RESOURCES, SOME_GENERATIONS, canned_server, connections

TOKEN = "CANARY0000token0000token"
NAMES = """
alm_pass alm_api_token analysis_pass wh_api_token api_key bind_password
token password client_secret private_key credentials oauth_access_token webhook_secret sessionCookie apiKey jira_pat
""".split()


def planted() -> list[dict]:
    """A connection and a connector of each kind, and a project, full of canaries."""
    numbers = itertools.count(1)

    def canary() -> str:
        return f"CANARY{next(numbers):04}x"

    def params() -> dict:
        return {
            **{name: canary() for name in NAMES},
            "alm_server": f"https://someone:{canary()}@alm.example.com/?api_key={canary()}&x=1",
            "analysis_server": f"someone:{canary()}@scan.example.com:8443",
            "git_url": f"https://{canary()}@git.example.com/repo.git",
            "custom_fields": json.dumps({"a": [{"password": canary()}], "b": {"name": "X-Api-Key", "value": canary()}}),
            "twice_encoded": json.dumps({"inner": json.dumps({"secret": canary()})}),
            "python_like": f"{{'user': 'x', 'password': '{canary()}'}}",
            "nested": {
                "auth": {"user": "x", "token": canary()},
                "headers": [{"key": "Authorization", "value": canary()}],
            },
            "tokens": [canary(), {"x": canary()}],
            "connection_string": f"Server=db;Uid=x;Password={canary()};",
            "certificate": f"-----BEGIN RSA PRIVATE KEY-----\n{canary()}\n-----END RSA PRIVATE KEY-----",
            "note": f"Authorization: Bearer {canary()}",
        }

    def record(kind: str, system: str) -> dict:
        sent = params()
        message = (
            f'Log in as someone with {sent["alm_pass"]} failed: {{"password": "{canary()}"}} token={canary()} '
            f"https://someone:{canary()}@alm.example.com/ Authorization: Basic {canary()}"
        )
        job = {
            "id": 1,
            "last_run": "2026-11-01T00:00:00Z",
            "succeeded": False,
            "ready": True,
            "automatic": True,
            "user": 3,
        }
        return {
            "kind": kind,
            "id": 1,
            "alias": f"Sync https://someone:{canary()}@alias.example.com/",
            "system": system,
            "params": sent,
            "last_job": {**job, "result_message": message},
        }

    def connector(kind: str, system: str) -> dict:
        name = f"Connector https://someone:{canary()}@name.example.com/"
        return {"kind": kind, "id": 1, "name": name, "system": system, "params": params()}

    project = {
        "kind": "project",
        "id": 1,
        "name": f"Portal, api_key={canary()}",
        "slug": f"https://someone:{canary()}@slug.example.com/",
        "url": f"https://someone:{canary()}@sde.example.com/bunits/a/b/c",
        "description": f"Log in with password={canary()} or Authorization: Bearer {canary()}",
        "tags": ["plain", f"token={canary()}", f"https://someone:{canary()}@tag.example.com/"],
        "profile": {"id": "P1", "name": f"secret={canary()}", "logo_url": f"https://x:{canary()}@logo.example.com/"},
        "custom_attributes": {
            **{name: canary() for name in NAMES},
            "note": json.dumps({"password": canary()}),
            "nested": [{"name": "X-Api-Key", "value": canary()}],
        },
        "users": [{"id": "1", "email": "me@example.com", "api_token": canary()}],
        "groups": [{"id": "G1", "name": f"https://someone:{canary()}@group.example.com/"}],
    }
    return [
        record("alm", "Rally"),
        record("analysis", "WhiteHat"),
        connector("alm_connector", "Rally"),
        connector("analysis_connector", "WhiteHat"),
        project,
    ]


def playbook(tasks: list[dict]) -> list[dict]:
    """A play of these tasks that prints all of their results, and keeps them as a cacheable fact."""
    names = [f"result{number}" for number in range(len(tasks))]
    results = f"{{{{ [{', '.join(names)}] }}}}"
    steps = [{**task, "register": name, "ignore_errors": True} for task, name in zip(tasks, names, strict=True)]
    steps.append({"ansible.builtin.debug": {"msg": results}})
    steps.append({"ansible.builtin.set_fact": {"kept": results, "cacheable": True}})
    return [{"hosts": "localhost", "gather_facts": False, "tasks": steps}]


OTHER_KINDS = [kind for kind in RESOURCES if kind not in KINDS]
IN_PROCESS = {}
AS_MODULE = {"environment": {"SOME_VARIABLE": "makes it a module"}}


def tasks_for(kind: str, url: str | None, ways: tuple[dict, ...] = (IN_PROCESS, AS_MODULE), **options) -> list[dict]:
    """Gather in the controller's process, and as a module."""
    everything = {name: True for name in ("include_last_job", "include_users") if name in RESOURCES[kind].options}
    arguments = {
        "url": url or "{{ omit }}",
        "timeout": 1,
        "deadline": 4,
        "retries": 0,
        **everything,
        **options,
    }
    return [{f"securitycompass.sdelements.{INFO_MODULES[kind]}": arguments, **way} for way in ways]


# Its messages, labels and facts have data of connections.
POLICY = {
    "rules": [
        {
            "id": "known",
            "title": "It is known",
            "severity": "high",
            "that": "connection.params.alm_pass == connection.alias",
        },
        {
            "id": "odd",
            "title": "It is a number",
            "severity": "low",
            "that": "connection.last_job.result_message | from_json",
        },
        {
            "id": "each",
            "title": "None is there",
            "severity": "low",
            "loop": "connections",
            "label": "item.alias ~ ' ' ~ item.params.note ~ ' ' ~ item.last_job.result_message",
            "affected": "[item]",
            "that": "item.params == {}",
        },
    ]
}
REPORTS = {"json": "json", "junit": "xml", "sarif": "sarif", "markdown": "md", "html": "html", "csv": "csv"}


def audit_task(folder: Path, found: list[dict]) -> dict:
    """Audit these connections, and write all reports."""
    (folder / "connections.json").write_text(json.dumps(found))
    (folder / "policy.json").write_text(json.dumps(POLICY))
    arguments = {
        "connections_file": str(folder / "connections.json"),
        "policy": [str(folder / "policy.json")],
        "reports": {name: f"reports/report.{suffix}" for name, suffix in REPORTS.items()},
    }
    return {"securitycompass.sdelements.sde_connection_audit": arguments}


def reports_in(folder: Path) -> list[str]:
    files = [folder / "work" / "reports" / f"report.{suffix}" for suffix in REPORTS.values()]
    return [path.read_text(encoding="utf-8") for path in files]


@pytest.fixture
def leaks(ansible, tmp_path):
    """Run tasks with everything that prints or writes, and return the canaries that are found in it."""

    def run(tasks: list[dict], collections: Path = ROOT / "collections", **environment: str) -> set[str]:
        work = tmp_path / "work"
        work.mkdir()
        plays = playbook(tasks)
        (work / "play.yml").write_text(yaml.safe_dump(plays, sort_keys=False))
        printed = ansible(
            "ansible-playbook",
            work / "play.yml",
            "-vvvv",
            cwd=work,
            collections=collections,
            SDE_API_KEY=TOKEN,
            ANSIBLE_LOG_PATH=str(work / "log.txt"),
            ANSIBLE_CACHE_PLUGIN="jsonfile",
            ANSIBLE_CACHE_PLUGIN_CONNECTION=str(work / "facts"),
            ANSIBLE_CALLBACKS_ENABLED="ansible.builtin.tree,ansible.builtin.junit",
            ANSIBLE_CALLBACK_TREE_DIR=str(work / "tree"),
            JUNIT_OUTPUT_DIR=str(work / "junit"),
            ANSIBLE_HOME=str(work / "home"),
            **environment,
        )
        (work / "printed.txt").write_text(printed.stdout)
        assert printed.stdout.count("TASK [") == len(plays[0]["tasks"]), printed.stdout
        for place in ("log.txt", "facts/*localhost", "tree/localhost", "junit/*.xml"):
            assert any(path.stat().st_size > 0 for path in work.glob(place)), place
        texts = [path.read_bytes().decode("utf-8", "replace") for path in work.rglob("*") if path.is_file()]
        return {found for text in texts for found in re.findall(r"CANARY\d{4}\w*", text)}

    return run


@SOME_GENERATIONS
def test_no_canary_in_any_generation(start, leaks, generations):
    dataset = planted()
    tasks = []
    for generation in generations:
        server = start(generation, dataset=dataset, token=TOKEN)
        # A module that another release answers does the same as the controller's process.
        ways = (IN_PROCESS, AS_MODULE) if generation in (GENERATIONS[0], GENERATIONS[-1]) else (IN_PROCESS,)
        for kind in KINDS:
            tasks += tasks_for(kind, server.url, ways)
            tasks += tasks_for(kind, server.url, (IN_PROCESS,), id=1, canonical_names=False)
        if generation in ("3.2", "4.8", "newest"):
            for kind in OTHER_KINDS:
                tasks += tasks_for(kind, server.url, (IN_PROCESS,))
    assert leaks(tasks) == set()


@pytest.mark.parametrize(
    "way", [IN_PROCESS, pytest.param(AS_MODULE, marks=pytest.mark.slow)], ids=["in-process", "module"]
)
def test_no_canary_in_any_failure(start, leaks, way):
    dataset = planted()
    tasks = []
    for fault, kind in zip(FAULTS, itertools.cycle(RESOURCES)):
        tasks += tasks_for(kind, start("5.2", fault, dataset=dataset, token=TOKEN).url, (way,), page_size=1)
    assert leaks(tasks) == set()


def test_no_canary_in_what_a_server_repeats(leaks):
    tasks = []
    detail = json.dumps(
        {"detail": f"password={TOKEN}x", "alm_pass": [f"{TOKEN}y"], "z": [f"https://a:{TOKEN}@h/"]}
    ).encode()
    page = f"<html><title>{TOKEN}</title>{TOKEN}</html>".encode()
    with canned_server(detail, 400) as first, canned_server(page, 500) as second, canned_server(page) as third:
        for server in (first, second, third):
            tasks += tasks_for("alm", server.url)
        assert leaks(tasks) == set()


@pytest.mark.parametrize(
    "url, ways",
    [
        (f"http://someone:{TOKEN}@127.0.0.1/", (IN_PROCESS, AS_MODULE)),
        (f"http://127.0.0.1/?token={TOKEN}", (IN_PROCESS,)),
    ],
    ids=["user", "query"],
)
def test_no_canary_in_a_wrong_url(leaks, url, ways):
    """From the environment, since ansible-core itself shows the source of a task that fails."""
    assert leaks(tasks_for("alm", None, ways), SDE_HOST=url) == set()


def test_no_canary_in_any_report(start, leaks, tmp_path):
    """Not even if the facts were never redacted."""
    server = start("5.2", dataset=planted(), token=TOKEN)
    found = [one for kind in KINDS for one in connections(server, kind, include_last_job=True, include_secrets=True)]
    assert "CANARY" in found[0]["params"]["alm_pass"]
    assert leaks([audit_task(tmp_path, found)]) == set()
    for report in reports_in(tmp_path):
        assert "alias.example.com" in report and "CANARY" not in report


def test_canaries_are_found_without_redaction(start, leaks, tmp_path):
    """The test above can fail: here redaction is switched off, in a copy."""
    copy = tmp_path / "ansible_collections" / "securitycompass" / "sdelements"
    for folder in ("plugins", "meta"):
        shutil.copytree(ROOT / folder, copy / folder)
    with (copy / "plugins" / "module_utils" / "_redact.py").open("a", encoding="utf-8") as code:
        code.write("\n\ndef redact(value, *_):\n    return value, []\n\n\ndef scrub_text(text, *_):\n    return text\n")
    server = start("5.2", dataset=planted(), token=TOKEN)
    tasks = [task for kind in RESOURCES for task in tasks_for(kind, server.url, (IN_PROCESS,))]
    found = [one for kind in KINDS for one in connections(server, kind, include_last_job=True, include_secrets=True)]
    tasks.append(audit_task(tmp_path, found))
    # This release does not list the members of a project.
    sent = [{name: one[name] for name in one if name not in ("users", "groups")} for one in planted()]
    assert leaks(tasks, collections=tmp_path) == set(re.findall(r"CANARY\d{4}\w*", json.dumps(sent)))
    assert all("CANARY" in report for report in reports_in(tmp_path))
