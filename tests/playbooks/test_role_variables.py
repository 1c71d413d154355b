# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of the roles' variables: a misspelt one is an error, another unknown one is a warning."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from ansible_collections.securitycompass.sdelements.plugins.module_utils._resource import READ_OPTIONS
from ansible_collections.securitycompass.sdelements.plugins.module_utils._server import SERVER_OPTIONS
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._variables import (
    AUDIT_VARIABLES,
    CONNECTION_VARIABLES,
    PLAYBOOK_VARIABLES,
    SHARED_VARIABLES,
)
from tests.conftest import ROOT
from tests.support import inventory_of, messages_of

ROLES = pytest.mark.parametrize("role", ["connection_audit", "connection_config"])
# A misspelt name for each place where users set variables. Those next to a role's name are refused by ansible-core.
MISSPELT = {
    "connection_audit": {
        "host": ("connection_audit_polcy", "connection_audit_policy"),
        "group": ("connection_audit_inconclusve", "connection_audit_inconclusive"),
        "play": ("connection_audit_fail_onn", "connection_audit_fail_on"),
        "vars of a role": ("connection_audit_kind", "connection_audit_kinds"),
        "set_fact": ("connection_audit_basline", "connection_audit_baseline"),
        "extra": ("sde_fail_onn", "sde_fail_on"),
    },
    "connection_config": {
        "host": ("connection_config_alow_list", "connection_config_allow_list"),
        "group": ("connection_config_mod", "connection_config_mode"),
        "play": ("connection_config_promethius", "connection_config_prometheus"),
        "vars of a role": ("connection_config_kind", "connection_config_kinds"),
        "set_fact": ("connection_config_allow_unkown", "connection_config_allow_unknown"),
        "extra": ("connection_config_host", "connection_config_hosts"),
    },
}


def documented(role: str) -> set[str]:
    """The variables that the documentation of a role lists."""
    path = ROOT / "roles" / role / "meta" / "argument_specs.yml"
    return set(yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"])


@ROLES
def test_known_names_are_those_of_the_files(role):
    """The role lists the variables that it registers and that playbooks read, without those of its documentation."""
    files = [*(ROOT / "playbooks").rglob("*.yml"), *(ROOT / "extensions").rglob("*.yml")]
    files += [*(ROOT / "roles" / role / "tasks").glob("*.yml"), *(ROOT / "roles" / role / "vars").glob("*.yml")]
    used = {name for path in files for name in re.findall(rf"(?<!\w){role}_\w+", path.read_text(encoding="utf-8"))}
    known = yaml.safe_load((ROOT / "roles" / role / "vars" / "main.yml").read_text())[f"_{role}_known_names"]
    assert set(re.findall(rf"'({role}_\w+)'", known)) == used - documented(role)


@ROLES
@pytest.mark.once
def test_options_of_the_modules_have_the_same_types(role):
    """They are written out in the specification of each role, the token's secrecy included."""
    path = ROOT / "roles" / role / "meta" / "argument_specs.yml"
    options = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    of_modules = {**SERVER_OPTIONS, "page_size": READ_OPTIONS["page_size"], "concurrency": READ_OPTIONS["concurrency"]}
    for name, option in of_modules.items():
        for key in ("type", "no_log"):
            assert options[f"{role}_{name}"].get(key) == option.get(key), (name, key)


@pytest.mark.once
def test_shared_variables_are_those_that_roles_and_playbooks_read():
    variables = yaml.safe_load((ROOT / "roles" / "connection_audit" / "vars" / "main.yml").read_text(encoding="utf-8"))
    of_role = {f"sde_{name}" for name in variables["_connection_audit_names"]}
    assert of_role == {*CONNECTION_VARIABLES, *AUDIT_VARIABLES}
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "playbooks").rglob("*.yml"))
    read = set(
        re.findall(
            r"(?<![\w'])sde_(?!audit)\w+", re.sub(r"#.*|securitycompass\.sdelements\.\w+|sde_\w+_info", "", text)
        )
    )
    assert set(PLAYBOOK_VARIABLES) <= read <= set(SHARED_VARIABLES)
    guide = (
        (ROOT / "docs" / "user_guide.md").read_text(encoding="utf-8").split("\n## Variables of hosts and plays\n")[1]
    )
    assert set(re.findall(r"`(sde_\w+)`", guide.split("\n## ")[0])) == set(SHARED_VARIABLES)


@ROLES
def test_misspelt_names_of_all_places_are_errors(ansible, tmp_path, role):
    names = {place: name for place, (name, _meant) in MISSPELT[role].items()}
    inventory = json.loads(inventory_of({"here": {names["host"]: 1}}))
    inventory["all"]["vars"][names["group"]] = 1
    (tmp_path / "hosts.json").write_text(json.dumps(inventory))
    play = {
        "hosts": "all",
        "gather_facts": False,
        "vars": {names["play"]: 1},
        "pre_tasks": [{"ansible.builtin.set_fact": {names["set_fact"]: 1}}],
        "roles": [{"role": f"securitycompass.sdelements.{role}", "vars": {names["vars of a role"]: 1}}],
    }
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    command = ["ansible-playbook", tmp_path / "play.yml", "-i", tmp_path / "hosts.json", "-e", f"{names['extra']}=1"]
    run = ansible(*command)
    expected = sorted(f"Unknown variable {name}: did you mean {meant}?" for name, meant in MISSPELT[role].values())
    assert messages_of(run.stdout)["here"] == " ".join(expected), run.stdout
    assert run.returncode == 2 and "WARNING" not in run.stdout, run.stdout


def test_other_unknown_names_are_warnings(ansible, tmp_path):
    given = {
        "connection_audit": {},
        "connection_config": {
            "connection_config_allow_list": "/no/file",
            "connection_config_allow_unknown": True,
        },
    }
    plays = []
    for role, variables in given.items():
        names = {"purpose": "a secret text", "connections": [], "result": {}}
        include = {"ansible.builtin.include_role": {"name": f"securitycompass.sdelements.{role}"}}
        variables |= {f"{role}_{name}": value for name, value in names.items()}
        plays.append({"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": [include]})
    (tmp_path / "play.yml").write_text(yaml.safe_dump(plays))
    run = ansible("ansible-playbook", tmp_path / "play.yml", "--check")
    assert run.returncode == 0, run.stdout
    printed = " ".join(run.stdout.split())
    assert re.findall(r"\[WARNING\]: Unknown .*? it\.", printed) == [
        f"[WARNING]: Unknown variable {role}_purpose has no effect. Correct its name, or remove it." for role in given
    ]
    assert "a secret text" not in printed


def test_misspelt_name_is_an_error_where_policies_are_checked(ansible):
    run = ansible(
        "ansible-playbook", "securitycompass.sdelements.check_policy", "-e", "connection_audit_polcy=policy.yml"
    )
    assert run.returncode == 2, run.stdout
    expected = "Unknown variable connection_audit_polcy: did you mean connection_audit_policy?"
    assert messages_of(run.stdout)["localhost"] == expected
