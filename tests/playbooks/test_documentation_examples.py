# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation by running: each example of README, guides and modules is executed."""

from __future__ import annotations

import csv
import functools
import importlib
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tests.conftest import COLLECTION, INFO_MODULES, ROOT
from tests.contract import CONTRACTS
from tests.demo_server import seed
from tests.playbooks.test_playbooks import MODES, UNDECIDED, assert_clean
from tests.support import DOCUMENTED_HOUR, KINDS, RESOURCES, access, connections, inventory_of, messages_of

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "docs" / "site" / "index.md",
]
PAGES += sorted((ROOT / "roles").glob("*/README.md"))
# Both are tested elsewhere; here they would run this test again.
NOT_HERE = re.compile(r"make (demo|test)\b.*")
# Their commands are run in their order, by test_awx_configuration.py, and those of events.md by test_event_driven.py.
WALKED = ("awx_guide.md", "many_servers.md", "events.md")
# Tested with the blocks of requirements, by test_installation.py.
INSTALLS = re.compile(r"-r requirements\.yml")
# Tested by test_check_policy.py.
CHECKS_POLICY = re.compile(r"\.check_policy\b")
# Differ in variables from what the demo or another command runs.
SIMILAR = re.compile(
    r"\.audit -e sde_report_dir=reports\n|\.(list_connections|drift|configuration)\b|sde_rules=|known_findings="
)
# The data hold connections that break each rule.
FAILS = re.compile(r"\.audit -e sde_report_dir")
# Fails, too, and has tests of its own.
CHECK = "- name: Check the connections of SD Elements\n"


class Block(NamedTuple):
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def assert_ran(run: subprocess.CompletedProcess, status: int = 0) -> None:
    """As assert_clean, but an audit warns of what it cannot decide."""
    run.stdout = UNDECIDED.sub("", run.stdout)
    assert_clean(run, status)


def blocks(*languages: str) -> list[Block]:
    return [block for block in all_blocks() if block.language in languages]


@functools.cache
def all_blocks() -> list[Block]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        found += [
            Block(page, text.count("\n", 0, match.start()) + 1, match[1], match[2])
            for match in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        ]
    return found


def yaml_blocks(kind: str) -> list[Block]:
    """Blocks that are a playbook, an audit's policy, requirements of a playbook, or another file."""
    return [block for block in blocks("yaml") if kind_of(block) == kind]


@functools.cache
def kind_of(block: Block) -> str:
    content = yaml.safe_load(block.text)
    if isinstance(content, list):
        if "sources" in content[0]:
            return "rulebook"  # test_event_driven.py
        return "check" if block.text.startswith(CHECK) else "playbook"
    if set(content) == {"collections"}:
        return "requirements"
    return "policy" if set(content) & {"rules", "disable", "waivers", "waiver_limits"} else "file"


def test_each_block_has_a_language_that_is_tested():
    fences = sum(len(re.findall(r"^```\w*$", page.read_text(encoding="utf-8"), re.MULTILINE)) for page in PAGES)
    assert len(blocks("yaml", "json", "shell", "text", "groovy")) * 2 == fences


@pytest.mark.parametrize("block", yaml_blocks("file") + blocks("groovy"), ids=str)
def test_other_files_are_shown_as_they_are(block):
    """Other tests run the files."""
    files = [path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "examples").rglob("*") if path.is_file()]
    assert any(text.endswith(f"\n{block.text}") for text in files)


def written(block: Block, folder: Path) -> Path:
    """The block as a file that is named after its place."""
    path = folder / f"{block.page.stem}-{block.line}.yml"
    path.write_text(block.text, encoding="utf-8")
    return path


@pytest.mark.parametrize("mode", [[], pytest.param(["--check"], marks=pytest.mark.slow)], ids=["run", "check"])
def test_playbooks(start, ansible, tmp_path, mode):
    """All in one run, which is many times quicker than one run for each."""
    # Another test looks at the answers to the questions.
    files = [written(block, tmp_path) for block in yaml_blocks("playbook") if block.page.name != "questions.md"]
    # One example resolves each name of a host, by a module that is started for each: so few have a name.
    dataset = [one for kind in RESOURCES for one in start("5.2").records(kind)]
    for params in [one["params"] for one in dataset if one["kind"] in KINDS and one["id"] > 1]:
        params.update({name: "192.0.2.7" for name in params if name.endswith("_server") and params[name]})
    odd = next(one for one in reversed(dataset) if one["kind"] == "alm")
    odd.update(alias='Jira, "old"\nand new', last_job=None)
    run = ansible("ansible-playbook", *files, *mode, cwd=tmp_path, **access(start("5.2", dataset=dataset)))
    assert_ran(run)
    plays = run.stdout.split("\nPLAY [")[1:]
    assert len(plays) >= len(files)
    assert [play for play in plays if not re.search(r"^(ok|changed): ", play, re.MULTILINE)] == []
    exported = tmp_path / "home" / "connections.csv"
    assert exported.exists() == (not mode)
    if not mode:
        with exported.open(encoding="utf-8", newline="") as file:
            (row,) = (row for row in csv.DictReader(file) if row["id"] == str(odd["id"]))
        assert (row["alias"], row["last_run"]) == (odd["alias"], "")


@pytest.mark.slow
@MODES
@pytest.mark.parametrize("block", yaml_blocks("playbook"), ids=str)
def test_playbook_alone(start, ansible, tmp_path, block, mode):
    """No example needs what another one has registered."""
    run = ansible("ansible-playbook", written(block, tmp_path), *mode, cwd=tmp_path, **access(start("5.2")))
    assert_ran(run)
    assert re.search(r"ok=[1-9]\d* .*failed=0", run.stdout), run.stdout


def test_check_of_connections(start, ansible, tmp_path):
    """It passes for good connections, names bad ones, and does not pass those whose parameters are hidden."""
    (block,) = yaml_blocks("check")
    path = written(block, tmp_path)
    good = [
        {**one, "frequency": "daily", "last_job": None, "params": {f"{kind}_server": "https://jira.example.com"}}
        for kind in KINDS
        for one in start("5.2").records(kind)[:2]
    ]
    server = start("5.2", dataset=good)
    hosts = inventory_of({"auditor": {"token": server.token}, "limited": {"token": server.limited_token}})
    (tmp_path / "hosts.json").write_text(hosts)
    option, text = "include_last_job: true\n", block.text.replace("hosts: localhost", "hosts: all")
    with_tokens = tmp_path / "with_tokens.yml"
    with_tokens.write_text(text.replace(option, f"{option}      api_token: '{{{{ token }}}}'\n"))
    run = ansible("ansible-playbook", with_tokens, "-i", tmp_path / "hosts.json", **access(server))
    said = messages_of(run.stdout)
    assert run.returncode == 2 and set(said) == {"limited"}, run.stdout
    assert f"Without TLS: {good[0]['alias']}, " in said["limited"]
    failed = ansible("ansible-playbook", path, **access(start("5.2")))
    message = messages_of(failed.stdout)["localhost"]
    names = {one["alias"] for kind in KINDS for one in start("5.2").records(kind) if one["frequency"] == "manually"}
    assert failed.returncode == 2 and all(name in message for name in names if name)


# A part of each answer, in the order of the questions. Old releases know neither jobs nor connectors.
CHANGED = r"\"changed\": \[ \"changed: .*?, Analysis connection 1 .*?: alias: .*? -> Renamed\" \].*\"new\": \[\]"
ANSWERS = {
    "3.2": [
        r"TASK \[Show them\].*?\"msg\": \[\]",
        r"TASK \[Show those of the remote agent\] \*+ skipping:",
        r"jira\.example\.com port 80, for alm 3 ",
        r"\"msg\": \"sde: Fraud Scoring issues\"",
        r"auditor sees 30 ALM connections, 30 of them with parameters, and 24 projects",
        r"TASK \[Show where they are not checked\] \*+ skipping:",
        r"api\.github\.example\.com: claims-bot \(alm \d+ Claims Intake issues, alm \d+ Fraud Scoring issues\)",
        r"project-connected: project 22 .*? has no ALM connection .*?24 projects seen",
        r"Customer Portal to JIRA: never",
        CHANGED,
    ],
    "newest": [
        r"ALM connection 28 .*? failed: The personal access token has expired",
        r"alm connection 8, Quote Engine tickets: http://trac\.intranet\.example\.org:80/quotes",
        r"jira\.example\.com port 80, for alm 3 ",
        r"\"msg\": \"timestamp: Customer Portal audit trail\"",
        r"auditor sees 30 ALM connections, 30 of them with parameters, and 24 projects",
        r"alm connection 10, Driver App work items: clm\.example\.org",
        r"alm connector \d+, JIRA jira\.example\.com: Customer Portal \(\d+\), Payments API \(\d+\)",
        r"project-connected: project 22 .*? has no ALM connection .*?24 projects seen",
        r"alm connection 8, Quote Engine tickets: 20",
        CHANGED,
    ],
}


@pytest.mark.parametrize("generation", [pytest.param("3.2", marks=pytest.mark.slow), "newest"])
def test_questions_on_the_oldest_and_the_newest_release(start, ansible, tmp_path, generation):
    """The last question compares two audits. A connection is renamed in between."""
    files = [written(block, tmp_path) for block in yaml_blocks("playbook") if block.page.name == "questions.md"]
    questions = re.findall(r"^## (.*)", (ROOT / "docs" / "questions.md").read_text(encoding="utf-8"), re.MULTILINE)
    server = start(generation)
    (compares,) = [path for path in files if "baseline" in path.read_text(encoding="utf-8")]
    records = {kind: server.records(kind) for kind in RESOURCES}
    for record in records["alm"]:
        # A running job would be stuck from the next full hour on, which may begin between the two audits.
        if record.get("last_job"):
            record["last_job"]["ready"] = True
    for chosen in ([compares], files):
        seed.load([one for kind in RESOURCES for one in records[kind]])
        run = ansible("ansible-playbook", *chosen, cwd=tmp_path, **access(server))
        assert run.returncode == 0, run.stdout
        # The oldest release lacks facts, and the modules warn of that.
        assert generation == "3.2" or "WARNING" not in UNDECIDED.sub("", run.stdout), run.stdout
        records["analysis"][0]["alias"] = "Renamed"
    plays = re.split(r"^PLAY \[", run.stdout, flags=re.MULTILINE)[1:]
    answers = ANSWERS[generation]
    assert [play.partition("]")[0] for play in plays[: len(questions)]] == questions
    for play, answer in zip(plays, answers, strict=True):
        assert re.search(answer, " ".join(play.split())), (answer, play)


def test_questions_say_what_a_token_does_not_see(start, ansible, tmp_path):
    titles = ("the firewall", "wins a conflict", "certificates not checked", "shares a connector")
    every = [block for block in yaml_blocks("playbook") if block.page.name == "questions.md"]
    files = [written(block, tmp_path) for title in titles for block in every if title in block.text]
    server = start("5.2")
    run = ansible("ansible-playbook", *files, **{**access(server), "SDE_API_KEY": server.limited_token})
    assert run.returncode == 0, run.stdout
    alm, both = (sum(len(server.records(kind)) for kind in kinds) for kinds in (["alm"], KINDS))
    shown = re.findall(r"\[Show how many connections have hidden parameters\] \*+\n.*\n +\"msg\": \"(.*)\"", run.stdout)
    assert shown == [f"{number} of {number} connections" for number in (both, alm, both, both)], run.stdout


@pytest.mark.parametrize("together", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_policies(start, ansible, tmp_path, together):
    """Each rule of an example decides something, each waiver waives something, and each test passes.

    Together, the examples are one policy, which takes as long as each of them alone.
    """
    examples = yaml_blocks("policy")
    groups = [[block] for block in examples]
    if together:  # The limits of one do not allow the waivers of another.
        limiting = [block for block in examples if "waiver_limits" in block.text]
        groups = [[block for block in examples if block not in limiting], limiting]
    baseline = str(tmp_path / "baseline.json")
    audit = "securitycompass.sdelements.sde_connection_audit"
    one_rule = tmp_path / "one_rule.yml"
    one_rule.write_text("rules: [{id: any, title: Any, severity: low, that: connection.id > 0}]")
    audits = [{audit: {"policy": [str(one_rule)], "reports": {"json": baseline}}}]
    for number, group in enumerate(groups):
        policies = ["starter", *(str(written(block, tmp_path)) for block in group)]
        report = {"json": str(tmp_path / f"report{number}.json")}
        audits.append({audit: {"policy": policies, "fail_on": "never", "baseline": baseline, "reports": report}})
        audits.append({"securitycompass.sdelements.sde_connection_policy_check": {"policy": policies}})
    (tmp_path / "play.yml").write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": audits}]))
    run = ansible("ansible-playbook", tmp_path / "play.yml", **access(start("5.2")))
    assert run.returncode == 0, run.stdout
    for number, group in enumerate(groups):
        document = json.loads((tmp_path / f"report{number}.json").read_text())
        verdicts = [*document["findings"], *document["other_verdicts"]]
        decided = {one["rule"] for one in verdicts if one["verdict"] in ("pass", "fail", "waived")}
        contents = [yaml.safe_load(block.text) for block in group]
        rules, disabled, waivers = (
            [one for content in contents for one in content.get(name, [])] for name in ("rules", "disable", "waivers")
        )
        assert {rule["id"] for rule in rules} <= decided, group
        assert not set(disabled) & {rule["id"] for rule in document["rules"]}, group
        assert [waiver["state"] for waiver in document["waivers"]] == ["active"] * len(waivers), group
        assert document["summary"]["verdict_counts"]["error"] == 0, group


@pytest.mark.parametrize("mode", [[], pytest.param(["--check"], marks=pytest.mark.slow)], ids=["run", "check"])
def test_examples_of_modules_and_filters(start, ansible, tmp_path, mode):
    # The data hold connections without TLS, or with an unchecked certificate, which the assertion of an example finds.
    server = start("5.2")
    dataset = [one for kind in RESOURCES for one in server.records(kind)
               if one.get("params", {}).get("alm_method") != "http"
               and one.get("params", {}).get("alm_validate_cert") is not False]  # a line for each condition # fmt: skip
    files = []
    filters = ["filter.egress", "filter.misspelt_names", "filter.split_names"]
    for name in [*(f"modules.{name}" for name in INFO_MODULES.values()), *filters]:
        examples = importlib.import_module(f"{COLLECTION}.{name}").EXAMPLES
        play = [{"hosts": "localhost", "gather_facts": False, "tasks": yaml.safe_load(examples)}]
        files.append(tmp_path / f"{name}.yml")
        files[-1].write_text(yaml.safe_dump(play, sort_keys=False), encoding="utf-8")
    assert_clean(ansible("ansible-playbook", *files, *mode, **access(start("5.2", dataset=dataset))))


# Those of events.md are tested by test_events_documented.py.
@pytest.mark.parametrize("block", [one for one in blocks("json") if one.page.name != "events.md"], ids=str)
def test_facts(start, block):
    shown, facts = json.loads(block.text), connections(start("5.2", now=DOCUMENTED_HOUR), include_last_job=True)[0]
    # README.md shows some of the facts, docs/facts.md all of them.
    assert shown == (excerpt(facts, shown) if block.page.name == "README.md" else facts)


def excerpt(facts: dict, keys: dict) -> dict:
    """Facts that have these keys, at any depth."""
    return {key: excerpt(facts[key], part) if isinstance(part, dict) else facts[key] for key, part in keys.items()}


@pytest.mark.parametrize("kind", RESOURCES)
def test_keys_of_facts_are_documented(kind):
    text = (ROOT / "docs" / "facts.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {RESOURCES[kind].name.title()}\n")[1].split("\n## ")[0]
    if kind.endswith("_connector"):  # in a sentence, since nearly all are those of connections
        assert set(CONTRACTS[kind]) <= set(re.findall(r"`(\w+)`", section.partition("\n\n")[0]))
    else:
        rows = re.findall(r"^\| (`.+?`) \|", section, re.MULTILINE)
        assert re.findall(r"`(\w+)`", " ".join(rows)) == list(CONTRACTS[kind])


def test_keys_within_facts_are_documented(start):
    text = (ROOT / "docs" / "facts.md").read_text(encoding="utf-8")
    facts = connections(start("5.2"), include_last_job=True)[0]
    for title, key in (("Server", "server"), ("Last job", "last_job")):
        section = text.split(f"\n## {title}\n")[1].split("\n## ")[0]
        assert re.findall(r"^\| `(\w+)` \| (?:string|integer|boolean)", section, re.MULTILINE) == list(facts[key])


def commands() -> list:
    """The blocks of commands that no other test runs."""
    found = [one for one in blocks("shell") if one.page.name not in WALKED]
    found = [one for one in found if not INSTALLS.search(one.text) and not CHECKS_POLICY.search(one.text)]
    return [pytest.param(one, marks=pytest.mark.slow) if SIMILAR.search(one.text) else one for one in found]


@pytest.mark.parametrize("block", commands(), ids=str)
def test_commands(start, ansible, tmp_path, block, checker):
    if re.search(r"^jq ", block.text, re.MULTILINE):
        checker("jq")
    # Another user may have files of these names in /tmp.
    commands = NOT_HERE.sub("true", block.text).replace("/tmp/", f"{tmp_path}/")
    commands = commands.replace(".venv/bin/python", shlex.quote(sys.executable))
    # Commands install collections into an empty folder, and still find this collection.
    places = os.pathsep.join([str(tmp_path / "installed"), str(ROOT / "collections")])
    server = start("5.2")
    # A guide's commands are run in a folder of the user's.
    cwd = tmp_path if block.page.parent.name == "docs" else ROOT
    run = ansible("bash", "-euo", "pipefail", "-c", commands, collections=places, cwd=cwd, **access(server))
    assert_ran(run, status=2 if FAILS.search(commands) else 0)


def kinds_of_failure(folder: str) -> set[str]:
    """The kinds that the code of a folder of plugins/ knows."""
    found = set()
    for path in (ROOT / "plugins" / folder).rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for pattern in (
            r"(?:SDElementsError|IncompleteError|__init__)\(\s*\"(\w+)\"",
            r"return (?:\(\s*)?\"(\w+)\",\s+(?:f?\"|\*)",
            r"kind(?:: str)? ?= ?\"(\w+)\"",
            r"(?m)^    \d{3}: \(\s*\"(\w+)\"",
            r"kind, advice = \"(\w+)\"",
            r"_STATUS\.get\(\s*status, \(\"(\w+)\"",
        ):
            found |= set(re.findall(pattern, text))
    # Another kind is always made of this one.
    return found - {"not_found"}


def test_kinds_of_failure_are_documented():
    of_modules, of_actions = kinds_of_failure("module_utils"), kinds_of_failure("plugin_utils")
    guide = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| \[`(\w+)`\]\(#", guide, re.MULTILINE)) == of_modules | of_actions
    for name, kinds in (
        *((module, of_modules) for module in INFO_MODULES.values()),
        ("sde_connection_audit", of_actions | {"option"}),
    ):
        returned = yaml.safe_load(importlib.import_module(f"{COLLECTION}.modules.{name}").RETURN)
        described = str(returned["failure"]["contains"]["kind"]["description"])
        assert set(re.findall(r"\bV\((\w+)\)", described)) == kinds, name


def test_links_within_the_repository():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
