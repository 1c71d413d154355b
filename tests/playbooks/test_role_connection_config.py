# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role connection_config: what it renders, read by the programs that it is for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.securitycompass.sdelements.plugins.module_utils._tool_server import server_facts
from tests.conftest import ROOT
from tests.playbooks.test_canary import TOKEN, planted
from tests.playbooks.test_playbooks import assert_clean
from tests.support import SOME_GENERATIONS, access, connections, inventory_of, messages_of

FILES = {
    "allow_list": "allow.txt",
    "allow_list_json": "allow.json",
    "nftables": "sets.nft",
    "prometheus": "targets.json",
}
# Texts that could break out of a comment, a string, a line or a template.
ALIASES = [
    "quote \" and ' and back\\slash\\",
    "two\nlines\r\nadd rule inet filter input accept",
    "# comment; flush ruleset }",
    "bidi \u202e and \u2066 isolate",
    "controls \x00\x07\x1b[31m\x7f\x85\u2028",
    "{{ lookup('ansible.builtin.pipe', 'id') }} {% raw %}",
    "smile \U0001f600",
    "x" * 300,
]
ADDRESSES = ["192.0.2.7", "[2001:db8::7]:8443"]


@pytest.fixture
def render(ansible, tmp_path):
    """Run the role's playbook, with a name for each file that is wanted, and return what was printed."""

    def run(server, /, *arguments: str, files=tuple(FILES), status: int = 0, environment=None, **variables):
        names = {f"connection_config_{file}": str(tmp_path / FILES[file]) for file in files}
        given = {**names, **{f"connection_config_{name}": value for name, value in variables.items()}}
        # From a file, since ansible-core itself prints its command line.
        (tmp_path / "vars").write_text(json.dumps(given))
        command = [
            "ansible-playbook",
            "securitycompass.sdelements.configuration",
            "-e",
            f"@{tmp_path / 'vars'}",
            *arguments,
        ]
        played = ansible(*command, **{**access(server), **(environment or {})})
        assert_clean(played, status)
        return played.stdout

    return run


@pytest.fixture
def render_each(ansible, tmp_path):
    """Run the role's playbook once, on a host for each case. Returns what was printed, and the messages of each case.

    A case is a server and the role's variables. Its files are in a folder of its name.
    """

    def run(
        cases: dict[str, tuple], *arguments: str, files=tuple(FILES), status: int = 0
    ) -> tuple[str, dict[str, str]]:
        hosts = {}
        for name, (server, variables) in cases.items():
            (tmp_path / name).mkdir(exist_ok=True)
            paths = {file: str(tmp_path / name / FILES[file]) for file in variables.pop("files", files)}
            given = {"url": server.url, "api_token": server.token, **paths, **variables}
            hosts[name] = {f"connection_config_{option}": value for option, value in given.items()}
        (tmp_path / "hosts.json").write_text(inventory_of(hosts))
        command = ["ansible-playbook", "securitycompass.sdelements.configuration", "-i", tmp_path / "hosts.json"]
        played = ansible(*command, "-e", "connection_config_hosts=all", *arguments)
        assert_clean(played, status)
        return played.stdout, messages_of(played.stdout)

    return run


@pytest.fixture
def checked(checker, nft, tmp_path):
    """Give the files to nft and promtool, as an administrator would."""

    def check(folder: Path = tmp_path) -> None:
        read = subprocess.run([*nft, folder / "sets.nft"], capture_output=True, text=True, check=False)
        assert (read.returncode, read.stdout + read.stderr) == (0, "")
        (folder / "prometheus.yml").write_text(SCRAPE)
        command = [checker("promtool"), "check", "config", folder / "prometheus.yml"]
        promtool = subprocess.run(command, capture_output=True, text=True, check=False)
        assert promtool.returncode == 0 and "SUCCESS" in promtool.stdout, promtool.stdout + promtool.stderr
        assert "WARNING" not in promtool.stdout

    return check


# As for any blackbox exporter, what Prometheus itself asks is the exporter.
SCRAPE = """
scrape_configs:
  - job_name: sde
    file_sd_configs: [{files: [targets.json]}]
    relabel_configs: [{target_label: __address__, replacement: "127.0.0.1:9115"}]
"""


def record(number: int, alias: str = "one", server: str | None = "192.0.2.7", **more) -> dict:
    params = {"alm_user": "x", **({"alm_server": server} if server else {})}
    return {"kind": "alm", "id": number, "alias": alias, "system": "JIRA", "project": 1, "params": params, **more}


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="ascii").splitlines()


def elements(path: Path) -> list[str]:
    """The elements of the sets, without comments."""
    return [line.strip(" \t,") for line in lines(path) if line.startswith("\t") and not line.startswith("\t#")]


def groups(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="ascii"))


@SOME_GENERATIONS
def test_every_generation(start, render_each, checked, tmp_path, generations):
    servers = {generation: start(generation) for generation in generations}
    # The other files are made of the same list.
    files = {key: ["allow_list_json", "prometheus"] for key in generations} | {"newest": list(FILES)}
    render_each(
        {
            generation: (servers[generation], {"allow_unknown": True, "files": files[generation]})
            for generation in generations
        }
    )
    for generation, server in servers.items():
        folder = tmp_path / generation
        known = json.loads((folder / "allow.json").read_text())
        allowed = {f"{one['host']} {one['port']} {one['protocol']}" for one in known["servers"]}
        assert {"rally1.rallydev.com 443 tcp", "jira.example.com 80 tcp", "jira.example.com 443 tcp"} <= allowed
        records = server.records("alm") + server.records("analysis")
        names = {(one["kind"], one["id"]) for one in records if any(name.endswith("_server") for name in one["params"])}
        listed = [one for server in known["servers"] for one in server["connections"]] + known["agent"]
        assert {(one["kind"], one["id"]) for one in listed} == names
        targets = groups(folder / "targets.json")
        assert [(one["labels"]["kind"], int(one["labels"]["id"])) for one in targets] == sorted(names)
        first = {
            "kind": "alm",
            "id": "1",
            "alias": "Rally Integration",
            "system": "rally",
            "project": "2",
            "via": "server",
        }
        assert targets[0] == {
            "targets": ["https://rally1.rallydev.com:443"],
            "labels": {**first, "sde_server": server.url.partition("://")[2]},
        }
    checked(tmp_path / "newest")
    assert {line for line in lines(tmp_path / "newest" / "allow.txt") if not line.startswith("#")} == allowed


def test_hostile_aliases_and_further_runs(start, render_each, checked, tmp_path):
    dataset = [record(number, alias, ADDRESSES[number % 2]) for number, alias in enumerate(ALIASES, 1)]
    dataset.append(record(50, ALIASES[1], "not a server"))
    dataset.append(record(51, ALIASES[1], "192.0.2.9", inaccessible=True))
    server = start("newest", dataset=dataset)
    variables = {"allow_unknown": True, "server": "x"}
    shown, _messages = render_each({"hostile": (server, dict(variables))})
    assert "changed=1 " in shown
    folder = tmp_path / "hostile"
    files = [folder / name for name in FILES.values()]
    checked(folder)
    assert elements(folder / "sets.nft") == ["192.0.2.7 . 443", "2001:db8::7 . 8443"]
    for file in files:
        text = file.read_text(encoding="ascii")
        assert re.fullmatch(r"[\t\n -~]*", text), file
        assert "uid=" not in text + shown
    comments = [line for line in lines(folder / "allow.txt")[1:] if line.startswith("#")]
    assert comments == [
        rf"# through the remote integration agent: alm 51 {json.dumps(ALIASES[1])}",
        rf"# UNKNOWN: alm 50 {json.dumps(ALIASES[1])}, its server cannot be parsed as host and port",
    ]
    labels = [one["labels"]["alias"] for one in groups(folder / "targets.json")]
    assert labels[: len(ALIASES)] == [one["alias"] for one in server.records("alm")][: len(ALIASES)]

    # A second run changes nothing.
    before = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in files}
    shown, _messages = render_each({"hostile": (server, dict(variables))})
    assert "changed=0 " in shown

    # Check mode shows the difference, and refuses what a run refuses.
    more = start("newest", dataset=[*dataset, record(60, server="192.0.2.8:8080")])
    cases = {"hostile": (more, dict(variables)), "refused": (server, {"api_token": server.limited_token})}
    shown, messages = render_each(cases, "--check", "--diff", files=["allow_list", "nftables", "prometheus"], status=2)
    assert "changed=1 " in shown
    for added in ("+192.0.2.8 8080 tcp", "+\t192.0.2.8 . 8080,", '+  {"targets": ["https://192.0.2.8:8080"]'):
        assert added in shown
    assert list(messages) == ["refused"] and not list((tmp_path / "refused").iterdir())
    assert "its parameters are hidden from the token" in messages["refused"]
    assert {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in files} == before


def test_what_prometheus_makes_of_it(start, render, checker, tmp_path):
    dataset = [
        record(1, ALIASES[0]),
        record(2, ALIASES[3], inaccessible=True),
        record(3, "no server", None),
        record(4, "bad", "a b"),
    ]
    render(start("newest", dataset=dataset), files=["prometheus"], allow_unknown=True, server="sde.example.com")
    scrape = yaml.safe_load((ROOT / "docs" / "examples" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    scrape["scrape_configs"][0]["file_sd_configs"][0]["files"] = ["targets.json"]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(scrape))
    command = [checker("promtool"), "check", "service-discovery", tmp_path / "prometheus.yml", "sdelements"]
    found = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=tmp_path).stdout
    kept = [one["labels"] for one in json.loads(found) if one["labels"]]
    # The one that only the agent reaches is dropped, as the guide says; the others have no target.
    assert [(one["alias"], one["__param_target"], one["instance"], one["sde_server"]) for one in kept] == [
        (ALIASES[0], "https://192.0.2.7:443", "https://192.0.2.7:443", "sde.example.com")
    ]
    unknown = groups(tmp_path / "targets.json")[-1]
    assert (unknown["targets"], unknown["labels"]["id"], unknown["labels"]["unknown"]) == ([], "4", "unreadable")


def test_trackers_below_one_host_and_facts_of_an_older_release(start, render_each, checked, tmp_path):
    """Each tracker has its own target, and both need the same port of the same host. The alias may be null."""
    dataset = [record(1, server="192.0.2.7/jira"), record(2)]
    dataset[1]["params"]["alm_context_root"] = "jira-eu"
    server = start("newest", dataset=dataset)
    facts = [{**one, "alias": None, "frequency": None, "system": None} for one in connections(server)]
    older = [{name: value for name, value in one.items() if name != "server"} for one in facts]
    cases = {
        "today": {"connections": facts, "files": ["allow_list", "nftables", "prometheus"]},
        "lists": {"connections": older, "files": ["allow_list", "nftables"]},
        "targets": {"connections": older, "files": ["allow_list", "prometheus"]},
    }
    _printed, messages = render_each({name: (server, variables) for name, variables in cases.items()}, status=2)
    checked(tmp_path / "today")
    assert [one["targets"] for one in groups(tmp_path / "today" / "targets.json")] == [
        ["https://192.0.2.7:443/jira"], ["https://192.0.2.7:443/jira-eu"]
    ]  # a row for each case # fmt: skip
    assert [one["labels"]["alias"] for one in groups(tmp_path / "today" / "targets.json")] == ["", ""]
    for folder in ("today", "lists"):
        assert lines(tmp_path / folder / "allow.txt")[1:] == ["192.0.2.7 443 tcp"]
        assert "\t# 192.0.2.7: alm 1, alm 2" in lines(tmp_path / folder / "sets.nft")
    assert list(messages) == ["targets"] and not list((tmp_path / "targets").iterdir())
    assert "without 'server', which an older release of this collection saved" in messages["targets"]


def test_hidden_parameters(start, render_each, checked, tmp_path):
    server = start("5.2", dataset=[record(1, "one"), {**record(2), "kind": "analysis"}])
    limited = {"api_token": server.limited_token}
    cases = {"refused": (server, {**limited}), "allowed": (server, {**limited, "allow_unknown": True})}
    _printed, messages = render_each(cases, status=2)
    assert list(messages) == ["refused"] and not list((tmp_path / "refused").iterdir())
    assert "The server of 2 of 2 connections is unknown, so nothing was written" in messages["refused"]
    assert "its parameters are hidden from the token" in messages["refused"]
    folder = tmp_path / "allowed"
    checked(folder)
    expected = [
        f'# UNKNOWN: {kind} {number} "one", its parameters are hidden from the token'
        for kind, number in (("alm", 1), ("analysis", 2))
    ]
    for file in ("allow.txt", "sets.nft"):
        assert [line for line in lines(folder / file) if "UNKNOWN" in line] == expected
    assert len(json.loads((folder / "allow.json").read_text())["unknown"]) == 2
    assert [(one["targets"], one["labels"]["unknown"]) for one in groups(folder / "targets.json")] == [
        ([], "hidden")
    ] * 2


def test_names_are_not_resolved_unless_asked(start, render_each, checked, tmp_path):
    server = start("newest", dataset=[record(1, server="localhost"), record(2, server="nowhere.invalid"), record(3)])
    cases = {
        "unasked": {},
        "asked": {"resolve": True},
        # The other files hold names.
        "names": {"files": ["allow_list", "prometheus"]},
        "unknown": {"resolve": True, "allow_unknown": True, "files": ["nftables", "prometheus"]},
    }
    _printed, messages = render_each({name: (server, variables) for name, variables in cases.items()}, status=2)
    assert set(messages) == {"unasked", "asked"}
    assert "These servers do not have any, so nothing was written: localhost, nowhere.invalid" in messages["unasked"]
    assert "set connection_config_resolve" in messages["unasked"] and not list((tmp_path / "unasked").iterdir())
    assert "These servers do not have any, so nothing was written: nowhere.invalid" in messages["asked"]
    assert "This host cannot resolve their names." in messages["asked"]
    folder = tmp_path / "unknown"
    checked(folder)
    found = elements(folder / "sets.nft")
    assert {"127.0.0.1 . 443", "192.0.2.7 . 443"} <= set(found) <= {"127.0.0.1 . 443", "192.0.2.7 . 443", "::1 . 443"}
    assert "# UNKNOWN: the address of nowhere.invalid, port 443" in lines(folder / "sets.nft")


def test_table_and_set_and_validation(start, render_each, nft, tmp_path):
    server = start("newest", dataset=[record(1)])
    cases = {
        "named": {"nftables_table": "ip filter", "nftables_set": "sde", "nftables_validate": f"{' '.join(nft)} %s"},
        "wrong": {"nftables_table": "inet filter; flush ruleset"},
        "refused": {"nftables_validate": "/bin/false %s"},
    }
    (tmp_path / "refused").mkdir()
    (tmp_path / "refused" / "sets.nft").write_text("old\n")
    _printed, messages = render_each(
        {name: (server, given) for name, given in cases.items()}, files=["nftables"], status=2
    )
    assert "add element ip filter sde_ipv4 {" in lines(tmp_path / "named" / "sets.nft")
    assert elements(tmp_path / "named" / "sets.nft") == ["192.0.2.7 . 443"]
    assert set(messages) == {"wrong", "refused"} and "Use names such as" in messages["wrong"]
    assert "failed to validate" in messages["refused"]
    assert (tmp_path / "refused" / "sets.nft").read_text() == "old\n"


def test_the_validation_of_the_guide_for_prometheus(start, render_each, checker, tmp_path):
    checker("promtool")
    guide = (ROOT / "docs" / "configuration_guide.md").read_text(encoding="utf-8")
    play = next(
        block for block in re.findall(r"^```yaml\n(.*?)^```", guide, re.MULTILINE | re.DOTALL) if "promtool" in block
    )
    validate = yaml.safe_load(play)[0]["vars"]["connection_config_prometheus_validate"]
    template, kept = tmp_path / "wrong.j2", tmp_path / "kept.json"
    template.write_text('[{"targets": ["x"], "labels": {"not-a-name": "x"}}]')
    kept.write_text("old")
    own = {"template": str(template), "template_dest": str(kept), "template_validate": validate}
    server = start("newest", dataset=[record(1)])
    _printed, messages = render_each(
        {
            "valid": (server, {"files": ["prometheus"], "prometheus_validate": validate}),
            "invalid": (server, {"files": [], **own}),
        },
        status=2,
    )
    assert list(messages) == ["invalid"] and "failed to validate" in messages["invalid"]
    assert groups(tmp_path / "valid" / "targets.json") and kept.read_text() == "old"


def test_a_template_of_ones_own(start, render, tmp_path):
    template, target = tmp_path / "own.j2", tmp_path / "own.txt"
    template.write_text("{{ connections | length }} {{ egress.servers | map(attribute='host') | join }}\n")
    server = start("newest", dataset=[record(1), record(2)])
    shown = render(server, files=[], template=str(template), template_dest=str(target), mode="0600")
    assert "changed=1 " in shown
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("2 192.0.2.7\n", 0o600)


WRONG_VARIABLES = [
    ({"files": []}, "No file to write."),
    ({"template_dest": "/tmp/own.txt"}, "Set both connection_config_template and"),
    ({"files": [], "allow_list": "allow.txt"}, "These paths are not absolute: allow.txt."),
    ({"files": [], "allow_list": "$HOME/allow.txt"}, "These paths are not absolute: $HOME/allow.txt."),
    ({"template": "own.j2", "template_dest": "../own.txt"}, "These paths are not absolute: ../own.txt."),
    ({"files": [], "allow_list": "/tmp/"}, "These paths are not absolute: /tmp/."),
    ({"mode": 640}, "connection_config_mode is 640. Use a quoted mode"),
    ({"mode": "416"}, "Use a quoted mode, such as '0640', without write permission for others."),
    ({"prometheus": "/tmp/targets.yml"}, "The name must end with .json."),
    ({"kinds": ["alms"]}, "Use a list of alm and analysis."),
    ({"nftables_set": "1 }"}, "Use names such as"),
    ({"connections": []}, "There are no connections, so nothing was written."),
    ({"connections": [{"id": 1}]}, "The fact 'kind' of a connection is missing"),
]


def test_wrong_variables(start, render_each):
    server = start("newest", dataset=[record(1)])
    cases = {f"case{number}": case for number, case in enumerate(WRONG_VARIABLES)}
    _printed, said = render_each(
        {name: (server, dict(variables)) for name, (variables, _message) in cases.items()}, status=2
    )
    assert set(said) == set(cases)
    assert {name: said[name] for name, (_variables, message) in cases.items() if message not in said[name]} == {}
    assert not server.requests


def test_empty_answers_of_a_survey(start, render, tmp_path):
    specification = yaml.safe_load(
        (ROOT / "roles" / "connection_config" / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    )
    options = specification["argument_specs"]["main"]["options"]
    given = {f"connection_config_{name}" for name in (*FILES, "kinds")}
    empty = {
        name.removeprefix("connection_config_"): ""
        for name in sorted(set(options) - given)
        if options[name]["type"] in ("path", "raw", "str")
    }
    assert len(empty) == 19
    server = start("newest", dataset=[record(1)])
    render(server, files=["nftables", "prometheus"], **empty, kinds="alm, analysis")
    assert "add element inet sdelements egress_ipv4 {" in lines(tmp_path / "sets.nft")


GIVEN = """
- hosts: firewall
  gather_facts: false
  module_defaults:
    group/securitycompass.sdelements.sdelements:
      page_size: 1
  tasks:
    - ansible.builtin.include_role:
        name: securitycompass.sdelements.connection_config
      vars:
        connection_config_allow_list: {folder}/first.txt
    - ansible.builtin.include_role:
        name: securitycompass.sdelements.connection_config
      vars:
        connection_config_allow_list: {folder}/second.txt
        connection_config_connections: []
        connection_config_allow_unknown: true
    - ansible.builtin.assert:
        that: connection_config_result is changed
"""


def test_gathered_on_the_controller_and_written_elsewhere(start, ansible, tmp_path):
    server = start("newest", dataset=[record(1), record(2)])
    (tmp_path / "play.yml").write_text(GIVEN.format(folder=tmp_path))
    plugins = str(ROOT / "tests" / "playbooks" / "connection_plugins")
    command = ["ansible-playbook", "-i", "firewall,", "-c", "elsewhere", tmp_path / "play.yml"]
    run = ansible(
        *command, ANSIBLE_CONNECTION_PLUGINS=plugins, ANSIBLE_PYTHON_INTERPRETER=sys.executable, **access(server)
    )
    assert run.returncode == 0, run.stdout
    assert "[firewall -> localhost]" in run.stdout
    assert lines(tmp_path / "first.txt")[1:] == ["192.0.2.7 443 tcp"]
    assert lines(tmp_path / "second.txt")[1:] == []
    # Defaults of the play reach the tasks of the role, and given facts, even none, are not gathered again.
    assert [request for request in server.requests if "page_size=1" in request.query]
    assert [request.path.split("/")[-2] for request in server.requests].count("analysis") == 1


LOOPED = """
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/securitycompass.sdelements.sdelements:
      keep_params: ["*_project"]
      alias: nobody
  vars:
    # Names that the role's templates use.
    connections: "{{ alm.connections }}"
    egress: "{{ connections }}"
  tasks:
    - securitycompass.sdelements.sde_alm_connection_info:
        keep_params: ["*"]
        alias: "{{ omit }}"
      register: alm
    - ansible.builtin.include_role:
        name: securitycompass.sdelements.connection_config
      vars:
        connection_config_connections: "{{ egress | selectattr('id', 'eq', item.id) | list }}"
        connection_config_allow_list: "FOLDER/{{ item.id }}.txt"
        connection_config_mode: "{{ item.mode }}"
        connection_config_resolve: true
      loop: [{id: 1, mode: "0600"}, {id: 2, mode: 'u=rw,go='}]
    - ansible.builtin.include_role:
        name: securitycompass.sdelements.connection_config
      vars:
        connection_config_allow_list: FOLDER/all.txt
        connection_config_mode: 0640
"""


def test_in_a_loop_and_whatever_the_play_says(start, ansible, tmp_path):
    """Neither names of the caller's nor module_defaults change what is written, and with which permissions."""
    server = start("newest", dataset=[record(1), record(2, server="192.0.2.8")])
    (tmp_path / "play.yml").write_text(LOOPED.replace("FOLDER", str(tmp_path)))
    run = ansible("ansible-playbook", tmp_path / "play.yml", **access(server))
    assert_clean(run)
    found = {path.name: (path.stat().st_mode & 0o777, lines(path)[1:]) for path in tmp_path.glob("*.txt")}
    assert found == {
        "1.txt": (0o600, ["192.0.2.7 443 tcp"]),
        "2.txt": (0o600, ["192.0.2.8 443 tcp"]),
        "all.txt": (0o640, ["192.0.2.7 443 tcp", "192.0.2.8 443 tcp"]),
    }


@pytest.mark.slow
def test_nothing_is_written_without_connections(start, render_each, tmp_path):
    server = start("newest", dataset=[])
    cases = {"refused": (server, {}), "allowed": (server, {"allow_unknown": True})}
    _printed, messages = render_each(cases, files=["allow_list"], status=2)
    assert list(messages) == ["refused"] and not list((tmp_path / "refused").iterdir())
    assert "There are no connections, so nothing was written." in messages["refused"]
    assert lines(tmp_path / "allowed" / "allow.txt")[1:] == []


def test_hosts_that_are_not_there(ansible):
    played = ansible(
        "ansible-playbook", "securitycompass.sdelements.configuration", "-e", "connection_config_hosts=none"
    )
    assert (
        played.returncode == 2
        and "connection_config_hosts is " in played.stdout
        and ", which does not match any host of the inventory" in played.stdout
    )


def test_no_canary_in_any_file(start, render, tmp_path):
    server = start("5.2", dataset=planted(), token=TOKEN)
    shown = render(
        server, "-vvvv", resolve=True, allow_unknown=True, api_token=TOKEN, environment={"SDE_API_KEY": "unused"}
    )
    texts = [shown, *((tmp_path / file).read_text() for file in FILES.values())]
    assert all("example.com" in text for text in texts)
    assert not [found for text in texts for found in re.findall(r"CANARY\d{4}\w*", text)]


def test_facts_that_were_given_are_not_shown(start, render):
    """Who gathers with include_secrets hides the result, and the role keeps it hidden."""
    given = {**planted()[0], "params_visible": True, **server_facts("alm", {"alm_server": "alm.example.com"})}
    shown = render(start("newest"), "-vv", files=["allow_list"], connections=[given], allow_unknown=True)
    assert "Save the connections" in shown and "CANARY" not in shown
