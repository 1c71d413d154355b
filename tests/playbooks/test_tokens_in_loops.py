# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test docs/secrets.md on several servers in a loop: its example hides their tokens, and a loop over them does not."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT
from tests.support import access

PAGE = (ROOT / "docs" / "secrets.md").read_text(encoding="utf-8")
EXAMPLE = re.search(r"^```yaml\n(- name: Read several servers\n.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]
# As people write it, with a label, too.
UNSAFE = (
    EXAMPLE.replace("sde_servers | list", "sde_servers.values() | list")
    .replace("sde_servers[item].", "item.")
    .replace("      register: alm\n", '      register: alm\n      loop_control:\n        label: "{{ item.url }}"\n', 1)
)


@pytest.fixture
def prints_token(start, ansible, tmp_path):
    """Whether a playbook prints the server's token, if it works and if the server does not answer."""
    server = start("5.2")

    def run(text: str) -> list[bool]:
        playbook = tmp_path / "example.yml"
        playbook.write_text(text, encoding="utf-8")
        works = ansible("ansible-playbook", playbook, "-vvvv", **access(server))
        assert works.returncode == 0, works.stdout
        fails = ansible(
            "ansible-playbook", playbook, **{**access(server), "SDE_HOST": "http://127.0.0.1:9", "SDE_RETRIES": "0"}
        )
        assert "the server refused the connection" in fails.stdout
        return [server.token in output.stdout for output in (works, fails)]

    return run


def test_example(prints_token):
    assert prints_token(EXAMPLE) == [False, False]


def test_loop_over_tokens(prints_token):
    assert prints_token(UNSAFE) == [True, True]
