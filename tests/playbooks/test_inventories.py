# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One inventory for all playbooks: which servers a run is about, under any settings of Ansible."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from tests.support import access, inventory_of, messages_of

SUDO = {"ansible_become": True, "ansible_become_user": "nobody", "ansible_become_exe": "/no/sudo"}
# A run that would leave the controller, or use privileges, fails with these.
HOSTILE = {"ansible_connection": "ssh", **SUDO}
DEAD = {"sde_url": "http://127.0.0.1:9", "sde_api_token": "dead", "sde_retries": 0}


@pytest.fixture
def play(ansible, tmp_path):
    """Run playbooks of the collection, which are named in one text, on an inventory, with extra variables."""

    def run(names: str, hosts: dict, *arguments, environment: dict | None = None, group: dict | None = None, **extra):
        inventory = json.loads(inventory_of(hosts))
        inventory["all"]["vars"] = {**inventory["all"].get("vars", {}), **(group or {})}
        (tmp_path / "hosts.json").write_text(json.dumps(inventory))
        playbooks = [f"securitycompass.sdelements.{name}" for name in names.split()]
        command = ["ansible-playbook", *playbooks, "-i", "hosts.json"]
        command += ["-e", json.dumps(extra)] if extra else []
        return ansible(*command, *arguments, cwd=tmp_path, **(environment or {}))

    return run


def server_of(api, **variables) -> dict:
    """The variables of a host that is a server."""
    return {"sde_url": api.url, "sde_api_token": api.token, **variables}


def servers_of(run: subprocess.CompletedProcess) -> dict[str, str]:
    """The servers of a run with the number of failed tasks. Another host may have validated the run, in one task."""
    hosts = re.findall(r"^(\S+) +: ok=(\d+) .* failed=(\d)", run.stdout, re.MULTILINE)
    return {name: failed for name, number, failed in hosts if int(number) > 2 or failed != "0"}


def reported(tmp_path, name: str = "audit") -> dict:
    return json.loads((tmp_path / "reports" / f"{name}.json").read_text())


@pytest.fixture
def two(start):
    """Two servers and another machine, on which every group variable is hostile."""
    some = start("5.2").records("alm")[:2]
    return {**{name: server_of(start("5.2", dataset=some)) for name in BOTH}, "web1": {}}


BOTH = dict.fromkeys(["sde-eu", "sde.asia"], "0")


def test_one_inventory_serves_the_playbook_that_lists(two, play):
    run = play("list_connections", two, group=HOSTILE, sde_fail_on="never", connection_config_allow_unknown=True)
    assert run.returncode == 0, run.stdout
    assert servers_of(run) == BOTH
    assert run.stdout.count("Customer Portal to JIRA") == 2


def test_one_inventory_serves_the_playbook_that_writes_files(two, play, tmp_path):
    """With the privileges that the inventory wants."""
    files = {"connection_config_allow_list": str(tmp_path / "{{ inventory_hostname }}.txt")}
    group = {"ansible_connection": "ssh"}
    run = play("configuration", two, group=group, sde_fail_on="never", connection_config_allow_unknown=True, **files)
    assert run.returncode == 0, run.stdout
    assert servers_of(run) == BOTH
    assert {one.name for one in tmp_path.glob("*.txt")} == {"sde-eu.txt", "sde.asia.txt"}


def test_variables_of_the_run_are_checked(play):
    """Each run asks nothing of a server, and says everything that can be said together."""
    hosts = {name: {"sde_url": f"http://localhost:9/{name}", "sde_api_token": "x"} for name in BOTH} | {"web1": {}}
    wrong = {
        **hosts,
        "web2": {"sde_ulr": "x"},
        "copy": {"sde_url": "HTTPS://LOCALHOST:9/sde-eu/", "sde_api_token": "x"},
        "sde us": {"sde_url": "a"},
        "no": {"sde_url": "{{ no }}"},
    }
    cases = {
        (
            'sde_hosts is "prdo", which does not match any host of the inventory.',
            'sde_kinds is "almm". Use a list of alm and analysis.',
            'sde_report_formats is "pdf". Use a list of json, junit,',
            "Unknown variable sde_fail_onn: did you mean sde_fail_on?",
            '-e contains "place", which is not name=value.',
        ): (
            hosts,
            ["-e", "sde_report_dir=work place"],
            {"sde_hosts": "prdo", "sde_kinds": "almm", "sde_report_formats": "pdf", "sde_fail_onn": "low"},
        ),
        (
            "Unknown variable sde_ulr: did you mean sde_url?",
            "sde-eu and copy have the same sde_url.",
            "sde_url is not defined for web1.",
            'Host names cannot contain spaces or commas: "sde us".',
            "no: sde_url is empty, or contains an undefined variable.",
            "--limit excludes all servers (sde-eu, sde.asia, web1, copy, sde us, no).",
        ): (wrong, ["--limit", "web2"], {"sde_hosts": ["all", "!web2"]}),
        ("Remove ansible_connection and ansible_become from the extra variables.",): (
            hosts,
            [],
            {"ansible_connection": "ssh", "ansible_become": True},
        ),
    }
    for messages, (inventory, arguments, extra) in cases.items():
        run = play("audit", inventory, *arguments, **extra)
        printed = run.stdout.replace('\\"', '"')
        assert run.returncode == 2 and not [one for one in messages if one not in printed], printed
        assert "Gather and audit" not in run.stdout


def test_one_server_of_extra_variables(start, play):
    """No playbook connects to the servers of an inventory of other machines."""
    api = start("5.2", dataset=[])
    machines: dict[str, dict] = {"web1": {}, "web2": {}}
    run = play("list_connections", machines, sde_url=api.url, sde_api_token=api.token)
    assert run.returncode == 0 and servers_of(run) == {"localhost": "0"}, run.stdout
    in_group = play("list_connections", machines, group={"sde_url": api.url, "sde_api_token": api.token})
    assert in_group.returncode == 0 and servers_of(in_group) == {"localhost": "0"}, in_group.stdout


def test_file_of_tokens_that_cannot_be_read(play, tmp_path):
    (tmp_path / "tokens.yml").write_text("sde-eu: [CANARY")
    environment = {"SDE_API_TOKENS_FILE": "tokens.yml", "PWD": str(tmp_path)}
    run = play("audit", {"sde-eu": DEAD}, environment=environment)
    assert run.returncode == 2 and "CANARY" not in run.stdout, run.stdout
    assert "tokens.yml is not a YAML file with the token of each host" in run.stdout


STRICT = {"ANSIBLE_ANY_ERRORS_FATAL": "true"}
FREE = {"ANSIBLE_STRATEGY": "free", **STRICT}
SETTINGS = {
    "any_errors_fatal": STRICT,
    "host_pinned": {"ANSIBLE_STRATEGY": "ansible.builtin.host_pinned", "ANSIBLE_FORKS": "1"},
    "facts": {
        "ANSIBLE_GATHERING": "smart",
        "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": "facts",
    },
    "minimal": {"ANSIBLE_STDOUT_CALLBACK": "minimal", "LANG": "C"},
    "yaml": {"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml", "ANSIBLE_JINJA2_NATIVE": "true"},
    "become": {"ANSIBLE_BECOME": "true", "ANSIBLE_TRANSPORT": "ssh"},
}


@pytest.mark.parametrize("setting", ["free", *(pytest.param(name, marks=pytest.mark.slow) for name in SETTINGS)])
def test_dead_server_does_not_stop_the_others(start, play, tmp_path, setting):
    """One has its token in a file. That of the environment is for localhost only."""
    api = start("5.2", dataset=[])
    hosts = {
        "sde-dead": DEAD,
        "sde-eu": server_of(api),
        "sde.asia": {"sde_url": start("3.2", dataset=[]).url},
        "sde-none": {"sde_url": f"{api.url}/none"},
        "web1": {},
    }
    (tmp_path / "tokens.yml").write_text(json.dumps({"sde.asia": api.token}))
    environment = {"SDE_API_TOKENS_FILE": "tokens.yml", "PWD": str(tmp_path), **access(api)}
    environment |= SETTINGS.get(setting, FREE)
    run = play("audit", hosts, environment=environment, group=HOSTILE, sde_report_formats="json")
    assert run.returncode == 2, run.stdout
    report = reported(tmp_path)
    assert report["servers"] == ["sde-eu", "sde.asia"] and report["missing_servers"] == ["sde-dead", "sde-none"]
    assert "refused the connection" in report["summary"]["message"]
    assert {path.name for path in (tmp_path / "reports" / "servers").iterdir()} == {
        f"{name}.json" for name in ("sde-dead", "sde-eu", "sde.asia")
    }
    assert "ansible_failed_result" not in run.stdout
    for line in (r"sde-eu +pass", r"sde\.asia +pass", r"sde-dead +error", "SD Elements audit of sde.asia passed"):
        assert re.search(line, run.stdout), line
    assert "No API token for sde-none: sde_api_token is not set, is empty, or" in run.stdout
    failed = {"sde-dead": "1", "sde-eu": "0", "sde.asia": "0", "sde-none": "1"}
    assert setting == "minimal" or servers_of(run) == failed, run.stdout


def test_report_of_a_failed_server_is_not_an_old_one(start, play, tmp_path):
    """The run finds the reports of an earlier one."""
    servers = tmp_path / "reports" / "servers"
    servers.mkdir(parents=True)
    for path in (servers / "sde-eu.json", servers.parent / "audit.json"):
        path.write_text('{"summary": {"verdict": "pass"}}')
    api = start("5.2", dataset=[])
    hosts = {"sde-eu": server_of(api), "sde-us": DEAD}
    run = play("audit", hosts, sde_policy="nowhere.yml", sde_report_formats="json")
    assert run.returncode == 2, run.stdout
    assert reported(tmp_path)["summary"]["verdict"] == "error"
    assert reported(tmp_path, "servers/sde-eu")["summary"]["verdict"] == "error"


def test_merged_report_that_cannot_be_written(start, play, tmp_path):
    (tmp_path / "reports" / "audit.html").mkdir(parents=True)
    run = play("audit", {"sde-eu": server_of(start("5.2", dataset=[]))}, sde_report_formats=["json", "html"])
    assert run.returncode == 2, run.stdout
    assert "audit.html exists and is not a regular file." in messages_of(run.stdout)["sde-eu"]


def test_files_of_several_servers_must_differ(two, play, tmp_path):
    run = play("configuration", two, connection_config_allow_list=str(tmp_path / "allow.txt"))
    assert run.returncode == 2 and list(tmp_path.glob("*.txt")) == []
    assert "Several servers would write the same file: connection_config_allow_list." in run.stdout


def test_configuration_may_use_privileges_for_files_only(start, play, tmp_path):
    """The facts are gathered without."""
    run = play(
        "configuration",
        {"localhost": {"ansible_connection": "local"}},
        "--check",
        environment={
            **access(start("5.2", dataset=[])),
            "ANSIBLE_BECOME": "true",
            # Also for a user who is the same one, as in a container.
            "ANSIBLE_BECOME_ALLOW_SAME_USER": "true",
            "ANSIBLE_BECOME_EXE": "/no/sudo",
        },
        connection_config_allow_list=str(tmp_path / "allow.txt"),
        connection_config_allow_unknown=True,
    )
    gathered, _task, written = run.stdout.partition("Write the files]")
    assert "fatal" not in gathered and "/no/sudo" in written, run.stdout
    refused = play(
        "configuration", {}, environment=access(start()), ansible_become=True, connection_config_allow_list="/a"
    )
    assert "Remove ansible_become from the extra variables." in refused.stdout
