# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter 'server': how each way to write a server is read."""

from __future__ import annotations

import importlib
import re
import time
from urllib.parse import urlsplit

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import COLLECTION
from tests.demo_server import GENERATIONS
from tests.support import connections, KINDS

FILTER = importlib.import_module(f"{COLLECTION}.filter.server")
server = FILTER.FilterModule().filters()["server"]
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
    with pytest.raises(AnsibleFilterError, match="takes the facts of one connection.*Apply it to one of the connections"):
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


def test_it_is_quick():
    facts = connection(alm_server="https://zähler.example.net/x", alm_method="https")
    before = time.process_time()
    for _again in range(5000):
        server(facts)
    assert time.process_time() - before < 1


def test_hostile_lengths_are_quick():
    before = time.process_time()
    for text in ("a" * 10**6, "a." * 10**6, "@" * 10**6, "h:" + "9" * 10**6, "h/" + "a" * 10**6, "ü." * 10**6, "[" + ":" * 10**6 + "]"):
        server(connection(alm_server=text, alm_method="x" * 10**6))
    assert time.process_time() - before < 2


def test_documentation_names_all_states():
    returned = yaml.safe_load(FILTER.RETURN)["_value"]["contains"]
    assert list(returned) == ["state", *NO_ADDRESS]
    assert set(returned["state"]["choices"]) == {"known", "hidden", "none", "unreadable"}
