# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The meaning of the connection options, and values that are refused."""

from __future__ import annotations

import re

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from ansible_collections.securitycompass.sdelements.plugins.module_utils._connections import ALM
from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError
from ansible_collections.securitycompass.sdelements.plugins.module_utils._server import SERVER_OPTIONS, parse_server
from tests.support import validated


def server(**options):
    options = validated(**{"url": "https://sde.example.com", "api_token": "t0ken", **options})
    ALM.parse_query(options)
    return parse_server(options)


@pytest.mark.parametrize(
    "url, used",
    [
        ("sde.example.com", "https://sde.example.com"),
        ("https://sde.example.com", "https://sde.example.com"),
        ("https://sde.example.com/", "https://sde.example.com"),
        (" 'https://sde.example.com/' ", "https://sde.example.com"),
        ("https://sde.example.com/api/v2", "https://sde.example.com"),
        ("https://sde.example.com/api/v2/", "https://sde.example.com"),
        ("sde.example.com:8443/tools/sde/api/v2/", "https://sde.example.com:8443/tools/sde"),
        ("https://sde.example.com/sde//api/v2", "https://sde.example.com/sde"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.9", "http://127.0.0.9"),
        ("http://[::1]:8000/sde", "http://[::1]:8000/sde"),
        ("https://b\u00fccher.example", "https://b\u00fccher.example"),
    ],
)
def test_url_is_normalized(url, used):
    assert server(url=url).url == used


@pytest.mark.parametrize(
    "url, reason",
    [
        ("https://user:hunter2@sde.example.com", "user info"),
        ("https://sde.example.com?x=hunter2", "a query or a fragment"),
        ("https://sde.example.com/?", "a query or a fragment"),
        ("https://sde.example.com/#hunter2", "a query or a fragment"),
        ("ftp://sde.example.com", "must begin with https://"),
        ("http://sde.example.com", "plain HTTP"),
        ("http://localhost.example.com", "plain HTTP"),
        ("http://128.0.0.1", "plain HTTP"),
        ("http://10.0.0.1", "plain HTTP"),
        ("http://192.168.0.1", "plain HTTP"),
        ("http://[fd00::1]", "plain HTTP"),
        ("https://sde.example.com:0", "url has an invalid"),
        ("https://sde.example.com:99999", "url has an invalid"),
        ("https://sde.example.com:hunter2", "url has an invalid"),
        ("https://sde.example.com\\hunter2", "url has an invalid"),
        ("https://sde.exa mple.com", "url has an invalid"),
        ("https://sde.example.com/a b", "url has an invalid"),
        ("https://sde.example.com/\nHost: x", "url has an invalid"),
        ("https://[::1", "url has an invalid"),
        (".", "url has an invalid"),
        ("https://", "url has an invalid"),
    ],
)
def test_invalid_url(url, reason):
    with pytest.raises(OptionError, match=reason) as refused:
        server(url=url)
    assert "hunter2" not in str(refused.value)


def test_plain_http_if_allowed():
    assert server(url="http://sde.example.com", allow_http=True).url == "http://sde.example.com"


@pytest.mark.parametrize("name", ["api_token", "token", "api_key"])
@pytest.mark.parametrize("value", ["t0ken", "  t0ken\n", "'t0ken'", '" t0ken "'])
def test_token(name, value):
    assert parse_server(validated(**{"url": "https://sde.example.com", name: value})).token == "t0ken"


def test_connection_string_supplies_the_host():
    both = parse_server(validated(api_token="t0ken@sde.example.com"))
    assert (both.token, both.url) == ("t0ken", "https://sde.example.com")


@pytest.mark.parametrize(
    "host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "sde.example.com:8443/sde", "https://sde.example.com"]
)
def test_hosts_of_connection_strings(host):
    assert parse_server(validated(api_token=f"t0ken@{host}", allow_http=True)).url.endswith(host)


@pytest.mark.parametrize(
    "text",
    ["127.0.0.1@{}", "127.0.0.1@{}.example.com", "sde.example.com:8443@{}", "sde.example.com@a.{}",
     "https://sde.example.com@{}", "localhost@{}", "[::1]@{}", "{}@sde", "{}@", "{}@sde.example.com@x",
     "me@{}@sde.example.com", "SDE.example.com@{}.example"],
)  # a row for each case # fmt: skip
@pytest.mark.parametrize("url", [None, "https://sde.example.com"])
def test_invalid_connection_string(text, url):
    """The token must not be taken for a host, which is looked up and shown."""
    with pytest.raises(OptionError) as refused:
        server(url=url, api_token=text.format("CANARY0123456789"))
    assert str(refused.value).startswith("api_token must be TOKEN or TOKEN@HOST. Use the token alone")
    assert not re.search("canary|127|sde|::1", f"{refused.value.as_failure()}", re.IGNORECASE)


def test_url_wins_over_the_host_of_a_connection_string():
    both = server(api_token="t0ken@other.example.com")
    assert (both.token, both.url) == ("t0ken", "https://sde.example.com")


@pytest.mark.parametrize(
    "token, reason", [(None, "required"), ("", "empty"), ("''", "empty"), ("@sde.example.com", "required")]
)
def test_missing_token(token, reason):
    with pytest.raises(OptionError, match=f"api_token is {reason}"):
        server(api_token=token)


@pytest.mark.parametrize("token", ["Token hunter2", "hunter2\nX: y", "hünter2"])
def test_invalid_token(token):
    with pytest.raises(OptionError, match="api_token contains") as refused:
        server(api_token=token)
    assert "nter2" not in str(refused.value)


def test_missing_url():
    with pytest.raises(OptionError, match="url is required"):
        server(url=None)
    with pytest.raises(OptionError, match=r"url is empty\. Set it, or omit it to use the environment"):
        server(url=" ")


ENVIRONMENT = {
    "url": ("SDE_HOST", "https://env.example.com"),
    "api_token": ("SDE_API_KEY", "env-token"),
    "validate_certs": ("SDE_VALIDATE_CERTS", "no"),
    "ca_path": ("SDE_CA_PATH", "/some/ca.pem"),
    "client_cert": ("SDE_CLIENT_CERT", "/some/cert.pem"),
    "client_key": ("SDE_CLIENT_KEY", "/some/key.pem"),
    "timeout": ("SDE_TIMEOUT", "5"),
    "deadline": ("SDE_DEADLINE", "50"),
    "retries": ("SDE_RETRIES", "0"),
    "allow_http": ("SDE_ALLOW_HTTP", "yes"),
}


def test_each_connection_option_has_environment_variable():
    assert set(ENVIRONMENT) == set(SERVER_OPTIONS)


@pytest.mark.parametrize("option", ENVIRONMENT)
def test_environment_supplies_option(monkeypatch, option):
    name, text = ENVIRONMENT[option]
    monkeypatch.setenv(name, text)
    expected = {"validate_certs": False, "timeout": 5, "deadline": 50, "retries": 0, "allow_http": True}
    assert validated()[option] == expected.get(option, text)
    # A variable that is there and blank counts as not set.
    monkeypatch.setenv(name, "  ")
    assert validated().get(option) == SERVER_OPTIONS[option].get("default")


def test_environment_second_variable(monkeypatch):
    monkeypatch.setenv("SDE_HOST", "")
    monkeypatch.setenv("SDE_SERVER", "second.example.com")
    monkeypatch.setenv("SDE_API_TOKEN", "second")
    used = parse_server(validated())
    assert (used.url, used.token) == ("https://second.example.com", "second")


@pytest.mark.parametrize(
    "first, second, expected",
    [
        (None, "yes", True),
        ("no", "", False),
        (" ", "true", True),
        ("Yes ", "1", True),
        ("off", "false", False),
    ],
)
def test_environment_allows_http_by_either_name(monkeypatch, first, second, expected):
    for name, value in (("SDE_ALLOW_HTTP", first), ("SDE_ALLOW_INSECURE_HTTP", second)):
        if value is not None:
            monkeypatch.setenv(name, value)
    assert validated()["allow_http"] is expected


@pytest.mark.parametrize("first, second", [("no", "yes"), ("yes", "no"), ("yes", "perhaps")])
def test_environment_contradicts_itself(monkeypatch, first, second):
    monkeypatch.setenv("SDE_ALLOW_HTTP", first)
    monkeypatch.setenv("SDE_ALLOW_INSECURE_HTTP", second)
    quoted = f"SDE_ALLOW_HTTP={first} and SDE_ALLOW_INSECURE_HTTP={second}"
    with pytest.raises(AssertionError, match=f"allow_http.*'{quoted}' is not a valid boolean"):
        validated()
    assert validated(allow_http=False)["allow_http"] is False


@pytest.mark.parametrize(
    "options, message",
    [
        ({"timeout": 0}, "timeout must be an integer from 1 to 86400"),
        ({"timeout": True}, "timeout must be an integer from"),
        ({"deadline": -1}, "deadline must be an integer from 1 to 86400"),
        ({"deadline": 10**400}, "deadline must be an integer from"),
        ({"retries": 11}, "retries must be an integer from 0 to 10"),
        ({"page_size": 0}, "page_size must be an integer from 1 to 100000"),
        ({"concurrency": 17}, "concurrency must be an integer from 1 to 16"),
        ({"connection_id": True}, "connection_id must be an integer from"),
        ({"client_cert": __file__}, "client_cert and client_key are not a certificate"),
        (
            {"client_key": "-----BEGIN PRIVATE KEY-----\nhunter2"},
            "client_key contains the content of a file instead of its path. Set it to the path",
        ),
        ({"ca_path": "/no/such/file"}, "ca_path: '/no/such/file' is not a readable file"),
        ({"client_cert": "/no/such/file"}, "client_cert: '/no"),
        ({"client_key": "/no/such/file"}, "client_key: '/no"),
        ({"client_key": __file__}, "client_key is set without client_cert"),
    ],
)
def test_invalid_option_value(options, message):
    with pytest.raises(OptionError, match=message) as refused:
        server(**options)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("name", ["ca_path", "client_cert", "client_key"])
def test_pem_content_in_place_of_path_is_not_shown(name):
    for content in (
        "MIIE" + "hunter2+/" * 20,
        "MC4C" + "hunter2" * 8 + "====",
        "MIIE hunter2/ " * 9,
        "MHc\\n" + "hunter2/" * 9,
    ):
        with pytest.raises(
            OptionError, match=f"{name} contains the content of a file instead of its path. Set it to the path"
        ) as refused:
            server(**{name: content})
        assert "hunter2" not in str(refused.value)
    for path in ("/etc/" + "folder/" * 9 + "key", "files/" + "folder/" * 9 + "key.pem", "key"):
        with pytest.raises(OptionError, match=f"{name}: '{path}' is not"):
            server(**{name: path})


def test_tls_files(tmp_path):
    empty = tmp_path / "empty.pem"
    empty.touch()
    assert server(ca_path=str(empty)).verify is True
    authority = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(authority))
    assert server(ca_path=str(authority)).verify == str(authority)
    assert server(ca_path=str(authority), validate_certs=False).verify is False


def test_client_certificates(tmp_path):
    issued = trustme.CA().issue_cert("client.example.com")
    cert, key, both = (str(tmp_path / name) for name in ("cert.pem", "key.pem", "both.pem"))
    issued.cert_chain_pems[0].write_to_path(cert)
    issued.private_key_pem.write_to_path(key)
    issued.private_key_and_cert_chain_pem.write_to_path(both)
    assert server(client_cert=both).cert == both
    assert server(client_cert=cert, client_key=key).cert == (cert, key)


def test_client_key_with_a_passphrase(tmp_path):
    """OpenSSL would ask for it on the terminal, and wait."""
    issued = trustme.CA().issue_cert("client.example.com")
    key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
    encryption = serialization.BestAvailableEncryption(b"hunter2")
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    both = tmp_path / "both.pem"
    both.write_bytes(key.private_bytes(*form) + issued.cert_chain_pems[0].bytes())
    with pytest.raises(OptionError, match=r"or the key is encrypted\. Use PEM files"):
        server(client_cert=str(both))


@pytest.mark.parametrize("value, values", [("a, b", ["a, b"]), (7, [7]), (["a", "b"], ["a", "b"]), (" a", [" a"])])
def test_filter_values(value, values):
    assert ALM.parse_query(validated(alias=value)).filters == {"alias": set(map(str, values))}


@pytest.mark.parametrize("value", [[], "", " ", ["a", ""], {"a": 1}, True, [None]])
@pytest.mark.parametrize("name", ["alias", "system"])
def test_invalid_filter(name, value):
    with pytest.raises(OptionError, match=name):
        ALM.parse_query(validated(**{name: value}))
