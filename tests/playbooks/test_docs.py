# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation by running: each example of README, guides and modules is executed."""

from __future__ import annotations

import importlib
import json
import os
import re
import shlex
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tests.conftest import COLLECTION, ROOT
from tests.playbooks.test_playbooks import assert_clean, MODES
from tests.support import access, connections, KINDS

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# What these two run is tested on its own; they would run this test, too.
NOT_HERE = re.compile(r"make (demo|test)\b.*")


class Block(NamedTuple):
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(*languages: str) -> list[Block]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            found.append(Block(page, text.count("\n", 0, match.start()) + 1, match.group(1), match.group(2)))
    return [block for block in found if block.language in languages]


def test_each_block_has_a_language_that_is_tested():
    fences = sum(len(re.findall(r"^```\w*$", page.read_text(encoding="utf-8"), re.MULTILINE)) for page in PAGES)
    assert len(blocks("yaml", "json", "shell", "text")) * 2 == fences


@MODES
@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_playbook(start, ansible, tmp_path, block, mode):
    playbook = tmp_path / "example.yml"
    playbook.write_text(block.text, encoding="utf-8")
    run = ansible("ansible-playbook", playbook, *mode, **access(start("5.2")))
    assert_clean(run)
    assert re.search(r"ok=[1-9]\d* .*failed=0", run.stdout), run.stdout


@MODES
@pytest.mark.parametrize("kind", KINDS)
def test_examples_of_a_module(start, ansible, tmp_path, kind, mode):
    examples = importlib.import_module(f"{COLLECTION}.modules.sde_{kind}_connection_info").EXAMPLES
    # The data hold connections without TLS, which the assertion of the example finds.
    dataset = [one for one in start("5.2").records(kind) if one["params"].get("alm_method") != "http"]
    server = start("5.2", dataset=dataset)
    playbook = tmp_path / "example.yml"
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": yaml.safe_load(examples)}]
    playbook.write_text(yaml.safe_dump(play, sort_keys=False), encoding="utf-8")
    assert_clean(ansible("ansible-playbook", playbook, *mode, **access(server)))


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_facts(start, block):
    assert json.loads(block.text) == connections(start("5.2"), include_last_job=True)[0]


@pytest.mark.parametrize("block", blocks("shell"), ids=str)
def test_commands(start, ansible, tmp_path, block):
    commands = NOT_HERE.sub("true", block.text).replace(".venv/bin/python", shlex.quote(sys.executable))
    # What is installed goes to an empty place; what is there already is found as well.
    places = os.pathsep.join([str(tmp_path / "installed"), str(ROOT / "collections")])
    server = start("5.2")
    run = ansible("bash", "-euo", "pipefail", "-c", commands, collections=places, **access(server))
    # The data hold connections that break each rule.
    assert_clean(run, status=2 if "check_connections" in commands else 0)


def test_kinds_of_failure_are_documented():
    in_code = set()
    for path in (ROOT / "plugins" / "module_utils").glob("_*.py"):
        in_code |= set(re.findall(r"(?:SDElementsError|IncompleteError|__init__)\(\s*\"(\w+)\"", path.read_text()))
        in_code |= set(re.findall(r"return \"(\w+)\", f?\"", path.read_text()))
        in_code |= set(re.findall(r"kind(?:: str)? ?= ?\"(\w+)\"", path.read_text()))
        in_code |= set(re.findall(r"^    \d{3}: \(\"(\w+)\"", path.read_text(), re.MULTILINE))
        in_code |= set(re.findall(r"kind, advice = \"(\w+)\"", path.read_text()))
        in_code |= set(re.findall(r"_STATUS\.get\(status, \(\"(\w+)\"", path.read_text()))
    # Another kind is always made of this one.
    in_code.discard("not_found")
    guide = (ROOT / "docs" / "user_guide.md").read_text(encoding="utf-8").partition("## Errors")[2]
    assert set(re.findall(r"^\| `(\w+)` \|", guide, re.MULTILINE)) == in_code
    for kind in KINDS:
        returned = yaml.safe_load(importlib.import_module(f"{COLLECTION}.modules.sde_{kind}_connection_info").RETURN)
        described = str(returned["failure"]["contains"]["kind"]["description"])
        assert set(re.findall(r"V\((\w+)\)", described)) == in_code


def test_links_within_the_repository():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
