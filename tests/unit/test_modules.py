# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules: their main(), and their documentation compared with the code."""

from __future__ import annotations

import importlib
import json
import re
import runpy
import sys

import pytest
import yaml
from urllib3.util.retry import Retry

from ansible_collections.securitycompass.sdelements.plugins.doc_fragments.sdelements import ModuleDocFragment
from ansible_collections.securitycompass.sdelements.plugins.module_utils import (
    _connection_facts,
    _gather,
    _http,
    _requests,
)
from ansible_collections.securitycompass.sdelements.plugins.module_utils._server import SERVER_OPTIONS
from ansible_collections.securitycompass.sdelements.plugins.module_utils._tool_server import server_facts
from tests.conftest import COLLECTION, INFO_MODULES, ROOT
from tests.contract import CONTRACTS
from tests.support import DOCUMENTED_HOUR, RESOURCES, documented_options, facts, gather, validated

TYPES = {"int": int, "str": str, "bool": bool, "list": list, "dict": dict}


def module_of(kind: str):
    return importlib.import_module(f"{COLLECTION}.modules.{INFO_MODULES[kind]}")


# ---------------------------------------------------------------------------------------------------------------
# main()


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("kind", RESOURCES)
def test_main_returns_facts(start, run_module, kind, check_mode):
    server = start()
    result = run_module(kind, url=server.url, api_token=server.token, _ansible_check_mode=check_mode)
    assert result["changed"] is False
    assert result["count"] == len(server.records(kind))
    assert result[RESOURCES[kind].name] == facts(server, kind)
    assert result["endpoint"] == gather(server, kind).facts["endpoint"]


def test_main_reads_environment(start, run_module, monkeypatch):
    server = start(tls=True)
    for name, value in {"SDE_HOST": server.url, "SDE_API_KEY": server.token, "SDE_CA_PATH": server.ca_path}.items():
        monkeypatch.setenv(name, value)
    assert run_module("alm", id=1)["count"] == 1


def test_main_returns_failure(start, run_module):
    server = start("4.8", "html_200")
    result = run_module("alm", url=server.url, api_token=server.token)
    assert result["failed"] is True
    assert "is an HTML page instead of JSON" in result["msg"]
    assert result["failure"] == {
        "kind": "html",
        "status": 200,
        "method": "GET",
        "url": f"{server.url}/api/v2/connections/alm/",
    }


def test_main_reports_argument_errors_of_ansible(run_module):
    result = run_module("alm", url="https://sde.example.com", api_token="0123456789abcdef", timeout="soon")
    assert result["failure"] == {"kind": "option", "status": None, "method": None, "url": None}
    assert "timeout" in result["msg"] and "int" in result["msg"]


def test_password_in_url_is_not_returned(run_module):
    result = run_module("alm", url="https://someone:hunter2@sde.example.com", api_token="0123456789abcdef")
    assert "user info" in result["msg"] and result["failure"]["kind"] == "option"
    assert "hunter2" not in str(result)


@pytest.mark.parametrize("name", ["client_cert", "client_key", "ca_path"])
def test_key_in_place_of_path_is_not_returned(run_module, name):
    key = "-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----"
    result = run_module("alm", url="https://sde.example.com", api_token="x" * 20, **{name: key})
    assert result["failure"]["kind"] == "option" and "CANARY" not in json.dumps(result)


def test_main_returns_warnings(start, run_module):
    server = start("3.2")
    result = run_module("alm", url=server.url, api_token=server.token, include_last_job=True)
    assert "older than SD Elements 4.4" in str(result["warnings"])


def test_secrets_warning_without_register_secrets(start, run_module, monkeypatch):
    monkeypatch.setattr(_gather, "register_secrets", None)
    server = start()
    result = run_module("alm", url=server.url, api_token=server.token, id=1, include_secrets=True)
    assert result["connections"][0]["params"]["alm_pass"] == "rally_password"
    assert "credentials that this ansible-core cannot mask" in str(result["warnings"])


@pytest.mark.parametrize("no_log", [False, True])
def test_secrets_warning_is_not_for_tasks_with_no_log(start, monkeypatch, no_log):
    monkeypatch.setattr(_gather, "register_secrets", None)
    server = start()
    options = validated(url=server.url, api_token=server.token, connection_id=1, include_secrets=True)
    outcome = _gather.gather(RESOURCES["alm"], options, no_log)
    assert outcome.result["count"] == 1 and bool(outcome.warnings) != no_log


def test_secrets_are_registered_for_masking(start, run_module, monkeypatch):
    registered = []
    monkeypatch.setattr(_gather, "register_secrets", registered.extend)
    server = start()
    result = run_module("alm", url=server.url, api_token=server.token, id=1, include_secrets=True)
    assert registered == ["rally_password"]
    assert not result["warnings"]


def test_missing_requests_library(run_module, monkeypatch):
    monkeypatch.setattr(_requests, "IMPORT_ERROR", "Traceback")
    result = run_module("alm", url="https://sde.example.com", api_token="0123456789abcdef")
    assert result["failure"]["kind"] == "missing_library"
    assert "-m pip install 'requests>=2.25.1'." in result["msg"]


@pytest.mark.parametrize("kind", RESOURCES)
def test_action_gathers_resource_of_its_module(kind):
    action = importlib.import_module(f"{COLLECTION}.action.{INFO_MODULES[kind]}")
    assert action.ActionModule.resource is RESOURCES[kind]


def test_unusable_library_is_an_import_error(monkeypatch):
    """The class statements of the client need the names all the same."""
    file = str(ROOT / "plugins" / "module_utils" / "_requests.py")
    assert runpy.run_path(file)["IMPORT_ERROR"] is None
    # Older releases of urllib3 lack it.
    monkeypatch.delattr(Retry, "DEFAULT_ALLOWED_METHODS")
    old = runpy.run_path(file)
    assert "DEFAULT_ALLOWED_METHODS" in old["IMPORT_ERROR"]
    assert old["requests"] is None and old["Session"] is object
    monkeypatch.setitem(sys.modules, "requests", None)
    assert "ModuleNotFoundError" in runpy.run_path(file)["IMPORT_ERROR"]


def test_unexpected_error_is_contained(run_module, monkeypatch):
    secret = "hunter2"  # not in the line that the traceback shows

    def fail(*_args):
        raise KeyError(secret)

    monkeypatch.setattr(_gather, "gather_facts", fail)
    result = run_module("alm", url="https://sde.example.com", api_token="0123456789abcdef")
    assert result["failure"]["kind"] == "internal"
    assert "securitycompass.sdelements failed unexpectedly (KeyError). Report this bug" in result["msg"]
    assert "hunter2" not in str(result)


# ---------------------------------------------------------------------------------------------------------------
# Documentation


def test_each_info_module_has_a_resource():
    names = {path.stem for path in (ROOT / "plugins" / "modules").glob("*_info.py")}
    assert names == set(INFO_MODULES.values())


@pytest.mark.parametrize("kind", RESOURCES)
def test_documented_options_equal_argument_spec(kind):
    table = _gather.argument_spec(RESOURCES[kind])
    documented = documented_options(INFO_MODULES[kind])
    assert set(documented) == set(table)
    for option, spec in table.items():
        for key in ("type", "elements", "choices", "default", "aliases"):
            assert documented[option].get(key) == spec.get(key), (option, key)


def test_info_modules_document_the_same_failures():
    """These parts of RETURN cannot be shared, so they are copied."""
    returned = [yaml.safe_load(module_of(kind).RETURN) for kind in RESOURCES]
    parts = [{name: part for name, part in one.items() if name in ("failure", "msg")} for one in returned]
    assert len({re.sub("/api/v2/[a-z/]+/", "URL", str(one)) for one in parts}) == 1


TASKS = {
    "sde_connection_audit": "AUDIT_ARGUMENTS",
    "sde_connection_audit_merge": "MERGE_ARGUMENTS",
    "sde_connection_policy_check": "CHECK_ARGUMENTS",
}


@pytest.mark.parametrize("name", TASKS)
def test_documented_audit_options_equal_argument_spec(name):
    task = importlib.import_module(f"{COLLECTION}.plugin_utils._audit.task")
    table = getattr(task, TASKS[name])
    documented = documented_options(name)
    assert set(documented) == set(table)
    for option, spec in table.items():
        for key in ("choices", "default", "required"):
            assert documented[option].get(key) == spec.get(key), (option, key)
        assert set(documented[option].get("suboptions", ())) == set(spec.get("options", ()))


def test_environment_variables_are_documented():
    documented = documented_options("sde_alm_connection_info")
    for name, option in SERVER_OPTIONS.items():
        places = [str(documented[name]["description"]).find(f"E({variable})") for variable in option["fallback"][1]]
        assert -1 not in places and places == sorted(places), name


def test_documentation_states_limits():
    notes = str(yaml.safe_load(ModuleDocFragment.DOCUMENTATION))
    for bound in (
        f"up to {_http.MAX_RETRY_AFTER} seconds",
        f"more than {_http.MAX_ANSWER_BYTES >> 20} MiB",
        f"or {_http.MAX_TASK_BYTES >> 20} MiB for the whole task",
    ):
        assert bound in notes


@pytest.mark.parametrize("kind", RESOURCES)
def test_documented_return_equals_contract(kind):
    returned = yaml.safe_load(module_of(kind).RETURN)
    fields = returned[RESOURCES[kind].name]["contains"]
    assert list(fields) == list(CONTRACTS[kind])
    for name, types in CONTRACTS[kind].items():
        assert TYPES[fields[name]["type"]] in (types if isinstance(types, tuple) else (types,)), name
    parts = {
        "last_job": list(_connection_facts.JOB_TYPES),
        "server": list(server_facts("alm", {})["server"]),
        "profile": ["id", "name"],
    }
    for name in parts.keys() & fields.keys():
        assert list(fields[name]["contains"]) == parts[name], name


@pytest.mark.parametrize("kind", RESOURCES)
def test_documented_samples_equal_server_response(start, kind):
    documented = yaml.safe_load(module_of(kind).RETURN)[RESOURCES[kind].name]["contains"]
    options = {"include_last_job": True} if "last_job" in documented else {}
    everything = facts(start("5.2", now=DOCUMENTED_HOUR), kind, **options)
    found = next(one for one in everything if one["id"] == documented["id"]["sample"])
    params = documented.pop("params", {"sample": {}})["sample"]
    assert params.items() <= found.get("params", {}).items()
    nested = {name: documented.pop(name)["contains"] for name in list(documented) if "contains" in documented[name]}
    for contains, part in [(documented, found), *((contains, found[name]) for name, contains in nested.items())]:
        samples = {name: field["sample"] for name, field in contains.items() if "sample" in field}
        assert samples and samples == {name: part[name] for name in samples}
