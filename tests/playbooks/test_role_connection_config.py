# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role connection_config: what it renders, read by the programs that it is for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import yaml

from ansible_collections.securitycompass.sdelements.plugins.module_utils._tool_server import server_facts
from tests.conftest import ROOT
from tests.demo_server import GENERATIONS, DemoServer
from tests.playbooks.test_canary import TOKEN, planted
from tests.playbooks.test_playbooks import assert_clean
from tests.support import KINDS, access, connections, inventory_of, messages_of

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
ROLE = {"ansible.builtin.include_role": {"name": "securitycompass.sdelements.connection_config"}}


# The cases of most tests, by name: what returns the facts, and the role's variables without their prefix. FOLDER stands
# for the folder of the run, in which each case has a folder for its files.
CASES: dict[str, tuple[Callable[[], list[dict]], dict]] = {}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cases")


@pytest.fixture(scope="module")
def untouched(module_start):
    """The server of all cases. They have their connections, so that none of them asks it for anything."""
    return module_start("newest")


@pytest.fixture(scope="module")
def messages(module_start, module_ansible, folder, untouched) -> dict[str, str]:
    """The messages of the cases that fail. All cases run at once, each on a host of its own."""
    cases = {name: {"connections": facts(), **given} for name, (facts, given) in CASES.items()}
    for name in cases:
        (folder / name).mkdir()
    (folder / "refused by the validation" / FILES["nftables"]).write_text("old\n")
    (folder / "kept.json").write_text("old")
    (folder / "wrong.j2").write_text('[{"targets": ["x"], "labels": {"not-a-name": "x"}}]')
    (folder / "own.j2").write_text(OWN_TEMPLATE)
    hosts = {name: variables_of(folder / name, untouched, given) for name, given in cases.items()}
    (folder / "hosts.json").write_text(inventory_of(hosts).replace("FOLDER", str(folder)))
    (folder / "play.yml").write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": [ROLE]}]))
    server = module_start("newest", dataset=[record(1)])
    played = module_ansible("ansible-playbook", folder / "play.yml", "-i", folder / "hosts.json", **access(server))
    assert_clean(played, 2)
    return messages_of(played.stdout)


def facts_of(records: list[dict]) -> list[dict]:
    """The facts of these records of a server."""
    with DemoServer("newest", dataset=records) as server:
        return connections(server)


def variables_of(folder: Path, server, given: dict) -> dict:
    """The role's variables, with a name for each file that is wanted."""
    paths = {file: str(folder / FILES[file]) for file in given.get("files", FILES)}
    given = {"url": server.url, "api_token": server.token, **paths, **given}
    return {f"connection_config_{name}": value for name, value in given.items() if name != "files"}


@pytest.fixture
def render_each(ansible, tmp_path):
    """Run the role's playbook once, on a host for each case. Returns what was printed.

    A case is a server and the role's variables. Its files are in a folder of its name.
    """

    def run(cases: dict[str, tuple], *arguments: str, status: int = 0) -> str:
        for name in cases:
            (tmp_path / name).mkdir()
        hosts = {name: variables_of(tmp_path / name, server, given) for name, (server, given) in cases.items()}
        (tmp_path / "hosts.json").write_text(inventory_of(hosts))
        command = ["ansible-playbook", "securitycompass.sdelements.configuration", "-i", tmp_path / "hosts.json"]
        played = ansible(*command, "-e", "connection_config_hosts=all", *arguments)
        assert_clean(played, status)
        return played.stdout

    return run


@pytest.fixture
def checked(checker, nft):
    """Give the files to nft and promtool, as an administrator would."""

    def check(folder: Path) -> None:
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


@pytest.mark.parametrize(
    "generations",
    [(GENERATIONS[0], "newest"), pytest.param(GENERATIONS, marks=pytest.mark.slow)],
    ids=["some", "all"],
)
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


HOSTILE = """
- hosts: localhost
  gather_facts: false
  tasks:
    - &role
      ansible.builtin.include_role:
        name: securitycompass.sdelements.connection_config
    - *role
    # Check mode shows the difference, and refuses what a run refuses.
    - ansible.builtin.include_role: &in_check_mode
        name: securitycompass.sdelements.connection_config
        apply: {check_mode: true, diff: true}
      vars:
        connection_config_allow_list_json: ""
        connection_config_connections: "{{ lookup('ansible.builtin.file', 'more.json') | from_json }}"
    - ansible.builtin.include_role: *in_check_mode
      vars:
        connection_config_api_token: "{{ limited_token }}"
        connection_config_allow_unknown: false
        connection_config_allow_list: "{{ refused }}"
"""


def test_hostile_aliases_and_further_runs(start, ansible, checked, tmp_path):
    dataset = [record(number, alias, ADDRESSES[number % 2]) for number, alias in enumerate(ALIASES, 1)]
    dataset.append(record(50, ALIASES[1], "not a server"))
    dataset.append(record(51, ALIASES[1], "192.0.2.9", inaccessible=True))
    (tmp_path / "more.json").write_text(json.dumps(facts_of([*dataset, record(60, server="192.0.2.8:8080")])))
    server = start("newest", dataset=dataset)
    folder, refused = tmp_path / "hostile", tmp_path / "refused.txt"
    folder.mkdir()
    given = variables_of(folder, server, {"allow_unknown": True, "server": "x"})
    of_check_mode = {"limited_token": server.limited_token, "refused": str(refused)}
    (tmp_path / "play.yml").write_text(HOSTILE)
    (tmp_path / "hosts.json").write_text(inventory_of({"localhost": {**given, **of_check_mode}}))
    played = ansible("ansible-playbook", tmp_path / "play.yml", "-i", tmp_path / "hosts.json")
    assert_clean(played, 2)
    shown = played.stdout
    # The second run changes nothing.
    assert shown.count("changed: [localhost]") == 2 * len(FILES) - 1 and "changed=2 " in shown
    for added in ("+192.0.2.8 8080 tcp", "+\t192.0.2.8 . 8080,", '+  {"targets": ["https://192.0.2.8:8080"]'):
        assert added in shown
    assert "its parameters are hidden from the token" in messages_of(shown)["localhost"] and not refused.exists()
    # The last two write nothing.
    checked(folder)
    files = [folder / name for name in FILES.values()]
    assert elements(folder / "sets.nft") == ["192.0.2.7 . 443", "2001:db8::7 . 8443"]
    for file in files:
        text = file.read_text(encoding="ascii")
        assert re.fullmatch(r"[\t\n -~]*", text), file
        assert "uid=" not in text + shown and "192.0.2.8" not in text
    comments = [line for line in lines(folder / "allow.txt")[1:] if line.startswith("#")]
    assert comments == [
        rf"# through the remote integration agent: alm 51 {json.dumps(ALIASES[1])}",
        rf"# UNKNOWN: alm 50 {json.dumps(ALIASES[1])}, its server cannot be parsed as host and port",
    ]
    labels = [one["labels"]["alias"] for one in groups(folder / "targets.json")]
    assert labels[: len(ALIASES)] == [one["alias"] for one in server.records("alm")][: len(ALIASES)]


def validation_of_the_guide() -> str:
    guide = (ROOT / "docs" / "configuration_guide.md").read_text(encoding="utf-8")
    plays = re.findall(r"^```yaml\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    play = next(play for play in plays if "promtool" in play)
    return yaml.safe_load(play)[0]["vars"]["connection_config_prometheus_validate"]


# Several tests look at this: targets, a set with other names, and a file of a template of one's own.
CASES["various"] = (
    partial(
        facts_of,
        [
            record(1, ALIASES[0]),
            record(2, ALIASES[3], inaccessible=True),
            record(3, "no server", None),
            record(4, "bad", "a b"),
        ],
    ),
    {
        "files": ["nftables", "prometheus"],
        "allow_unknown": True,
        "server": "sde.example.com",
        "prometheus_validate": validation_of_the_guide(),
        "nftables_table": "ip filter",
        "nftables_set": "sde",
        "nftables_validate": "/bin/cp %s FOLDER/validated.nft",
        "template": "FOLDER/own.j2",
        "template_dest": "FOLDER/own.txt",
        "mode": "0600",
    },
)


@pytest.mark.usefixtures("messages")
def test_what_prometheus_makes_of_it(checker, folder):
    folder /= "various"
    scrape = yaml.safe_load((ROOT / "docs" / "examples" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    scrape["scrape_configs"][0]["file_sd_configs"][0]["files"] = ["targets.json"]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(scrape))
    command = [checker("promtool"), "check", "service-discovery", folder / "prometheus.yml", "sdelements"]
    found = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=folder).stdout
    kept = [one["labels"] for one in json.loads(found) if one["labels"]]
    # The one that only the agent reaches is dropped, as the guide says; the others have no target.
    assert [(one["alias"], one["__param_target"], one["instance"], one["sde_server"]) for one in kept] == [
        (ALIASES[0], "https://192.0.2.7:443", "https://192.0.2.7:443", "sde.example.com")
    ]
    unknown = groups(folder / "targets.json")[-1]
    assert (unknown["targets"], unknown["labels"]["id"], unknown["labels"]["unknown"]) == ([], "4", "unreadable")


def below_one_host() -> list[dict]:
    records = [record(1, server="192.0.2.7/jira"), record(2)]
    records[1]["params"]["alm_context_root"] = "jira-eu"
    return [{**one, "alias": None, "frequency": None, "system": None} for one in facts_of(records)]


def of_an_older_release() -> list[dict]:
    return [{name: value for name, value in one.items() if name != "server"} for one in below_one_host()]


CASES |= {
    "today": (below_one_host, {"files": ["allow_list", "nftables", "prometheus"]}),
    "list": (of_an_older_release, {"files": ["nftables"]}),
    "targets": (of_an_older_release, {"files": ["allow_list", "prometheus"]}),
}


def test_trackers_below_one_host_and_facts_of_an_older_release(messages, checked, folder):
    """Each tracker has its own target, and both need the same port of the same host. The alias may be null."""
    checked(folder / "today")
    targets = groups(folder / "today" / "targets.json")
    assert [one["targets"] for one in targets] == [
        ["https://192.0.2.7:443/jira"], ["https://192.0.2.7:443/jira-eu"]
    ]  # a row for each case # fmt: skip
    assert [one["labels"]["alias"] for one in targets] == ["", ""]
    assert lines(folder / "today" / "allow.txt")[1:] == ["192.0.2.7 443 tcp"]
    for name in ("today", "list"):
        assert "\t# 192.0.2.7: alm 1, alm 2" in lines(folder / name / "sets.nft")
        assert name not in messages
    assert "without 'server', which an older release of this collection saved" in messages["targets"]
    assert not list((folder / "targets").iterdir())


def hidden_connections() -> list[dict]:
    """The facts of a token that may see no parameters."""
    records = [record(1, "one"), {**record(2), "kind": "analysis"}]
    with DemoServer("5.2", dataset=records) as server:
        return [one for kind in KINDS for one in connections(server, kind, api_token=server.limited_token)]


CASES |= {
    "hidden and refused": (hidden_connections, {}),
    "hidden and allowed": (hidden_connections, {"allow_unknown": True}),
}


def test_hidden_parameters(messages, checked, folder):
    refused = messages["hidden and refused"]
    assert not list((folder / "hidden and refused").iterdir())
    assert "The server of 2 of 2 connections is unknown, so nothing was written" in refused
    assert "its parameters are hidden from the token" in refused
    folder /= "hidden and allowed"
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


names = partial(facts_of, [record(1, server="localhost"), record(2, server="nowhere.invalid"), record(3)])
CASES |= {
    "unasked": (names, {}),
    "asked": (names, {"resolve": True}),
    "unknown": (names, {"resolve": True, "allow_unknown": True, "files": ["nftables"]}),
}


def test_names_are_not_resolved_unless_asked(messages, nft, folder):
    assert "These servers do not have any, so nothing was written: localhost, nowhere.invalid" in messages["unasked"]
    assert "set connection_config_resolve" in messages["unasked"] and not list((folder / "unasked").iterdir())
    assert "These servers do not have any, so nothing was written: nowhere.invalid" in messages["asked"]
    assert "This host cannot resolve their names." in messages["asked"]
    # Other files hold names: this one fails later.
    assert "failed to validate" in messages["invalid targets"] and "unknown" not in messages
    file = folder / "unknown" / "sets.nft"
    subprocess.run([*nft, file], check=True)
    found = elements(file)
    assert {"127.0.0.1 . 443", "192.0.2.7 . 443"} <= set(found) <= {"127.0.0.1 . 443", "192.0.2.7 . 443", "::1 . 443"}
    assert "# UNKNOWN: the address of nowhere.invalid, port 443" in lines(file)


one = partial(facts_of, [record(1)])
CASES |= {
    "wrong table": (one, {"files": ["nftables"], "nftables_table": "inet filter; flush ruleset"}),
    "refused by the validation": (one, {"files": ["nftables"], "nftables_validate": "/bin/false %s"}),
}


def test_table_and_set_and_validation(messages, nft, folder):
    subprocess.run([*nft, folder / "validated.nft"], check=True)
    assert "add element ip filter sde_ipv4 {" in lines(folder / "various" / "sets.nft")
    assert elements(folder / "various" / "sets.nft") == ["192.0.2.7 . 443"]
    assert "Use names such as" in messages["wrong table"]
    assert "failed to validate" in messages["refused by the validation"]
    assert (folder / "refused by the validation" / "sets.nft").read_text() == "old\n"


CASES["invalid targets"] = (
    names,
    {
        "files": [],
        "template": "FOLDER/wrong.j2",
        "template_dest": "FOLDER/kept.json",
        "template_validate": validation_of_the_guide(),
    },
)


def test_the_validation_of_the_guide_for_prometheus(messages, checker, folder):
    checker("promtool")
    assert "failed to validate" in messages["invalid targets"] and "various" not in messages
    assert groups(folder / "various" / "targets.json") and (folder / "kept.json").read_text() == "old"


OWN_TEMPLATE = "{{ connections | length }} {{ egress.servers | map(attribute='host') | join }}\n"


@pytest.mark.usefixtures("messages")
def test_a_template_of_ones_own(folder):
    target = folder / "own.txt"
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("4 192.0.2.7\n", 0o600)


# The third is the path of a folder, and not of a file.
RELATIVE = ["allow.txt", "$HOME/allow.json", "/tmp/", "./targets.json", "../own.txt"]
WRONG_VARIABLES = [
    ({"files": []}, "No file to write."),
    ({"template_dest": "/tmp/own.txt"}, "Set both connection_config_template and"),
    (
        {**dict(zip(FILES, RELATIVE, strict=False)), "template": "own.j2", "template_dest": RELATIVE[-1]},
        f"These paths are not absolute: {', '.join(RELATIVE)}.",
    ),
    ({"mode": 640}, "connection_config_mode is 640. Use a quoted mode"),
    ({"mode": "416"}, "Use a quoted mode, such as '0640', without write permission for others."),
    ({"prometheus": "/tmp/targets.yml"}, "The name must end with .json."),
    ({"kinds": ["alms"]}, "Use a list of alm and analysis."),
    ({"nftables_set": "1 }"}, "Use names such as"),
    ({"connections": []}, "There are no connections, so nothing was written."),
    ({"connections": [{"id": 1}]}, "The fact 'kind' of a connection is missing"),
]
# Without connections, as a run that would ask the server for them.
WRONG = {f"wrong {number}": case for number, case in enumerate(WRONG_VARIABLES)}
CASES |= {name: (lambda: None, variables) for name, (variables, _message) in WRONG.items()}


def test_wrong_variables(messages, untouched):
    assert {name: messages.get(name) for name, (_given, said) in WRONG.items() if said not in messages[name]} == {}
    assert not untouched.requests


def empty_answers() -> dict[str, str]:
    path = ROOT / "roles" / "connection_config" / "meta" / "argument_specs.yml"
    options = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    given = {f"connection_config_{name}" for name in (*FILES, "kinds")}
    return {
        name.removeprefix("connection_config_"): ""
        for name in sorted(set(options) - given)
        if options[name]["type"] in ("path", "raw", "str")
    }


CASES["survey"] = (lambda: None, {**empty_answers(), "files": ["nftables"], "kinds": "alm, analysis"})


def test_empty_answers_of_a_survey(messages, folder):
    assert len(empty_answers()) == 19
    assert "survey" not in messages
    assert "add element inet sdelements egress_ipv4 {" in lines(folder / "survey" / "sets.nft")


GIVEN = """
- hosts: firewall
  gather_facts: false
  connection: elsewhere
  module_defaults:
    group/securitycompass.sdelements.sdelements:
      page_size: 1
  tasks:
    - ansible.builtin.include_role:
        name: securitycompass.sdelements.connection_config
      vars:
        connection_config_allow_list: FOLDER/first.txt
    - ansible.builtin.include_role:
        name: securitycompass.sdelements.connection_config
      vars:
        connection_config_allow_list: FOLDER/second.txt
        connection_config_connections: []
        connection_config_allow_unknown: true
    - ansible.builtin.assert:
        that: connection_config_result is changed
"""


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


def test_plays_of_users(start, ansible, tmp_path):
    """Neither names of the caller's nor module_defaults change what is written, where, and with which permissions."""
    server = start("newest", dataset=[record(1), record(2, server="192.0.2.8")])
    (tmp_path / "play.yml").write_text((GIVEN + LOOPED).replace("FOLDER", str(tmp_path)))
    plugins = str(ROOT / "tests" / "playbooks" / "connection_plugins")
    environment = {"ANSIBLE_CONNECTION_PLUGINS": plugins, "ANSIBLE_PYTHON_INTERPRETER": sys.executable}
    run = ansible("ansible-playbook", "-i", "firewall,", tmp_path / "play.yml", **access(server), **environment)
    assert_clean(run)
    # The first host has another connection, but gathers on the controller.
    assert "[firewall -> localhost]" in run.stdout
    found = {path.name: (path.stat().st_mode & 0o777, lines(path)[1:]) for path in tmp_path.glob("*.txt")}
    both = ["192.0.2.7 443 tcp", "192.0.2.8 443 tcp"]
    assert found == {
        "first.txt": (0o644, both),
        "second.txt": (0o644, []),
        "1.txt": (0o600, both[:1]),
        "2.txt": (0o600, both[1:]),
        "all.txt": (0o640, both),
    }
    # Defaults of the play reach the tasks of the role, and given facts, even none, are not gathered again.
    asked = [request.query.split("&") for request in server.requests if "/analysis/" in request.path]
    assert ["page_size=1" in query for query in asked] == [True, False]


@pytest.mark.slow
def test_nothing_is_written_without_connections(start, render_each, tmp_path):
    server = start("newest", dataset=[])
    cases = {"refused": {"files": ["allow_list"]}, "allowed": {"files": ["allow_list"], "allow_unknown": True}}
    shown = render_each({name: (server, variables) for name, variables in cases.items()}, status=2)
    failed = messages_of(shown)
    assert list(failed) == ["refused"] and not list((tmp_path / "refused").iterdir())
    assert "There are no connections, so nothing was written." in failed["refused"]
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


def test_no_secret_in_any_file_or_output(start, render_each, tmp_path):
    """Neither of gathered facts, nor of given ones: who gathers with include_secrets hides them, and the role, too."""
    given = {**planted()[0], "params_visible": True, **server_facts("alm", {"alm_server": "alm.example.com"})}
    server = start("5.2", dataset=planted(), token=TOKEN)
    cases = {
        "gathered": {"resolve": True, "allow_unknown": True},
        "given": {"connections": [given], "allow_unknown": True, "files": ["allow_list"]},
    }
    shown = render_each({name: (server, variables) for name, variables in cases.items()}, "-vvvv")
    assert "Save the connections" in shown
    texts = [shown, *(path.read_text() for name in cases for path in (tmp_path / name).iterdir())]
    assert len(texts) == 6 and all("example.com" in text for text in texts)
    assert not [found for text in texts for found in re.findall(r"CANARY\d{4}\w*", text)]
