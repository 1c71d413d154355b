# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the wording of failed requests: kind, message and advice for each."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from ._errors import NotFoundError, SDElementsError
from ._redact import (
    TooComplexError,
    redact,
    scrub_text,
)
from ._requests import requests, urllib3
from ._server import Server

SHORTEST_TOKEN = 8  # a shorter text may be in a response by chance
_EXCERPT_CHARACTERS = 200


def _error(kind: str, url: str, problem: str, advice: str, status: int | None) -> SDElementsError:
    error = NotFoundError if status in (404, 410) else SDElementsError
    return error(kind, problem, advice, status=status, method="GET", url=url)


# ---------------------------------------------------------------------------------------------------------------
# Unusable responses


def answer_error(url: str, what: str, kind: str = "unexpected_shape") -> SDElementsError:
    """The error of a 200 whose body is not the requested list or record."""
    advice = "Check that url is the address of SD Elements itself, not of a login page or a proxy."
    return _error(kind, url, f"The response to GET {url} {what}.", advice, 200)


def too_large_error(url: str, answer_bytes: int, task_bytes: int) -> SDElementsError:
    """The error of a response, or of all responses of a task, that exceed these bounds."""
    problem = (
        f"The response to GET {url} exceeds {answer_bytes >> 20} MiB,"
        f" or all responses of the task exceed {task_bytes >> 20} MiB."
    )
    return _error("too_large", url, problem, "Set page_size for smaller responses.", 200)


def page_kind(text: str) -> str:
    """The kind of a text that begins with an angle bracket."""
    return "an HTML page" if re.search(r"<(?:!doctype )?html", text[:1024], re.IGNORECASE) else "XML"


# ---------------------------------------------------------------------------------------------------------------
# Responses with another status than 200


def status_error(url: str, response: Any, body: bytes, token: str, longest_wait: int) -> SDElementsError:
    """The error of a response with any status but 200."""
    status = response.status_code
    kind, advice = _explain_status(status, longest_wait)
    if status < 300:
        return _error(kind, url, f"GET {url} returned the unexpected status {status}.", advice, status)
    text = body.decode("utf-8", "replace").strip()
    gateway = _sign_of_a_gateway(response.headers, text) if status in (401, 403) else ""
    if response.is_redirect:
        target = _redirect_target(url, response.headers["Location"])
        kind, advice = "redirect", _redirect_advice(url, target)
        what = f"a redirect to {_excerpt(target, token)}, which the task does not follow"
    elif status == 407:
        what = _PROXY_LOGIN
    elif gateway:
        kind, advice = "gateway", _GATEWAY_ADVICE
        what = _excerpt(gateway, token)
    else:
        what = _detail(text, token).rstrip(".")
    wait = response.headers.get("Retry-After")
    if wait and status in (429, 503):
        what = f"{what}{what and '; '}Retry-After: {_excerpt(wait, token)}"
    return _error(kind, url, f"GET {url} returned {status}{what and ': '}{what}.", advice, status)


def _explain_status(status: int, longest_wait: int) -> tuple[str, str]:
    """The kind of failure and the advice for a status."""
    if status in (404, 410):
        return "not_found", "Check url: the API is at /api/v2/ below it."
    if status == 429:
        return (
            "rate_limited",
            f"Run fewer tasks in parallel, or raise retries. The task does not wait longer than {longest_wait} s.",
        )
    if status >= 500:
        return (
            "server_error",
            "The server is down, overloaded or in maintenance. Try again later, or ask its administrator.",
        )
    return _STATUS.get(status, ("unexpected_status", "Check url, and the proxies between this host and the server."))


_PROXY_ADVICE = "Check HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY in the task's environment."
_PROXY_TLS_ADVICE = f"Begin the proxy's address with http:// instead of https://. {_PROXY_ADVICE}"
_PROXY_LOGIN = "the proxy requires a user name and a password"
_PROXY_LOGIN_ADVICE = f"Add them to the proxy's address: http://user:password@host:port. {_PROXY_ADVICE}"

_STATUS = {
    400: ("bad_request", "The server rejected the query. Check the options of the task."),
    401: (
        "authentication",
        "Check api_token (SDE_API_KEY, sde_api_token): it must be a token of this server, without 'Token' in front.",
    ),
    403: ("permission", "The token's user lacks a permission. Ask an SD Elements administrator for it."),
    407: ("proxy", _PROXY_LOGIN_ADVICE),
}

_GATEWAY_ADVICE = (
    "A gateway or firewall between this host and SD Elements rejected the request; the token is not the cause. "
    "Ask its administrator to allow requests from this host to /api/v2/."
)
# SD Elements asks for a token, or for a password in this realm if Basic authentication is on.
_OWN_CHALLENGE = re.compile(r'(?:^|,)\s*(?:token\b(?!\s*=)|basic realm="api")', re.IGNORECASE)


def _sign_of_a_gateway(headers: Any, text: str) -> str:
    """The sign that a gateway rejected a request, and not SD Elements, which responds in JSON; empty without one."""
    challenge = headers.get("WWW-Authenticate", "").strip()
    what = ""
    if text[:1] == "<":
        what = f"{page_kind(text)} instead of JSON"
    elif challenge and not _OWN_CHALLENGE.search(challenge):
        what = f"it requires {re.split('[ ,]', challenge)[0]} authentication instead of a token"
    elif text and not _is_json(text):
        what = "plain text instead of JSON"
    return what


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _redirect_target(url: str, location: str) -> str:
    """The target of a redirect, without its query."""
    location = location.partition("?")[0]
    try:
        target = urljoin(url, location)
        urlsplit(target)
        return target
    except ValueError:
        return "an invalid address"


def _redirect_advice(url: str, target: str) -> str:
    here, there = urlsplit(url), urlsplit(target)
    if here.hostname == there.hostname and there.scheme == "https" and here.scheme == "http":
        return f"Set url to https://{there.netloc}."
    return "Set url to the address of SD Elements itself, not of a login page."


def _detail(text: str, token: str) -> str:
    """The messages of an error's body, as a short redacted excerpt."""
    if text[:1] == "<":
        return page_kind(text)
    try:
        value = redact(json.loads(text))[0]
    except (ValueError, RecursionError, TooComplexError):
        return ""
    return _excerpt("; ".join(_messages(value)), token)


def _messages(value: Any) -> Iterator[str]:
    """The messages in an error body of Django REST framework: ``detail``, a list for each field, or a bare text."""
    if isinstance(value, dict):
        for field, item in value.items():
            for message in _messages(item):
                yield message if field in ("detail", "non_field_errors") else f"{field}: {message}"
    elif isinstance(value, list):
        for item in value:
            yield from _messages(item)
    else:
        yield str(value)


def _excerpt(text: str, token: str) -> str:
    text = scrub_text(text, known={token} if len(token) >= SHORTEST_TOKEN else ())
    text = "".join(character if character.isprintable() else " " for character in text)
    text = " ".join(text.split())
    return text if len(text) <= _EXCERPT_CHARACTERS else f"{text[:_EXCERPT_CHARACTERS]}…"


# ---------------------------------------------------------------------------------------------------------------
# No response


def deadline_error(url: str, seconds: int) -> SDElementsError:
    """The error of a task that exceeds its deadline."""
    problem = f"GET {url} exceeded the deadline of {seconds} s for the whole task."
    advice = "Raise deadline, or set page_size for smaller responses."
    return _error("timeout", url, problem, advice, None)


def masking_deadline_error(url: str, seconds: int) -> SDElementsError:
    """The error of a task that exceeds its deadline while it masks credentials."""
    problem = f"Masking the response to GET {url} exceeded the deadline of {seconds} s."
    advice = "Raise deadline, or shorten the long texts of the records in SD Elements."
    return _error("timeout", url, problem, advice, None)


def transport_error(url: str, exc: Exception, server: Server) -> SDElementsError:
    """The error of a request without a response."""
    kind, what, advice = _explain_transport(exc, _causes(exc), server)
    return _error(kind, url, f"GET {url} failed: {what}.", advice, None)


def _causes(exc: BaseException) -> list[BaseException]:
    """An exception with all that it wraps: requests and urllib3 keep the reason in several places."""
    pending: list[Any] = [exc]
    causes: list[BaseException] = []
    while pending:
        cause = pending.pop()
        if isinstance(cause, BaseException) and not any(cause is known for known in causes):
            causes.append(cause)
            pending += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
    return causes


def _first(causes: list[BaseException], *kinds: type) -> Any:
    return next((cause for cause in causes if isinstance(cause, kinds)), None)


def _explain_transport(exc: Exception, causes: list[BaseException], server: Server) -> tuple[str, str, str]:
    """Kind, problem and advice for a request without a response."""
    if _first(causes, requests.exceptions.ProxyError):
        return "proxy", *_explain_proxy(causes)
    if tls := _first(causes, ssl.SSLError) or _first(causes, urllib3.exceptions.SSLError):
        return "tls", *_explain_tls(tls, server)
    # The server's URL was checked before, so the invalid one is the proxy's.
    if isinstance(exc, (ValueError, OverflowError)) and not _first(causes, UnicodeError):
        return "proxy", *_explain_proxy_address(exc, causes)
    # requests itself raises this if a CA bundle does not exist; errors of the operating system have a number.
    if isinstance(exc, OSError) and not isinstance(exc, requests.RequestException) and exc.errno is None:
        return (
            "tls",
            "the CA bundle of REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE does not exist",
            "Correct or unset the variable.",
        )
    if _first(causes, socket.gaierror, UnicodeError):
        return (
            "dns",
            "the server's name cannot be resolved",
            "Check url, and DNS on the host that runs the task.",
        )
    if _first(causes, ConnectionRefusedError):
        return (
            "refused",
            "the server refused the connection",
            "Check the host and port in url, and that the server is running.",
        )
    if _first(causes, requests.exceptions.Timeout, urllib3.exceptions.ReadTimeoutError):
        return (
            "timeout",
            f"no response within {server.timeout} s",
            "Check the firewalls between this host and the server, or raise timeout.",
        )
    return (
        "connection",
        f"the connection was lost ({type(causes[-1]).__name__})",
        "Check the network, and the proxies and load balancers of the server.",
    )


def _explain_proxy_address(exc: Exception, causes: list[BaseException]) -> tuple[str, str]:
    """Problem and advice for an invalid address of a proxy, which is not shown: it may contain a password."""
    if isinstance(exc, requests.exceptions.InvalidSchema):
        install = f"Run: {sys.executable} -m pip install PySocks."
        advice = f"{install} Or use an HTTP proxy: check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY."
        return "a SOCKS proxy requires the Python library PySocks", advice
    if _first(causes, requests.exceptions.InvalidProxyURL, urllib3.exceptions.ProxySchemeUnknown):
        return "the proxy's address lacks http:// or a host name", _PROXY_ADDRESS_ADVICE
    return "the proxy's address has an invalid host or port", _PROXY_ADDRESS_ADVICE


_PROXY_ADDRESS_ADVICE = (
    "Write it as http://host:port, or http://user:password@host:port with special characters percent-encoded. "
    + _PROXY_ADVICE
)


def _explain_proxy(causes: list[BaseException]) -> tuple[str, str]:
    """Problem and advice for a proxy that did not connect to the server."""
    # Python's http.client has the status in this text only.
    refusal = next(filter(None, (re.match(r"Tunnel connection failed: (\d+)", str(cause)) for cause in causes)), None)
    if refusal and refusal[1] == "407":
        return f"{_PROXY_LOGIN} (407)", _PROXY_LOGIN_ADVICE
    if refusal:
        return (
            f"the proxy refused to connect to the server ({refusal[1]})",
            f"Ask the proxy's administrator. {_PROXY_ADVICE}",
        )
    if tls := _first(causes, ssl.SSLCertVerificationError):
        return f"the proxy's certificate is not trusted ({tls.verify_message})", _PROXY_TLS_ADVICE
    if _first(causes, ssl.SSLError):
        return "the proxy does not use TLS", _PROXY_TLS_ADVICE
    if _first(causes, socket.gaierror):
        return "the proxy's name cannot be resolved", _PROXY_ADVICE
    if _first(causes, ConnectionRefusedError):
        return "the proxy refused the connection", _PROXY_ADVICE
    return "the proxy did not connect", _PROXY_ADVICE


def _explain_tls(tls: Any, server: Server) -> tuple[str, str]:
    """Problem and advice for a failed TLS connection."""
    if isinstance(tls, ssl.SSLCertVerificationError):
        return _explain_certificate(tls.verify_code, tls.verify_message.rstrip("."), server)
    # Before its release 2, urllib3 compares the names itself.
    if not isinstance(tls, ssl.SSLError):
        return _explain_certificate(_HOSTNAME_MISMATCH, "host name mismatch", server)
    # The files that options name were checked before.
    if tls.library == "X509":
        return (
            "the CA bundle of REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE does not contain a certificate",
            "Correct or unset the variable.",
        )
    reason = (tls.reason or "unknown reason").replace("_", " ").lower()
    return f"the TLS connection failed ({reason})", _TLS_ADVICE


_TLS_ADVICE = (
    "Check that the port in url uses TLS. If the server requires a client certificate, set client_cert and client_key."
)


def _explain_certificate(code: int, reason: str, server: Server) -> tuple[str, str]:
    """Problem and advice for a certificate that OpenSSL rejects, by the code of the error (``X509_V_ERR_...``)."""
    if code in _MISSING:
        return f"{_MISSING[code].format(bundle=_bundle(server))} ({reason})", _missing_advice(code, server)
    if code == _HAS_EXPIRED:
        what, advice = _explain_expired(server)
    else:
        what, advice = _REFUSED.get(code, _BREAKS_RULE if code in _RULES else _UNKNOWN)
    return f"{what} ({reason})", advice


def _explain_expired(server: Server) -> tuple[str, str]:
    """Problem and advice for a certificate that has expired; OpenSSL does not say which one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if isinstance(server.verify, str) and Path(server.verify).is_file():
        context.load_verify_locations(server.verify)
    expired = {ssl.cert_time_to_seconds(str(ca["notAfter"])) < time.time() for ca in context.get_ca_certs()}
    if expired == {True}:
        advice = "Ask the administrator of that CA to renew it, and replace it in ca_path."
        return "the CA's certificate in ca_path has expired", advice
    if expired == {False}:
        return (
            "the server's certificate, or an intermediate one, has expired",
            "Ask the server's administrator to renew it.",
        )
    return (
        "a certificate in the server's chain has expired",
        "Ask the administrator of the server, or of that CA, to renew it.",
    )


# A certificate that is not among the trusted ones.
_MISSING = {
    2: "{bundle} contains the certificate of an intermediate CA, but not of its root CA",
    18: "the server's certificate is self-signed and not in {bundle}",
    19: "the root CA of the server's certificate is not in {bundle}",
    20: "the CA that issued the server's certificate is not in {bundle}",
    21: "the CA that issued the server's certificate is not in {bundle}",
}
_HAS_EXPIRED, _HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH = 10, 62, 64
_OTHER_NAME = (
    "the server's certificate does not match the host name in url",
    (
        "Use a host name of the certificate in url, or ask the server's administrator for a certificate with this one"
        " (as a Subject Alternative Name)."
    ),
)
_NO_CA = (
    "a certificate in the server's chain is not a CA certificate",
    "Ask the administrator of that CA to renew it with the Basic Constraints CA:TRUE.",
)
_CA_BREAKS_RULE = (
    "a CA certificate in the server's chain violates a rule that Python enforces from 3.13 on",
    "Ask the administrator of that CA to renew it, and replace it in ca_path. Python 3.12 does not enforce the rule.",
)
_BREAKS_RULE = (
    "the server's certificate, or an intermediate one, violates a rule that Python enforces from 3.13 on",
    "Ask the server's administrator to renew it; ca_path is not the cause. Python 3.12 does not enforce the rule.",
)
_UNKNOWN = ("the server's certificate is not trusted", "Ask the server's administrator to check its certificate.")
# A certificate that is invalid. Older releases of OpenSSL report 24 for 79.
_REFUSED = {
    9: (
        "a certificate in the server's chain is not valid yet",
        "Check the clock of the host that runs the task. If it is right, ask the server's administrator.",
    ),
    24: _NO_CA,
    26: (
        "the server's certificate is not a server certificate",
        "Ask the server's administrator to renew it with the Extended Key Usage serverAuth.",
    ),
    _HOSTNAME_MISMATCH: _OTHER_NAME,
    _IP_ADDRESS_MISMATCH: _OTHER_NAME,
    79: _NO_CA,
    86: _CA_BREAKS_RULE,
    89: _CA_BREAKS_RULE,
    92: _CA_BREAKS_RULE,
}
# Rules that OpenSSL checks with VERIFY_X509_STRICT, which Python sets from 3.13 on.
_RULES = range(80, 95)


def _bundle(server: Server) -> str:
    """The place of the trusted CA certificates."""
    if isinstance(server.verify, str):
        return "ca_path"
    # As for proxies, requests ignores the environment for a loopback address.
    names = () if server.on_loopback else ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    return next((name for name in names if os.environ.get(name)), "the CA bundle of the Python library requests")


def _missing_advice(code: int, server: Server) -> str:
    if isinstance(server.verify, str):
        advice = "Add the missing certificate (PEM) to ca_path."
    else:
        advice = "Set ca_path to a file with the missing certificate (PEM)."
        if name := next((name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)), None):
            advice = f"{name} is set, but the Python library requests ignores it: set ca_path to the same path."
    if code in (20, 21):
        advice += (
            " If it already contains the root CA, ask the server's administrator to send the intermediate certificate."
        )
    return advice
