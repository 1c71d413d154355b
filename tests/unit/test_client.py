# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way in which a request can fail, over real sockets: each has a message of its own."""

from __future__ import annotations

import json
import socket
import time

import pytest
import trustme
from urllib3.exceptions import ProtocolError

from ansible_collections.securitycompass.sdelements.plugins.module_utils import _http, _http_errors
from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import SDElementsError
from ansible_collections.securitycompass.sdelements.plugins.module_utils._server import parse_server
from tests.support import canned_server, connections, failure_of, forward_proxy, gather, nowhere, validated

LIST = "/api/v2/connections/alm/"

# fault: kind, status, a part of the problem, a part of the advice
RESPONSES = {
    "html_503": ("server_error", 503, "returned 503", "Try again later"),
    "html_200": ("html", 200, "is an HTML page instead of JSON", "not of a login page"),
    "xml_body": ("html", 200, "is XML instead of JSON", "Check that url"),
    "redirect_login": (
        "redirect",
        302,
        "a redirect to https://sso.example.com/login, which the task does not follow",
        "Set url to",
    ),
    "redirect_https": ("redirect", 301, "a redirect to https://127.0.0.1", "Set url to https://127.0.0.1"),
    "status_500": ("server_error", 500, "returned 500: an HTML page", "ask its administrator"),
    "status_502": ("server_error", 502, "returned 502", "Try again later"),
    "status_504": ("server_error", 504, "returned 504", "Try again later"),
    "throttled_429": ("rate_limited", 429, "returned 429", "raise retries"),
    "throttled_429_long": (
        "rate_limited",
        429,
        "Request was throttled; Retry-After: 3600",
        "does not wait longer than 60 s",
    ),
    "firewall_403": ("gateway", 403, "returned 403: an HTML page instead of JSON", "A gateway or firewall"),
    "login_401": (
        "gateway",
        401,
        "it requires Negotiate authentication instead of a token",
        "the token is not the cause",
    ),
    "early_hints": ("unexpected_status", 103, "returned the unexpected status 103", "Check url"),
    "bad_request": (
        "bad_request",
        400,
        "alias: This field may not be blank.; page_size: A valid integer",
        "Check the options",
    ),
    "bad_request_string": ("bad_request", 400, "returned 400: ", "Check the options"),
    "json_string": ("unexpected_shape", 200, "the list 'results' is missing", "Check that url"),
    "broken_json": ("invalid_json", 200, "is invalid JSON", "Check that url"),
    "empty_body": ("invalid_json", 200, "is empty", "Check that url"),
    "nan_json": ("invalid_json", 200, "is invalid JSON", "Check that url"),
    "not_utf8": ("unexpected_shape", 200, "is not valid UTF-8", "Check that url"),
    "deep_json": ("too_large", 200, "is nested too deeply", "Check that url"),
    "results_missing": ("unexpected_shape", 200, "the list 'results' is missing", "Check that url"),
    "results_not_list": ("unexpected_shape", 200, "the list 'results' is missing", "Check that url"),
    "record_not_object": ("unexpected_shape", 200, "a record must be an object, not str", "Check that url"),
    "id_not_int": ("unexpected_shape", 200, "the id of a record must be a 64-bit integer", "Check that url"),
    "huge_body": ("too_large", 200, "exceeds 64 MiB", "Set page_size"),
    "gzip_bomb": ("too_large", 200, "exceeds 64 MiB", "Set page_size"),
    "double_gzip": ("unexpected_shape", 200, "has a content encoding that was not requested", "Check that url"),
    "double_gzip_hidden": ("unexpected_shape", 200, "is not valid UTF-8", "Check that url"),
    "truncated": ("connection", None, "the connection was lost", "Check the network"),
    "reset": ("connection", None, "the connection was lost", "Check the network"),
    "close_at_once": ("connection", None, "the connection was lost", "Check the network"),
    "stalled": ("timeout", None, "no response within 1 s", "raise timeout"),
}


@pytest.mark.parametrize("fault", RESPONSES)
@pytest.mark.usefixtures("no_garbage_collection")
def test_fault_has_its_message(start, fault):
    kind, status, problem, advice = RESPONSES[fault]
    server = start("4.8", fault)
    failure = failure_of(server, timeout=1)
    assert (failure.kind, failure.status, failure.method, failure.url) == (kind, status, "GET", server.url + LIST)
    assert f"GET {server.url}{LIST} " in str(failure)
    assert problem in str(failure)
    assert advice in str(failure)


def test_unknown_token(start):
    failure = failure_of(start(), api_token="unknown-token")
    assert (failure.kind, failure.status) == ("authentication", 401)
    assert "401: Invalid token. Check api_token" in str(failure)


def test_user_without_permission(start):
    server = start()
    failure = failure_of(server, api_token=server.forbidden_token)
    assert (failure.kind, failure.status) == ("permission", 403)
    assert "403: " in str(failure) and "lacks a permission" in str(failure)


@pytest.mark.parametrize("kind", ["alm", "analysis"])
@pytest.mark.parametrize("options", [{}, {"connection_id": 1}])
def test_server_is_not_sd_elements(start, kind, options):
    server = start()
    with pytest.raises(SDElementsError, match=r"There is no SD Elements API at .*/elsewhere/api/v2/") as raised:
        gather(server, kind, url=f"{server.url}/elsewhere", **options)
    assert (raised.value.kind, raised.value.status) == ("not_an_api", 404)


def test_token_in_error_body_is_masked(start):
    failure = failure_of(start("4.8", "echo_token"))
    assert failure.kind == "bad_request"
    assert _http.MASK in str(failure)


@pytest.mark.parametrize("escaped", ["0123456789\\u0061bcdef", "0123456789abcdef", "\\u003012345678\\u0039abcdef"])
def test_token_in_facts_is_masked(escaped):
    """Also where it is escaped, and as a key."""
    record = f'{{"id": 1, "alias": "{escaped}", "frequency": "daily", "system": "JIRA", "params": {{"{escaped}": 1}}}}'
    with canned_server(f'{{"results": [{record}]}}'.encode()) as server:
        found = connections(server)[0]
    assert (found["alias"], found["params"]) == (_http.MASK, {_http.MASK: 1})


@pytest.mark.parametrize(
    "location", ["http://[bad/", "https://[v1.aaaa]/", "//", "https://sso.example.com:99999999/?ticket=hunter2"]
)
def test_invalid_redirect(location):
    with canned_server(b"", 302, Location=location) as server:
        failure = failure_of(server)
    assert failure.kind == "redirect" and "hunter2" not in str(failure)


@pytest.mark.parametrize(
    "url, target, address",
    [
        ("http://sde.example.com/api/", "https://sde.example.com/api/", "https://sde.example.com"),
        ("https://sde.example.com/api/", "https://sde.example.com/login", None),
        ("http://sde.example.com/api/", "https://sso.example.com/api/", None),
        ("https://sde.example.com/api/", "http://sde.example.com/api/", None),
    ],
)
def test_redirect_advice(url, target, address):
    expected = f"Set url to {address}." if address else "Set url to the address of SD Elements itself"
    assert _http_errors._redirect_advice(url, target).startswith(expected)


def test_long_error_body_is_read_in_part():
    with canned_server(json.dumps({"detail": "x" * 100_000}).encode(), 500) as server:
        failure = failure_of(server, retries=0)
    assert failure.kind == "server_error" and "xxx" not in str(failure)


def test_short_token_in_facts_is_masked():
    """A token of the shortest length that no text has by chance."""
    record = b'{"id": 1, "alias": "by abcdefgh", "frequency": "daily", "system": "JIRA"}'
    with canned_server(b'{"results": [' + record + b"]}") as server:
        assert connections(server, api_token="abcdefgh")[0]["alias"] == f"by {_http.MASK}"
        assert connections(server, api_token="abcdefg")[0]["alias"] == "by abcdefgh"


def test_longest_retry_after_is_honoured(start, monkeypatch):
    monkeypatch.setattr(_http, "MAX_RETRY_AFTER", 1)
    server = start("4.8", "throttled_429_seconds:1")
    assert connections(server, retries=1)
    assert len(server.requests) == 2


def test_shared_backoff_is_never_shortened():
    backoff = _http._SharedBackoff()
    backoff.extend(60)
    end = backoff._until
    backoff.extend(0)
    assert backoff._until == end


def test_backoff_time_is_random_and_limited():
    retry = _http._CappedRetry(backoff=_http._SharedBackoff(), total=9, backoff_factor=1000)
    for _failure in range(2):
        retry = retry.increment("GET", "/", error=ProtocolError("broken off"))
    times = [retry.get_backoff_time() for _draw in range(50)]
    longest = super(_http._CappedRetry, retry).get_backoff_time()
    assert longest / 2 <= min(times) < max(times) <= longest


@pytest.mark.parametrize("wait", ["soon", "1.5", "-5", "", "9" * 5000, "Fri, 31 Dec 99999999999 23:59:59 GMT"])
def test_invalid_retry_after(wait):
    with canned_server(b'{"detail": "Slow down."}', 429, **{"Retry-After": wait}) as server:
        failure = failure_of(server, retries=1)
    assert failure.kind == "rate_limited"
    assert "429: Slow down" in str(failure)


def test_cookies_are_not_kept():
    page = json.dumps({"next": "https://h/api/v2/connections/alm/?cursor=2", "results": []}).encode()
    with canned_server(page, **{"Set-Cookie": "session=abc; Path=/"}) as server:
        failure_of(server)
    assert len(server.headers) > 1
    assert not any("Cookie" in headers for headers in server.headers)


def test_too_many_json_values():
    """A list of two million empty objects takes little of the network and much memory."""
    with canned_server(b'{"results": [' + b"{}," * 2_000_000 + b"{}]}") as server:
        assert failure_of(server).kind == "too_large"


def test_too_many_json_values_in_all_responses(start, monkeypatch):
    monkeypatch.setattr(_http, "MAX_TASK_PARTS", 500)
    server = start("newest")
    assert gather(server, connection_id=1).facts["count"] == 1
    assert failure_of(server, page_size=5).kind == "too_large"


def test_unexpected_success_status():
    with canned_server(b'{"results": []}', 206) as server:
        failure = failure_of(server)
    assert failure.kind == "unexpected_status" and "the unexpected status 206" in str(failure)


def test_connection_refused():
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    failure = failure_of(nowhere(f"http://127.0.0.1:{port}"))
    assert failure.kind == "refused"
    assert "the server refused the connection. Check the host and port" in str(failure)


def test_unknown_host_name():
    failure = failure_of(nowhere("https://sde.invalid"))
    assert failure.kind == "dns"
    assert "the server's name cannot be resolved. Check url" in str(failure)


def test_tls_with_the_ca(start):
    server = start(tls=True)
    assert connections(server, ca_path=server.ca_path)


def test_tls_without_verification(start):
    server = start(tls=True)
    assert connections(server, validate_certs=False)


def test_ca_path_overrides_environment(start, monkeypatch, tmp_path):
    """Requests lets REQUESTS_CA_BUNDLE win over a session's own values."""
    server = start(tls=True, host="localhost")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    assert connections(server, ca_path=server.ca_path)
    assert connections(server, validate_certs=False)


def test_https_to_plain_http_port(start):
    server = start()
    failure = failure_of(server, url=server.url.replace("http:", "https:"))
    assert failure.kind == "tls"
    assert "Check that the port in url uses TLS" in str(failure)


def test_client_certificate(start, tmp_path):
    """The demo server does not ask for one; a wrong one is noticed before any request."""
    server = start(tls=True)
    both = tmp_path / "both.pem"
    trustme.CA().issue_cert("client.example.com").private_key_and_cert_chain_pem.write_to_path(str(both))
    assert connections(server, ca_path=server.ca_path, client_cert=str(both))


@pytest.mark.parametrize("fault", ["slow_drip", "drip_headers"])
def test_deadline_ends_slow_response(start, fault):
    """A server that sends a byte now and then, without end, never runs into a time-out, but into the deadline."""
    failure = failure_of(start("4.8", fault), timeout=5, deadline=1)
    assert failure.kind == "timeout"
    assert "exceeded the deadline of 1 s" in str(failure)


@pytest.mark.parametrize(
    "fault", ["html_503", "status_502", "status_504", "throttled_429", "reset", "close_at_once", "truncated", "stalled"]
)
def test_retry_after_temporary_failure(start, fault):
    server = start("4.8", f"{fault}:2")
    assert len(connections(server, retries=2, timeout=1)) == len(server.records("alm"))
    assert len(server.requests) == 3


@pytest.mark.parametrize("fault", ["html_503", "reset", "truncated"])
def test_retries_are_limited(start, fault):
    server = start("4.8", fault)
    failure_of(server, retries=2)
    assert len(server.requests) == 3


@pytest.mark.parametrize("fault", ["status_500", "bad_request", "html_200", "redirect_login", "broken_json"])
def test_permanent_failure_is_not_retried(start, fault):
    server = start("4.8", fault)
    failure_of(server, retries=2)
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", ["throttled_429_seconds:1", "throttled_429_date:1"])
def test_retry_after_is_honoured(start, fault):
    server = start("4.8", fault)
    before = time.monotonic()
    assert connections(server, retries=1)
    assert time.monotonic() - before > 0.5


def test_long_retry_after_is_a_failure(start):
    server = start("4.8", "throttled_429_long")
    failure_of(server, retries=3)
    assert len(server.requests) == 1


def test_throttled_by_framework(start):
    server = start("4.8", "throttled:2", paging="capped")
    failure = failure_of(server, retries=0, page_size=1)
    assert (failure.kind, failure.status) == ("rate_limited", 429)


def test_request_headers(start):
    server = start()
    connections(server)
    sent = server.requests[0].headers
    assert sent["Authorization"] == f"Token {server.token}"
    assert sent["Accept"] == "application/json"


def test_netrc_is_not_read(start, monkeypatch, tmp_path):
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine localhost login someone password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server = start(host="localhost")
    assert connections(server)
    assert server.requests[0].headers["Authorization"] == f"Token {server.token}"


def test_loopback_is_not_reached_through_a_proxy(start, monkeypatch):
    server = start()
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    assert connections(server)


def test_proxy_of_the_environment(start, monkeypatch):
    server = start()
    with forward_proxy(server) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert connections(server, url="http://sde.example.com", allow_http=True)
        assert proxy.asked == ["http://sde.example.com/api/v2/connections/alm/"]


def test_unchanged_response_is_decoded_once(start):
    server = start()
    client = _http.Client(parse_server(validated(url=server.url, api_token=server.token)))
    first, again, other = (client.get("connections/alm/", {"page_size": size}) for size in (10, 10, 5))
    assert first is again
    assert len(other["results"]) == 5
