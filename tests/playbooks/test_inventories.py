# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One inventory for all playbooks: which servers a run is about, under any settings of Ansible."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from tests.playbooks.test_playbooks import assert_clean
from tests.support import access, inventory_of, messages_of

SUDO = {"ansible_become": True, "ansible_become_user": "nobody", "ansible_become_exe": "/no/sudo"}
# A run that would leave the controller, or use privileges, fails with these.
HOSTILE = {"ansible_connection": "ssh", **SUDO}
DEAD = {"sde_url": "http://127.0.0.1:9", "sde_api_token": "dead", "sde_retries": 0}


@pytest.fixture
def play(ansible, tmp_path):
    """Run a playbook of the collection on an inventory, with extra variables."""

    def run(name: str, hosts: dict, *arguments, environment: dict | None = None, group: dict | None = None, **extra):
        inventory = json.loads(inventory_of(hosts))
        inventory["all"]["vars"] = {**inventory["all"].get("vars", {}), **(group or {})}
        (tmp_path / "hosts.json").write_text(json.dumps(inventory))
        command = ["ansible-playbook", f"securitycompass.sdelements.{name}", "-i", "hosts.json"]
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
def three(start):
    """Three servers and another machine, on which every group variable is hostile."""
    names = ("sde-eu", "sde-us", "sde.asia")
    return {**{name: server_of(start("5.2")) for name in names}, "web1": {}}


@pytest.mark.parametrize("name", ["list_connections", "audit", "configuration"])
def test_one_inventory_serves_every_playbook(three, play, tmp_path, name):
    files = {"connection_config_allow_list": str(tmp_path / "{{ inventory_hostname }}.txt")}
    # Files are written with the privileges that the inventory wants.
    group = {"ansible_connection": "ssh"} if name == "configuration" else HOSTILE
    run = play(name, three, group=group, sde_fail_on="never", connection_config_allow_unknown=True, **files)
    assert run.returncode == 0, run.stdout
    assert servers_of(run) == dict.fromkeys(["sde-eu", "sde-us", "sde.asia"], "0")
    if name == "list_connections":
        assert run.stdout.count("Customer Portal to JIRA") == 3
    elif name == "configuration":
        assert {one.name for one in tmp_path.glob("*.txt")} == {"sde-eu.txt", "sde-us.txt", "sde.asia.txt"}
    else:
        assert reported(tmp_path)["servers"] == ["sde-eu", "sde-us", "sde.asia"]
        files = {path.name for path in (tmp_path / "reports" / "servers").iterdir()}
        assert files == {"sde-eu.json", "sde-us.json", "sde.asia.json"}
        assert {path.suffix for path in (tmp_path / "reports").glob("audit.*")} == {
            ".json",
            ".xml",
            ".sarif",
            ".md",
            ".html",
            ".csv",
        }


def test_variables_of_the_run_are_checked(three, play):
    """Each run asks nothing of a server."""
    same = {
        **three,
        "copy": dict(three["sde-eu"], sde_url=three["sde-eu"]["sde_url"].upper().replace("HTTP", "http") + "/"),
    }
    cases = {
        'sde_hosts is "prdo", which matches no host of the inventory.': (three, [], {"sde_hosts": "prdo"}),
        "sde-eu and copy have the same sde_url.": (same, [], {}),
        "--limit excludes all servers (sde-eu, sde-us, sde.asia).": (three, ["--limit", "web1"], {}),
        "web1 needs its address in sde_url, and its token": (three, [], {"sde_hosts": "web1"}),
        "Remove ansible_connection from the extra variables.": (three, [], {"ansible_connection": "ssh"}),
        "Remove ansible_become from the extra variables.": (three, [], {"ansible_become": True}),
        "Unknown variable sde_fail_onn: did you mean sde_fail_on?": (three, [], {"sde_fail_onn": "low"}),
        '-e contains "place", which is not name=value.': (three, ["-e", "sde_report_dir=work place"], {}),
    }
    for message, (hosts, arguments, extra) in cases.items():
        run = play("audit", hosts, *arguments, **extra)
        assert run.returncode == 2 and message in run.stdout.replace('\\"', '"'), (message, run.stdout)
        assert "Gather and audit" not in run.stdout


def test_one_server_of_extra_variables(start, play):
    """An inventory of other machines is not audited."""
    api = start("5.2", dataset=[])
    run = play("audit", {"web1": {}, "web2": {}}, sde_url=api.url, sde_api_token=api.token)
    assert run.returncode == 0 and servers_of(run) == {"localhost": "0"}, run.stdout
    in_group = play("audit", {"web1": {}, "web2": {}}, group={"sde_url": api.url, "sde_api_token": api.token})
    assert in_group.returncode == 0 and servers_of(in_group) == {"localhost": "0"}, in_group.stdout


def test_tokens_of_a_file(start, play, tmp_path):
    """The token of the environment is for localhost only."""
    api = start("5.2", dataset=[])
    (tmp_path / "tokens.yml").write_text(json.dumps({"sde-eu": api.token}))
    hosts = {name: {"sde_url": f"{api.url}/{path}"} for name, path in (("sde-eu", ""), ("sde-us", "us"))}
    environment = {"SDE_API_TOKENS_FILE": "tokens.yml", "PWD": str(tmp_path), **access(api)}
    run = play("audit", hosts, environment=environment)
    assert run.returncode == 2 and servers_of(run) == {"sde-eu": "0", "sde-us": "1"}, run.stdout
    assert messages_of(run.stdout)["sde-us"].startswith("sde-us needs its address in sde_url, and its token")


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
    hosts = {
        "sde-dead": DEAD,
        "sde-eu": server_of(start("5.2", dataset=[])),
        "sde-us": server_of(start("3.2", dataset=[])),
    }
    run = play("audit", hosts, environment=SETTINGS.get(setting, FREE), group=HOSTILE)
    assert run.returncode == 2, run.stdout
    report = reported(tmp_path)
    assert report["servers"] == ["sde-eu", "sde-us"] and report["missing_servers"] == ["sde-dead"]
    assert "refused the connection" in report["summary"]["message"]
    assert "ansible_failed_result" not in run.stdout
    for line in (r"sde-eu +pass ", r"sde-us +pass ", r"sde-dead +error +GET http://127.0.0.1:9/"):
        assert re.search(line, run.stdout), line
    assert setting == "minimal" or servers_of(run) == {"sde-dead": "1", "sde-eu": "0", "sde-us": "0"}


def test_report_of_a_failed_server_is_not_an_old_one(start, play, tmp_path):
    """The second run finds the report of the first."""
    api = start("5.2", dataset=[])
    assert play("audit", {"sde-eu": server_of(api)}).returncode == 0
    run = play("audit", {"sde-eu": server_of(api), "sde-us": DEAD}, sde_policy="nowhere.yml")
    assert run.returncode == 2, run.stdout
    assert reported(tmp_path)["summary"]["verdict"] == "error"


def test_merged_report_that_cannot_be_written(start, play, tmp_path):
    (tmp_path / "reports" / "audit.html").mkdir(parents=True)
    run = play("audit", {"sde-eu": server_of(start("5.2", dataset=[]))})
    assert run.returncode == 2, run.stdout
    assert "audit.html exists and is not a regular file." in messages_of(run.stdout)["sde-eu"]


def test_files_of_several_servers_must_differ(three, play, tmp_path):
    run = play("configuration", three, connection_config_allow_list=str(tmp_path / "allow.txt"))
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
            "ANSIBLE_BECOME_USER": "nobody",
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


def test_read_only_home(start, ansible, tmp_path):
    home = tmp_path / "read-only"
    home.mkdir(mode=0o500)
    environment = {**access(start("5.2")), "HOME": str(home), "ANSIBLE_HOME": str(tmp_path / "ansible")}
    run = ansible("ansible-playbook", "securitycompass.sdelements.list_connections", **environment)
    assert_clean(run)
    assert list(home.iterdir()) == []
