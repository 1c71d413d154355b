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

SHORTEST_TOKEN = 8  # a shorter text may be in an answer by chance
_EXCERPT_CHARACTERS = 200


def _error(kind: str, url: str, problem: str, advice: str, status: int | None) -> SDElementsError:
    error = NotFoundError if status in (404, 410) else SDElementsError
    return error(kind, problem, advice, status=status, method="GET", url=url)


# ---------------------------------------------------------------------------------------------------------------
# An answer that is of no use


def answer_error(url: str, what: str, kind: str = "unexpected_shape") -> SDElementsError:
    """A 200 whose body is not what was asked for."""
    advice = "Check that url is the SD Elements server itself, not a login page or a proxy before it."
    return _error(kind, url, f"The answer to GET {url} {what}.", advice, 200)


def too_large_error(url: str, answer_bytes: int, task_bytes: int) -> SDElementsError:
    """An answer, or all answers of a task, beyond these bounds."""
    problem = (
        f"The answer to GET {url} is larger than {answer_bytes >> 20} MiB,"
        f" or all answers together than {task_bytes >> 20} MiB."
    )
    return _error("too_large", url, problem, "Set page_size, so that the server answers in parts.", 200)


def page_kind(text: str) -> str:
    """The name of a text in angle brackets."""
    return "an HTML page" if re.search(r"<(?:!doctype )?html", text[:1024], re.IGNORECASE) else "XML"


# ---------------------------------------------------------------------------------------------------------------
# An answer with another status than 200


def status_error(url: str, response: Any, body: bytes, token: str, longest_wait: int) -> SDElementsError:
    """An answer with an error, a redirect, or a status that no GET of the API has."""
    status = response.status_code
    kind, advice = _explain_status(status, longest_wait)
    if status < 300:
        return _error(kind, url, f"GET {url} was answered with the unexpected status {status}.", advice, status)
    text = body.decode("utf-8", "replace").strip()
    gateway = _sign_of_a_gateway(response.headers, text) if status in (401, 403) else ""
    if response.is_redirect:
        target = _redirect_target(url, response.headers["Location"])
        kind, advice = "redirect", _redirect_advice(url, target)
        what = f"a redirect to {_excerpt(target, token)}, which is not followed"
    elif status == 407:
        what = _PROXY_LOGIN
    elif gateway:
        kind, advice = "gateway", _GATEWAY_ADVICE
        what = _excerpt(gateway, token)
    else:
        what = _detail(text, token).rstrip(".")
    wait = response.headers.get("Retry-After")
    if wait and status in (429, 503):
        what = f"{what}{what and '; '}the server asks to wait ({_excerpt(wait, token)})"
    return _error(kind, url, f"GET {url} was answered with {status}{what and ': '}{what}.", advice, status)


def _explain_status(status: int, longest_wait: int) -> tuple[str, str]:
    """The kind of failure that a status means, and what to do."""
    if status in (404, 410):
        return "not_found", "Check url: the API lies at /api/v2/ below it."
    if status == 429:
        return (
            "rate_limited",
            f"Run fewer tasks at once, or raise retries. A wait of over {longest_wait} s is not waited for.",
        )
    if status >= 500:
        return (
            "server_error",
            "The server is down, overloaded or in maintenance. Try again later, or tell its administrator.",
        )
    return _STATUS.get(status, ("unexpected_status", "Check url, and the proxies between this host and the server."))


_PROXY_ADVICE = "Check HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY in the task's environment."
_PROXY_TLS_ADVICE = f"Begin the proxy's address with http:// instead of https://. {_PROXY_ADVICE}"
_PROXY_LOGIN = "the proxy asks for a user and a password"
_PROXY_LOGIN_ADVICE = f"Put them into the proxy's address: http://user:password@host:port. {_PROXY_ADVICE}"

_STATUS = {
    400: ("bad_request", "The server does not accept the query. Check the options of the task."),
    401: (
        "authentication",
        "Check api_token (or SDE_API_KEY): it must be a token of this server, without 'Token' before it.",
    ),
    403: ("permission", "The token's user lacks a permission. Ask an SD Elements administrator for it."),
    407: ("proxy", _PROXY_LOGIN_ADVICE),
}

_GATEWAY_ADVICE = (
    "A gateway or firewall between this host and SD Elements refused the request; the token is not the cause. "
    "Ask its administrator to let requests of this host to /api/v2/ pass."
)
# SD Elements asks for a token; where its Django REST framework knows passwords as well, for one of this realm.
_OWN_CHALLENGE = re.compile(r'(?:^|,)\s*(?:token\b(?!\s*=)|basic realm="api")', re.IGNORECASE)


def _sign_of_a_gateway(headers: Any, text: str) -> str:
    """The sign that a gateway refused a request, and not SD Elements, which answers in JSON; empty without one."""
    challenge = headers.get("WWW-Authenticate", "").strip()
    what = ""
    if text[:1] == "<":
        what = f"{page_kind(text)} instead of JSON"
    elif challenge and not _OWN_CHALLENGE.search(challenge):
        what = f"it asks for a login by {re.split('[ ,]', challenge)[0]} instead of a token"
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
    """Where a redirect leads, without its query."""
    location = location.partition("?")[0]
    try:
        target = urljoin(url, location)
        urlsplit(target)
        return target
    except ValueError:
        return "an address that is not valid"


def _redirect_advice(url: str, target: str) -> str:
    here, there = urlsplit(url), urlsplit(target)
    if here.hostname == there.hostname and there.scheme == "https" and here.scheme == "http":
        return f"Set url to https://{there.netloc}."
    return "Set url to the address of the SD Elements server itself; a login page in between is not an API."


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
# No answer


def deadline_error(url: str, seconds: int) -> SDElementsError:
    """The time of the whole task is over."""
    problem = f"GET {url} did not end before the deadline of {seconds} s for the whole task."
    advice = "Raise deadline, or set page_size so that the server answers in smaller parts."
    return _error("timeout", url, problem, advice, None)


def masking_deadline_error(url: str, seconds: int) -> SDElementsError:
    """The time of the whole task is over while credentials are searched for in what came."""
    problem = f"The search for credentials in the answer to GET {url} did not end before the deadline of {seconds} s."
    advice = "Raise deadline, or find out which record holds so much text."
    return _error("timeout", url, problem, advice, None)


def transport_error(url: str, exc: Exception, server: Server) -> SDElementsError:
    """A request that got no answer."""
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
    """Kind, problem and advice for a request that got no answer."""
    if _first(causes, requests.exceptions.ProxyError):
        return "proxy", *_explain_proxy(causes)
    if tls := _first(causes, ssl.SSLError) or _first(causes, urllib3.exceptions.SSLError):
        return "tls", *_explain_tls(tls, server)
    # The URL itself was checked before, so what is not valid is that of the proxy.
    if isinstance(exc, (ValueError, OverflowError)) and not _first(causes, UnicodeError):
        return "proxy", *_explain_proxy_address(exc, causes)
    # So requests, and not the operating system, says that it has no such file.
    if isinstance(exc, OSError) and not isinstance(exc, requests.RequestException) and exc.errno is None:
        return (
            "tls",
            "the CA bundle that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names is not there",
            "Correct or unset it.",
        )
    if _first(causes, socket.gaierror, UnicodeError):
        return (
            "dns",
            "the server's name cannot be resolved",
            "Check url, and the name service of the host that runs the task.",
        )
    if _first(causes, ConnectionRefusedError):
        return "refused", "the server refused the connection", "Check host and port in url, and that the server runs."
    if _first(causes, requests.exceptions.Timeout, urllib3.exceptions.ReadTimeoutError):
        return (
            "timeout",
            f"no answer within {server.timeout} s",
            "Raise timeout, or check firewalls between this host and the server.",
        )
    return (
        "connection",
        f"the connection broke off ({type(causes[-1]).__name__})",
        "Check the network, and the proxies and load balancers of the server.",
    )


def _explain_proxy_address(exc: Exception, causes: list[BaseException]) -> tuple[str, str]:
    """Problem and advice for a proxy to which no connection was tried, without its address: it may hold a password."""
    if isinstance(exc, requests.exceptions.InvalidSchema):
        install = f"Run: {sys.executable} -m pip install PySocks."
        advice = f"{install} Or use another proxy: check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY."
        return "the proxy's address begins with socks, and the Python library PySocks is missing", advice
    if _first(causes, requests.exceptions.InvalidProxyURL, urllib3.exceptions.ProxySchemeUnknown):
        return "the proxy's address lacks http:// or a host name", _PROXY_ADDRESS_ADVICE
    return "the proxy's address has a host or a port that is not valid", _PROXY_ADDRESS_ADVICE


_PROXY_ADDRESS_ADVICE = (
    "Write it as http://host:port, or http://user:password@host:port with special characters percent-encoded. "
    + _PROXY_ADVICE
)


def _explain_proxy(causes: list[BaseException]) -> tuple[str, str]:
    """Problem and advice for a proxy that made no connection to the server."""
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
        return "the proxy does not speak TLS", _PROXY_TLS_ADVICE
    if _first(causes, socket.gaierror):
        return "the proxy's name cannot be resolved", _PROXY_ADVICE
    if _first(causes, ConnectionRefusedError):
        return "the proxy refused the connection", _PROXY_ADVICE
    return "the proxy made no connection", _PROXY_ADVICE


def _explain_tls(tls: Any, server: Server) -> tuple[str, str]:
    """Problem and advice for a connection that TLS forbids."""
    if isinstance(tls, ssl.SSLCertVerificationError):
        return _explain_certificate(tls.verify_code, tls.verify_message.rstrip("."), server)
    # Before its release 2, urllib3 compares the names itself.
    if not isinstance(tls, ssl.SSLError):
        return _explain_certificate(_HOSTNAME_MISMATCH, "host name mismatch", server)
    # The files that options name were checked before.
    if tls.library == "X509":
        return (
            "the CA bundle that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names holds no certificate",
            "Correct or unset it.",
        )
    reason = (tls.reason or "no reason given").replace("_", " ").lower()
    return f"no TLS connection ({reason})", _TLS_ADVICE


_TLS_ADVICE = (
    "Check that the port in url speaks TLS, and that ca_path, client_cert and client_key hold what the server needs."
)


def _explain_certificate(code: int, reason: str, server: Server) -> tuple[str, str]:
    """Problem and advice for a certificate that OpenSSL refuses, by the code of its refusal (``X509_V_ERR_...``)."""
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
        advice = "The administrator of that CA has to renew it; ca_path then needs the new one."
        return "the CA's certificate in ca_path has expired", advice
    if expired == {False}:
        return (
            "the server's certificate, or an intermediate one, has expired",
            "The server's administrator has to renew it.",
        )
    return (
        "the certificate of the server, or of a CA above it, has expired",
        "The administrator of the server, or of that CA, has to renew it.",
    )


# A certificate that is not among the trusted ones.
_MISSING = {
    2: "{bundle} holds the certificate of an intermediate CA, and not that of the root CA above it",
    18: "the server's certificate is self-signed, and not in {bundle}",
    19: "the root CA of the server's certificate is not in {bundle}",
    20: "the CA that issued the server's certificate is not in {bundle}",
    21: "the CA that issued the server's certificate is not in {bundle}",
}
_HAS_EXPIRED, _HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH = 10, 62, 64
_OTHER_NAME = (
    "the server's certificate is for another name than the one in url",
    (
        "Use a name in url that the certificate has, or ask the server's administrator to renew it with this name"
        " (as a Subject Alternative Name)."
    ),
)
_NO_CA = (
    "a certificate above the server's is not that of a CA",
    "The administrator of that CA has to renew it, with the Basic Constraints CA:TRUE.",
)
_CA_BREAKS_RULE = (
    "the certificate of a CA above the server's breaks a rule that Python checks from 3.13 on",
    "The administrator of that CA has to renew it; ca_path then needs the new one. Python 3.12 does not check this.",
)
_BREAKS_RULE = (
    "the server's certificate, or an intermediate one, breaks a rule that Python checks from 3.13 on",
    "The server's administrator has to renew it; ca_path is not the cause. Python 3.12 does not check this.",
)
_UNKNOWN = ("the server's certificate is not trusted", "Ask the server's administrator to check its certificate.")
# A certificate that is wrong in itself. 24 is what older releases of OpenSSL say for 79.
_REFUSED = {
    9: (
        "the certificate of the server, or of a CA above it, is not valid yet",
        "Check the clock of the host that runs the task. If it is right, the server's administrator has to renew it.",
    ),
    24: _NO_CA,
    26: (
        "the server's certificate is not made for a server",
        "The server's administrator has to renew it, with the Extended Key Usage serverAuth.",
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
    """Where the CAs are, by one of which the server's certificate should be signed."""
    if isinstance(server.verify, str):
        return "ca_path"
    # As for proxies, requests does not look into the environment for a loopback address.
    names = () if server.on_loopback else ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    return next((name for name in names if os.environ.get(name)), "the CA bundle of the Python library requests")


def _missing_advice(code: int, server: Server) -> str:
    if isinstance(server.verify, str):
        advice = "Add the missing certificate (PEM) to ca_path."
    else:
        advice = "Set ca_path to a file with the missing certificate (PEM)."
        if name := next((name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)), None):
            advice = f"{name} is set, and the Python library requests does not read it: set ca_path to the same path."
    if code in (20, 21):
        advice += " If the root CA is in it already, the server has to send its intermediate certificate as well."
    return advice
