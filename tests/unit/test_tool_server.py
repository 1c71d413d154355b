# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts 'server' and 'validate_certs': how each way to write them is read."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given, strategies as st

from ansible_collections.securitycompass.sdelements.plugins.module_utils._tool_server import (
    is_server,
    server_facts,
)
from tests.demo_server import GENERATIONS
from tests.support import KINDS, LINEAR, connections, gather, growth

NOT_KNOWN = {"scheme": None, "host": None, "port": None, "path": None, "url": None}


def server(kind: str = "alm", **params) -> dict:
    return server_facts(kind, {"alm_user": "x", **params})["server"]


def validate_certs(kind: str = "alm", **params) -> bool | None:
    return server_facts(kind, {"alm_user": "x", **params})["validate_certs"]


def read(text: object, method: object = None) -> tuple:
    """Scheme, host and port of a server; its state if it is not known."""
    result = server(alm_server=text, alm_method=method)
    if result["state"] != "known":
        assert result == {"state": result["state"], **NOT_KNOWN}
        return (result["state"],)
    return result["scheme"], result["host"], result["port"]


@pytest.mark.parametrize(
    "text, method, expected",
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
def test_known_server(text, method, expected):
    assert read(text, method) == expected


UNREADABLE = """
h:0 h:65536 h:99999 h:100000 h:٣ h:-1 h: :443 u@:443 u@ / ? # /x ://x http:// https:///x http:h mailto:h ssh://h -h h-
a..b .h 127.1 1.2.3.4.5 0x7f.0.0.1 017.0.0.1 256.0.0.1 1 2001:db8::1 [::1 ::1] [] [x] [::1%25eth0] [::1]x [1.2.3.4]
******** h\\@e h\\x a,b a;b a"b a'b {{x}} $x c℀.com straße.de a\u200db.com \ud800.com h%41
""".split()


@pytest.mark.parametrize(
    "text",
    [
        *UNREADABLE,
        "a b",
        "a\nb",
        "h/\n0.0.0.0",
        "h/\u2028",
        "h/\x85",
        "x" * 64,
        "a." * 127 + "ab",
        "ü" * 10**6,
        "h/" + "a" * 8000,
        "h/" + "ü" * 2000,
    ],
)
def test_unreadable_server(text):
    assert read(text) == ("unreadable",)


@pytest.mark.parametrize("value", [5, 1.5, True, False, 0, ["h"], {"h": 1}])
def test_server_value_is_not_text(value):
    assert read(value) == read("h", value) == ("unreadable",)


@pytest.mark.parametrize("method", ["ftp", "https://", "1http", "ht tp", "http\n:", "häh"])
def test_methods_without_a_port(method):
    assert read("h", method) == ("unreadable",)


@pytest.mark.parametrize("value", [None, "", "  ", [], {}])
def test_absent_server(value):
    assert read(value) == ("none",)
    assert read("h", value) == ("https", "h", 443)


def test_without_a_server():
    assert server() == server(alm_context_root="jira", alm_method="http") == {"state": "none", **NOT_KNOWN}


@pytest.mark.parametrize("kind", KINDS)
def test_hidden_server(kind):
    assert server_facts(kind, {}) == {"server": {"state": "hidden", **NOT_KNOWN}, "validate_certs": None}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("word", ["alm", "issue_tracker", "analysis", "wh"])
def test_parameter_names_by_release(kind, word):
    params = {"server": "h/p", "method": "http", "context_root": "/q/", "validate_cert": "False"}
    facts = server_facts(kind, {f"{word}_{name}": value for name, value in params.items()})
    known = {"state": "known", "scheme": "http", "host": "h", "port": 80, "path": "/p/q", "url": "http://h:80/p/q"}
    assert facts == {"server": known, "validate_certs": False}


def test_own_parameters_come_first():
    params = {"alm_server": "alm", "analysis_server": "analysis"}
    assert [server(kind, **params)["host"] for kind in KINDS] == ["alm", "analysis"]
    assert server(alm_server="", issue_tracker_server="new")["host"] == "new"
    assert server(alm_server="h", rational_context_root="ccm", alm_context_root="own")["path"] == "/own"


@pytest.mark.parametrize(
    "text, url",
    [
        ("jira.example.com", "https://jira.example.com:443"),
        ("jira.example.com/", "https://jira.example.com:443"),
        ("jira.example.com/jira/", "https://jira.example.com:443/jira"),
        ("http://u:p@[::1]/a/b?token=x#y", "http://[::1]:80/a/b"),
        ("h/a b\"'{{x}}<ü>%20", "https://h:443/a%20b%22'%7B%7Bx%7D%7D%3C%C3%BC%3E%20"),
        ("h/\ud800", "https://h:443/%3F"),
        ("h/%6a%69ra/%2f%c3%bc%7E", "https://h:443/jira/%2F%C3%BC~"),
        ("h/100%/%zz/%%341", "https://h:443/100%25/%25zz/%2541"),
        ("h/./a/x/../b/.", "https://h:443/a/b"),
        ("h/../%2e%2E/a/%2e//", "https://h:443/a"),
        ("h/.//a", "https://h:443/a"),
        ("h/a..b/...", "https://h:443/a..b/..."),
    ],
)
def test_url(text, url):
    result = server(alm_server=text)
    assert (result["url"], result["path"]) == (url, urlsplit(url).path)


# Whether the word before the colon is a user or a host, nobody can tell.
@pytest.mark.parametrize(
    "text",
    [
        "someone:12/secret@host",
        "someone:12?secret@host",
        "https://someone:12#secret@host/x",
        "********:1/x@h",
        "someone/secret@host",
        "https://someone?secret@host",
        "h/someone:secret@host",
        "h/someone%3Asecret%40host",
        "h/someone%253Asecret%2540host",
        "h/someone:secret\uff20host",
        "h/someone%%34%30secret",
        "h/~someone@example.com",
        "h?mail=someone@example.com",
        "//someone:secret@host",
        "https:/someone:secret@host",
        "https:////someone:secret@host",
        "someone%3Asecret%40host",
    ],
)
def test_user_info_with_slash_is_not_shown(text):
    assert server(alm_server=text) == {"state": "unreadable", **NOT_KNOWN}


@pytest.mark.parametrize(
    "root",
    [
        "//someone:secret@x/y",
        "someone:secret@x",
        "a/someone%40x",
        "someone%252540x",
        "someone\ufe6bx",
        "https://someone:secret@x",
    ],
)
def test_user_info_in_context_root_is_not_shown(root):
    for name in ("alm_context_root", "rational_context_root"):
        assert server(alm_server="h", **{name: root}) == {"state": "unreadable", **NOT_KNOWN}


@pytest.mark.parametrize(
    "params, url",
    [
        ({"alm_server": "h", "issue_tracker_server": "H.:443/"}, "https://h:443"),
        ({"alm_server": "h", "issue_tracker_server": "http://h"}, None),
        ({"alm_server": "h", "issue_tracker_server": "i"}, None),
        ({"alm_server": "h", "issue_tracker_server": 0}, None),
        ({"alm_server": "h", "analysis_server": "i"}, "https://h:443"),
        ({"alm_server": "h", "alm_method": "https", "issue_tracker_method": "http"}, None),
        ({"alm_server": "h", "alm_method": "http", "issue_tracker_method": "HTTP"}, "http://h:80"),
        ({"alm_server": "h", "alm_method": "http", "analysis_method": "https"}, "http://h:80"),
        # The method counts only where the address holds no scheme.
        ({"alm_server": "https://h", "alm_method": "https", "issue_tracker_method": "http"}, "https://h:443"),
        ({"alm_server": "h", "alm_context_root": "a", "issue_tracker_context_root": "b"}, None),
        ({"alm_server": "h", "alm_context_root": "a", "issue_tracker_context_root": "/a/"}, "https://h:443/a"),
        ({"alm_server": "h", "x_context_root": "a", "y_context_root": "b"}, None),
        # The documented default of the method, whatever the port.
        ({"alm_server": "h:80"}, "https://h:80"),
        # These names are not documented.
        ({"alm_url": "http://h"}, None),
    ],
)
def test_contradictory_parameters(params, url):
    found = server(**params)
    assert found["url"] == url
    assert found["state"] == ("known" if url else "none" if "alm_url" in params else "unreadable")


@pytest.mark.parametrize(
    "address, root, path",
    [
        ("h", "jira", "/jira"),
        ("h", "/jira", "/jira"),
        ("h/", "jira/", "/jira"),
        ("h", " //jira// ", "/jira"),
        ("h", "tools/jira", "/tools/jira"),
        ("h/jira", "jira", "/jira"),
        ("h/jira/", "/jira/", "/jira"),
        ("h/tools/jira", "jira", "/tools/jira"),
        ("h/tools/jira", "tools/jira", "/tools/jira"),
        ("h/a b", "a%20b", "/a%20b"),
        # It ends with the root's letters only, or holds it elsewhere.
        ("h/myjira", "jira", "/myjira/jira"),
        ("h/jira/tools", "jira", "/jira/tools/jira"),
        ("h/Jira", "jira", "/Jira/jira"),
        ("h?x=1", "jira?token=x#y", "/jira"),
        ("h/tools", "/", "/tools"),
        ("h/tools", "", "/tools"),
        ("h/tools", None, "/tools"),
        ("h", 'a "{{x}}', "/a%20%22%7B%7Bx%7D%7D"),
    ],
)
def test_context_root(address, root, path):
    result = server(alm_server=address, alm_context_root=root)
    assert (result["path"], result["url"]) == (path, f"https://h:443{path}")


@pytest.mark.parametrize("root", [7, ["jira"], {"a": 1}, "a\nb", "a\x00"])
def test_invalid_context_root(root):
    assert server(alm_server="h", alm_context_root=root) == {"state": "unreadable", **NOT_KNOWN}


def test_context_root_of_sd_elements_is_ignored():
    assert server(alm_server="h", sde_context_root="sde")["path"] == ""
    assert server(alm_server="h", sde_context_root="sde", rational_context_root="ccm")["path"] == "/ccm"


def test_context_roots_on_one_host_are_two_servers():
    params = [{"alm_context_root": "jira"}, {"alm_context_root": "/jira-eu"}]
    first, second = (server(alm_server="tools.example.org", **one) for one in params)
    assert (first["url"], second["url"]) == (
        "https://tools.example.org:443/jira",
        "https://tools.example.org:443/jira-eu",
    )
    assert first == server(alm_server="https://tools.example.org/jira/", issue_tracker_context_root="/jira/")


TRUE = (True, "true", "True", " TRUE\n", "yes", "on", "1", 1, 1.0, "t", "Y")
FALSE = (False, "false", "False", "FALSE ", "no", "off", "0", 0, "F", "n")
NEITHER = (None, "", " ", "maybe", "enabled", 2, -1, [], [True], {}, {"a": 1}, "None", "\ud800")


@pytest.mark.parametrize("word", ["alm", "issue_tracker", "analysis"])
@pytest.mark.parametrize("values, expected", [(TRUE, True), (FALSE, False), (NEITHER, None)])
def test_validate_certs(word, values, expected):
    for kind in KINDS:
        assert [validate_certs(kind, **{f"{word}_validate_cert": value}) for value in values] == [expected] * len(
            values
        )


@pytest.mark.parametrize(
    "params, expected",
    [
        ({}, None),
        ({"alm_validate_cert": True, "issue_tracker_validate_cert": "true"}, True),
        ({"alm_validate_cert": False, "analysis_validate_cert": "no"}, False),
        ({"alm_validate_cert": True, "issue_tracker_validate_cert": False}, None),
        ({"alm_validate_cert": True, "issue_tracker_validate_cert": "maybe"}, None),
        ({"alm_validate_cert": True, "issue_tracker_validate_cert": None}, True),
        ({"alm_validate_cert": "", "issue_tracker_validate_cert": False}, False),
        # Undocumented: only true says something, and only against the check.
        ({"bypass_cert_validation": True}, False),
        ({"bypass_cert_validation": "True"}, False),
        ({"bypass_cert_validation": True, "alm_validate_cert": None}, False),
        ({"bypass_cert_validation": True, "alm_validate_cert": False}, False),
        ({"bypass_cert_validation": True, "alm_validate_cert": True}, None),
        ({"bypass_cert_validation": True, "alm_validate_cert": "maybe"}, None),
        ({"bypass_cert_validation": False}, None),
        ({"bypass_cert_validation": "maybe"}, None),
        ({"bypass_cert_validation": "enabled", "alm_validate_cert": True}, None),
        ({"bypass_cert_validation": 2, "alm_validate_cert": True}, None),
        ({"bypass_cert_validation": "enabled", "alm_validate_cert": False}, False),
        ({"bypass_cert_validation": "off", "alm_validate_cert": True}, True),
        ({"bypass_cert_validation": "", "alm_validate_cert": True}, True),
        ({"bypass_cert_validation": None, "alm_validate_cert": True}, True),
        ({"bypass_cert_validation": False, "alm_validate_cert": False}, False),
    ],
)
def test_validate_certs_by_several_names(params, expected):
    assert validate_certs(**params) is expected


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_options_do_not_change_server(start, generation, kind):
    """The names that the server uses, parameters that are not returned, and secrets that are."""
    demo = start(generation)
    facts = [{name: one[name] for name in ("server", "validate_certs")} for one in connections(demo, kind)]
    for options in (
        {"canonical_names": False},
        {"keep_params": ["none"]},
        {"include_params": False},
        {"include_secrets": True},
    ):
        assert [{name: one[name] for name in facts[0]} for one in connections(demo, kind, **options)] == facts
    assert {one["server"]["state"] for one in facts} == ({"none", "known"} if kind == "analysis" else {"known"})
    assert all(is_server(one["server"]) for one in facts)


@pytest.mark.parametrize(
    "password, host, path",
    [
        ("passw@rd", "alm.example.com", "/token=********"),
        # A slash may be that of a path, and then the host is another one.
        ("pass/w@rd", None, None),
    ],
)
def test_server_contains_no_secret(start, password, host, path):
    params = {
        "alm_server": f"https://someone:{password}@alm.example.com/token=hidden-1/x?api_key=hidden-2",
        "alm_context_root": "password=hidden-3/jira",
    }
    demo = start(dataset=[{"kind": "alm", "id": 1, "alias": "a", "system": "JIRA", "params": params}])
    for include_secrets in (False, True):
        found = gather(demo, include_secrets=include_secrets).facts["connections"][0]["server"]
        assert found["host"] == host and (found["path"] or "").startswith(path or "")
        assert (found["state"] == "unreadable") == (host is None)
        assert not re.search(r"hidden|someone|pass/|w@rd|rd@", str(found)), found


@given(st.text(), st.none() | st.text())
def test_any_text(text, method):
    check(server(alm_server=text, alm_method=method))


@given(st.text(), st.text())
def test_any_context_root(path, root):
    check(server(alm_server=f"h/{path}", alm_context_root=root))


@given(st.text("%2540eE./a"), st.text("%2540eE./a"))
def test_any_escapes(path, root):
    check(server(alm_server=f"h/{path}", alm_context_root=root))


@given(
    st.from_regex(
        r"\A([a-zA-Z]{0,5}://)?([a-z:@]{0,5}@)?(\[[0-9a-f:.]{0,12}\]|[\w.-]{1,20})(:[0-9]{0,6})?(/[^\n]{0,9})?\Z"
    )
)
def test_any_server(text):
    check(server(alm_server=text, alm_method="http"))


def check(result: dict) -> None:
    """The rules that every server keeps."""
    assert list(result) == ["state", *NOT_KNOWN] and is_server(result)
    if result["state"] != "known":
        assert result["state"] in ("none", "unreadable") and {**result, **NOT_KNOWN} == result
        return
    assert re.fullmatch(r"[a-z0-9_.-]+|[0-9a-f:]+", result["host"]) and result["host"][0] not in ".-"
    assert 0 < result["port"] < 65536
    # A URL is one line of ASCII without quotes and braces, and is read back as the same server.
    assert re.fullmatch(r"[!-~]+", result["url"]) and not re.search(r"[\"{}\\<>`|^@]", result["url"])
    parts = urlsplit(result["url"])
    assert [parts.scheme, parts.hostname, parts.port, parts.path] == [
        result[name] for name in ("scheme", "host", "port", "path")
    ]
    assert re.fullmatch(r"(/.*[^/])?", result["path"])
    assert (parts.username, parts.query, parts.fragment) == (None, "", "")
    assert server(alm_server=result["url"]) == result


@pytest.mark.no_cover
@given(
    st.dictionaries(
        st.sampled_from(["alm_server", "alm_method", "analysis_server", "a_context_root", "alm_validate_cert", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ),
    )
)
def test_any_parameters(params):
    facts = server_facts("alm", params)
    assert facts["validate_certs"] in (None, False, True) and facts["server"]["state"] in (
        "known",
        "none",
        "unreadable",
        "hidden",
    )


@pytest.mark.parametrize("shape", ["{}", "h:{}", "h/{}", "[{}]"])
@pytest.mark.parametrize("filling", ["a", "a.", "@", "9", "ü.", ":"])
def test_hostile_texts_take_linear_time(shape, filling):
    def read(size: int) -> None:
        text = shape.format(filling * (size // len(filling)))
        for _again in range(10):
            server(alm_server=text, alm_method="x" * size, alm_context_root="/a" * size)

    assert growth(read, 25_000) < LINEAR


@pytest.mark.parametrize(
    "value",
    [
        None,
        "known",
        [],
        {},
        {"state": "known"},
        {"state": "secret", **NOT_KNOWN},
        {"state": "none"},
        {"state": ["none"], **NOT_KNOWN},
        {**server(alm_server="h"), "host": "h; flush ruleset"},
        {**server(alm_server="h"), "url": "https://u:p@h:443"},
        {**server(alm_server="h"), "more": 1},
        {**server(alm_server="h"), "port": "443"},
        {"state": "none", **NOT_KNOWN, "host": "h"},
    ],
)
def test_value_is_not_a_server(value):
    assert not is_server(value)
