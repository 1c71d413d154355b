# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters 'server' and 'egress': how each way to write a server is read, and what must be reached."""

from __future__ import annotations

import importlib
import json
import re
from urllib.parse import urlsplit

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import COLLECTION
from tests.demo_server import GENERATIONS
from tests.support import connections, growth, KINDS, LINEAR

FILTERS = {name: importlib.import_module(f"{COLLECTION}.filter.{name}") for name in ("server", "egress")}
server, egress = (module.FilterModule().filters()[name] for name, module in FILTERS.items())
NO_ADDRESS = {"scheme": None, "host": None, "port": None, "url": None}


def connection(**params) -> dict:
    return {"kind": "alm", "params": {"alm_user": "x", **params}, "params_visible": True}


def read(text: object, method: object = None) -> tuple:
    """Scheme, host and port of a server; its state if it is not known."""
    result = server(connection(alm_server=text, alm_method=method))
    if result["state"] != "known":
        assert result == {"state": result["state"], **NO_ADDRESS}
        return (result["state"],)
    return result["scheme"], result["host"], result["port"]


@pytest.mark.parametrize(
    ("text", "method", "expected"),
    [
        ("jira.example.com", None, ("https", "jira.example.com", 443)),
        ("jira.example.com", "http", ("http", "jira.example.com", 80)),
        ("jira.example.com", " HTTPS ", ("https", "jira.example.com", 443)),
        (" Jira.Example.COM. ", "", ("https", "jira.example.com", 443)),
        ("jira.example.com:8443/jira", None, ("https", "jira.example.com", 8443)),
        ("HTTP://jira.example.com", "https", ("http", "jira.example.com", 80)),
        ("https://someone:p@ss@jira.example.com:1/x", None, ("https", "jira.example.com", 1)),
        ("someone:********@scan.example.com:8443", None, ("https", "scan.example.com", 8443)),
        ("host/path?next=http://other", None, ("https", "host", 443)),
        ("host#http://other", None, ("https", "host", 443)),
        ("build_server", None, ("https", "build_server", 443)),
        ("ssh://git.example.com:22", None, ("ssh", "git.example.com", 22)),
        ("git.example.com:022", "ssh", ("ssh", "git.example.com", 22)),
        ("h:65535", None, ("https", "h", 65535)),
        ("192.0.2.1", None, ("https", "192.0.2.1", 443)),
        ("[2001:DB8:0:0::1]", None, ("https", "2001:db8::1", 443)),
        ("http://[::1]:8080/x", None, ("http", "::1", 8080)),
        ("[::ffff:192.0.2.1]", None, ("https", "192.0.2.1", 443)),
        ("Zähler.example.net", None, ("https", "xn--zhler-gra.example.net", 443)),
        ("例え。テスト", None, ("https", "xn--r8jz45g.xn--zckzah", 443)),
    ],
)
def test_known(text, method, expected):
    assert read(text, method) == expected


UNREADABLE = """
h:0 h:65536 h:99999 h:100000 h:٣ h:-1 h: :443 u@:443 u@ / ? # /x ://x http:// https:///x http:h mailto:h ssh://h -h h- a..b .h
127.1 1.2.3.4.5 0x7f.0.0.1 017.0.0.1 256.0.0.1 1 2001:db8::1 [::1 ::1] [] [x] [::1%25eth0] [::1]x [1.2.3.4]
******** h\\@e h\\x a,b a;b a"b a'b {{x}} $x c℀.com straße.de a\u200db.com \ud800.com h%41
""".split()


@pytest.mark.parametrize("text", [*UNREADABLE, "a b", "a\nb", "h/\n0.0.0.0", "h/\u2028", "h/\x85", "x" * 64, "a." * 127 + "ab", "ü" * 10**6])
def test_unreadable(text):
    assert read(text) == ("unreadable",)


@pytest.mark.parametrize("value", [5, 1.5, True, ["h"], {"h": 1}])
def test_no_text(value):
    assert read(value) == read("h", value) == ("unreadable",)


@pytest.mark.parametrize("method", ["ftp", "https://", "1http", "ht tp", "http\n:", "häh"])
def test_methods_without_a_port(method):
    assert read("h", method) == ("unreadable",)


@pytest.mark.parametrize("value", [None, "", "  ", [], {}, False, 0])
def test_none(value):
    assert read(value) == ("none",)


def test_without_a_server():
    assert server(connection()) == {"state": "none", **NO_ADDRESS}


def test_hidden():
    hidden = {"state": "hidden", **NO_ADDRESS}
    assert server({"params": {}, "params_visible": False}) == hidden
    # What 'include_params: false' leaves says nothing about servers either.
    assert server({"params": {}, "params_visible": True}) == hidden


@pytest.mark.parametrize("word", ["alm", "issue_tracker", "analysis"])
def test_names_of_parameters(word):
    facts = connection(**{f"{word}_server": "h/p", f"{word}_method": "http"})
    assert server(facts) == {"state": "known", "scheme": "http", "host": "h", "port": 80, "url": "http://h:80/p"}


def test_a_connection_has_its_own_parameters_first():
    params = {"alm_server": "alm", "analysis_server": "analysis"}
    assert [server({**connection(**params), "kind": kind})["host"] for kind in KINDS] == ["alm", "analysis"]
    assert server(connection(alm_server="", issue_tracker_server="new"))["host"] == "new"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("jira.example.com", "https://jira.example.com:443"),
        ("http://u:p@[::1]/a/b?token=x#y", "http://[::1]:80/a/b"),
        ("h/a b\"'{{x}}<ü>%20", "https://h:443/a%20b%22'%7B%7Bx%7D%7D%3C%C3%BC%3E%20"),
        ("h/\ud800", "https://h:443/%3F"),
    ],
)
def test_url(text, url):
    assert server(connection(alm_server=text))["url"] == url


@pytest.mark.parametrize("wrong", [None, "x", 1, [], [connection()], {}, {"params": {}}, {"params": [], "params_visible": True},
                                   {"params": {}, "params_visible": None}, {"params": None, "params_visible": False}])
def test_what_is_no_connection_is_an_error(wrong):
    with pytest.raises(AnsibleFilterError, match="^The facts of a connection .*Take them from the connections"):
        server(wrong)


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_names_make_no_difference(start, generation, kind):
    """The servers' own names, and the canonical ones."""
    demo = start(generation)
    raw, canonical = ([server(one) for one in connections(demo, kind, canonical_names=flag)] for flag in (False, True))
    assert raw == canonical
    states = {"none", "known"} if kind == "analysis" else {"known"}
    assert {one["state"] for one in raw} == states


@given(st.text(), st.none() | st.text())
def test_any_text(text, method):
    check(server(connection(alm_server=text, alm_method=method)))


@given(st.from_regex(r"\A([a-zA-Z]{0,5}://)?([a-z:@]{0,5}@)?(\[[0-9a-f:.]{0,12}\]|[\w.-]{1,20})(:[0-9]{0,6})?(/[^\n]{0,9})?\Z"))
def test_any_server(text):
    check(server(connection(alm_server=text, alm_method="http")))


def check(result: dict) -> None:
    """What holds for whatever a server is."""
    assert list(result) == ["state", *NO_ADDRESS]
    if result["state"] != "known":
        assert result["state"] in ("none", "unreadable") and {**result, **NO_ADDRESS} == result
        return
    assert re.fullmatch(r"[a-z0-9_.-]+|[0-9a-f:]+", result["host"]) and result["host"][0] not in ".-"
    assert 0 < result["port"] < 65536
    # A URL is one line of ASCII that needs no quotes, is no template, and is read back as what it says.
    assert re.fullmatch(r"[!-~]+", result["url"]) and not re.search(r"[\"{}\\<>`|^]", result["url"])
    parts = urlsplit(result["url"])
    assert (parts.scheme, parts.hostname, parts.port) == (result["scheme"], result["host"], result["port"])
    assert (parts.username, parts.query, parts.fragment) == (None, "", "")
    again = server(connection(alm_server=result["url"]))
    assert again == result


@given(st.dictionaries(st.sampled_from(["alm_server", "alm_method", "analysis_server", "x"]), st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))))
def test_any_parameters(params):
    result = server({"kind": "alm", "params": params, "params_visible": True})
    assert result["state"] in ("known", "none", "unreadable", "hidden")


@pytest.mark.parametrize("shape", ["{}", "h:{}", "h/{}", "[{}]"])
@pytest.mark.parametrize("filling", ["a", "a.", "@", "9", "ü.", ":"])
def test_hostile_texts_take_linear_time(shape, filling):
    def read(size: int) -> None:
        text = shape.format(filling * (size // len(filling)))
        for _again in range(10):
            server(connection(alm_server=text, alm_method="x" * size))

    assert growth(read, 100_000) < LINEAR


def test_documentation_names_all_states():
    returned = yaml.safe_load(FILTERS["server"].RETURN)["_value"]["contains"]
    assert list(returned) == ["state", *NO_ADDRESS]
    assert set(returned["state"]["choices"]) == {"known", "hidden", "none", "unreadable"}


# ---------------------------------------------------------------------------------------------------------------
# egress


def facts(number: int, text: object, kind: str = "alm", **more) -> dict:
    return {**connection(alm_server=text), "kind": kind, "id": number, "alias": f"c{number}", "inaccessible": None, **more}


def reference(number: int, kind: str = "alm") -> dict:
    return {"kind": kind, "id": number, "alias": f"c{number}", "text": f'{kind} {number} "c{number}"'}


def test_each_place_once():
    given_facts = [facts(10, "b:80"), facts(9, "http://b"), facts(2, "b"), facts(1, "192.0.2.1", kind="analysis"), facts(3, "B.:443", "analysis")]
    result = egress(given_facts)
    assert (result["agent"], result["unknown"]) == ([], [])
    assert result["servers"] == [
        {"host": "192.0.2.1", "port": 443, "protocol": "tcp", "schemes": ["https"], "addresses": ["192.0.2.1"],
         "connections": [reference(1, "analysis")]},
        {"host": "b", "port": 80, "protocol": "tcp", "schemes": ["http", "https"], "addresses": [],
         "connections": [reference(9), reference(10)]},
        {"host": "b", "port": 443, "protocol": "tcp", "schemes": ["https"], "addresses": [],
         "connections": [reference(2), reference(3, "analysis")]},
    ]  # fmt: skip
    # The order of the facts makes no difference.
    assert egress(reversed(given_facts)) == result


def test_what_is_not_reached():
    hidden = {"params": {}, "params_visible": False}
    result = egress([
        facts(1, None), facts(2, "a b"), facts(3, None, **hidden), facts(4, None, params={}), facts(5, "h", inaccessible=True),
        facts(6, None, inaccessible=True, **hidden), facts(7, None, inaccessible=True),
    ])  # fmt: skip
    assert result == {
        "servers": [],
        "agent": [{**reference(5), "url": "https://h:443"}, {**reference(6), "url": None}],
        "unknown": [
            {**reference(2), "reason": "its server cannot be read as host and port"},
            {**reference(3), "reason": "its parameters are hidden from the token"},
            {**reference(4), "reason": "its parameters were left out"},
        ],
    }


def test_resolved_addresses():
    resolved = {"h": ["192.0.2.9", "2001:DB8::1", "192.0.2.9", "fe80::1%eth0", "h", "", None], "x": ["192.0.2.1"]}
    assert egress([facts(1, "h"), facts(2, "i")], resolved=resolved)["servers"][0]["addresses"] == ["192.0.2.9", "2001:db8::1"]
    assert egress([facts(1, "h")], resolved={"h": None})["servers"][0]["addresses"] == []


@given(st.text())
def test_texts_are_one_line_of_ascii(alias):
    text = egress([facts(1, "a b", alias=alias)])["unknown"][0]["text"]
    assert re.fullmatch(r'alm 1 "[ -~]*"', text)
    assert json.loads(text.removeprefix("alm 1 ")) == alias


@pytest.mark.parametrize("wrong", [None, 1, "x", {"connections": []}, facts(1, "h"), [1], [{}], [facts(1, "h", "other")], [facts("1", "h")],
                                   [facts(True, "h")], [facts(1, "h", alias=None)], [facts(1, "h", inaccessible="false")]])
def test_wrong_facts_are_an_error(wrong):
    with pytest.raises(AnsibleFilterError, match="Take them from the connections that"):
        egress(wrong)


@pytest.mark.parametrize("wrong", [[], "x", 1])
def test_wrong_addresses_are_an_error(wrong):
    with pytest.raises(AnsibleFilterError, match="'resolved' is a dict of addresses"):
        egress([], resolved=wrong)


def test_documentation_names_what_is_returned():
    contains = yaml.safe_load(FILTERS["egress"].RETURN)["_value"]["contains"]
    result = egress([facts(1, "h"), facts(2, "h", inaccessible=True), facts(3, "a b")])
    assert list(contains) == list(result)
    for name, described in contains.items():
        assert set(described["contains"]) == set(result[name][0])
