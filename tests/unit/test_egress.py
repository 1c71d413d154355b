# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter 'egress': what must be reached."""

from __future__ import annotations

import importlib
import json
import re

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from hypothesis import given, strategies as st

from ansible_collections.securitycompass.sdelements.plugins.module_utils._tool_server import server_facts
from tests.conftest import COLLECTION
from tests.unit.test_modules import TYPES

FILTER = importlib.import_module(f"{COLLECTION}.filter.egress")
egress = FILTER.FilterModule().filters()["egress"]


def facts(number: int, text: object, kind: str = "alm", **more) -> dict:
    """The facts of a connection, as far as they matter here."""
    params = {"alm_user": "x", "alm_server": text}
    return {
        "kind": kind, "id": number, "alias": f"c{number}", "inaccessible": None,
        "params": params, "params_visible": True,
        **server_facts(kind, params), **more,
    }  # a row for each case # fmt: skip


def saved(facts_of_today: dict, **more) -> dict:
    """The same as an older release of the collection saved them."""
    return {
        name: value for name, value in {**facts_of_today, **more}.items() if name not in ("server", "validate_certs")
    }


def reference(number: int, kind: str = "alm") -> dict:
    return {"kind": kind, "id": number, "alias": f"c{number}", "text": f'{kind} {number} "c{number}"'}


def test_egress_lists_each_server_once():
    given_facts = [
        facts(10, "b:80"),
        facts(9, "http://b"),
        facts(2, "b"),
        facts(1, "192.0.2.1", kind="analysis"),
        facts(3, "B.:443", "analysis"),
    ]
    result = egress(given_facts)
    assert (result["agent"], result["unknown"]) == ([], [])
    assert result["servers"] == [
        {"host": "192.0.2.1", "port": 443, "protocol": "tcp", "schemes": ["https"], "addresses": ["192.0.2.1"],
         "connections": [reference(1, "analysis")]},
        {"host": "b", "port": 80, "protocol": "tcp", "schemes": ["http", "https"], "addresses": [],
         "connections": [reference(9), reference(10)]},
        {"host": "b", "port": 443, "protocol": "tcp", "schemes": ["https"], "addresses": [],
         "connections": [reference(2), reference(3, "analysis")]},
    ]  # a row for each case # fmt: skip
    # The order of the facts makes no difference.
    assert egress(reversed(given_facts)) == result
    assert egress([saved(one) for one in given_facts]) == result


def test_egress_of_facts_without_params():
    assert egress([facts(1, "h", params={})]) == egress([facts(1, "h")])


def test_connections_on_one_host_share_its_port():
    (server,) = egress([facts(1, "h/jira"), facts(2, "h/jira-eu")])["servers"]
    assert (server["host"], server["port"], [one["id"] for one in server["connections"]]) == ("h", 443, [1, 2])


def test_unreachable_and_hidden_servers():
    hidden = {"params": {}, "params_visible": False, **server_facts("alm", {})}
    result = egress([
        facts(1, None), facts(2, "a b"), facts(3, None, **hidden), saved(facts(4, None), params={}),
        facts(5, "h", inaccessible=True), facts(6, None, inaccessible=True, **hidden),
        facts(7, None, inaccessible=True), saved(facts(8, None, **hidden)),
        saved(facts(9, "h"), params_visible=False),
    ])  # a row for each case # fmt: skip
    assert result == {
        "servers": [],
        "agent": [{**reference(5), "url": "https://h:443"}, {**reference(6), "url": None}],
        "unknown": [
            {**reference(2), "reason": "its server cannot be parsed as host and port"},
            {**reference(3), "reason": "its parameters are hidden from the token"},
            {**reference(4), "reason": "its parameters were not gathered"},
            {**reference(8), "reason": "its parameters are hidden from the token"},
            {**reference(9), "reason": "its parameters are hidden from the token"},
        ],
    }


def test_resolved_addresses():
    resolved = {"h": ["192.0.2.9", "2001:DB8::1", "192.0.2.9", "fe80::1%eth0", "h", "", None], "x": ["192.0.2.1"]}
    assert egress([facts(1, "h"), facts(2, "i")], resolved=resolved)["servers"][0]["addresses"] == [
        "192.0.2.9",
        "2001:db8::1",
    ]
    for value, addresses in (
        (None, []),
        ([], []),
        ("", []),
        ("192.0.2.1", ["192.0.2.1"]),
        (("192.0.2.1",), ["192.0.2.1"]),
    ):
        assert egress([facts(1, "h")], resolved={"h": value})["servers"][0]["addresses"] == addresses


@given(st.text())
def test_connection_text_is_one_line_of_ascii(alias):
    text = egress([facts(1, "a b", alias=alias)])["unknown"][0]["text"]
    assert re.fullmatch(r'alm 1 "[ -~]*"', text)
    assert json.loads(text.removeprefix("alm 1 ")) == alias


def test_null_alias():
    (one,) = egress([facts(1, "a b", alias=None)])["unknown"]
    assert (one["alias"], one["text"]) == (None, "alm 1")


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        1,
        "x",
        {"connections": []},
        facts(1, "h"),
        [1],
        [{}],
        [{**facts(1, "h"), "kind": "other"}],
        [facts("1", "h")],
        [facts(True, "h")],
        [facts(1, "h", alias=1)],
        [facts(1, "h", inaccessible="false")],
        [facts(1, "h", server="h")],
        [facts(1, "h", server={**server_facts("alm", {"alm_server": "h"})["server"], "host": "h\n0.0.0.0"})],
        [saved(facts(1, "h"), params=[])],
        [saved(facts(1, "h"), params_visible=None)],
    ],
)
def test_invalid_facts_are_an_error(wrong):
    with pytest.raises(AnsibleFilterError, match="Use the connections that"):
        egress(wrong)


def test_any_connection_text_is_printable_ascii():
    [server] = egress([facts(1, "h", alias='a\x7f\n"\u202e')])["servers"]
    assert server["connections"][0]["text"] == r'alm 1 "a\u007f\n\"\u202e"'


@pytest.mark.parametrize("wrong", [[], "x", 1])
def test_invalid_resolved_mapping_is_an_error(wrong):
    with pytest.raises(AnsibleFilterError, match="'resolved' must be a dict of addresses"):
        egress([], resolved=wrong)


@pytest.mark.parametrize(
    "value, what",
    [
        (5, "is int"),
        (True, "is bool"),
        ({"a": 1}, "is dict"),
        ([5], "contains int"),
        (["192.0.2.1", ["192.0.2.2"]], "contains list"),
    ],
)
def test_invalid_address_is_an_error(value, what):
    message = f"'resolved' must contain a list of strings for each host name; that of 'h' {what}."
    with pytest.raises(AnsibleFilterError) as error:
        egress([], resolved={"h": value})
    assert str(error.value) == message


def test_documented_return_equals_result():
    contains = yaml.safe_load(FILTER.RETURN)["_value"]["contains"]
    result = egress([facts(1, "h"), facts(2, "h", inaccessible=True), facts(3, "a b")])
    assert list(contains) == list(result)
    for name, described in contains.items():
        entry = result[name][0]
        assert set(described["contains"]) == set(entry)
        for field, value in entry.items():
            assert value is None or isinstance(value, TYPES[described["contains"][field]["type"]]), field
