# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that respond in place of the API. Each gets the request and returns a CannedResponse, or None."""

from __future__ import annotations

import gzip
import json
import math
import struct
import time
import zlib
from collections.abc import Iterator
from email.utils import formatdate

from ..exchange import CannedResponse, ReceivedRequest
from .registry import RESPONSES, fault

MIB = 1024 * 1024
HUGE_BYTES = 2048 * MIB
HUGE_SECONDS = 30
BOMB_BLOCK = 16 * MIB
BOMB_BLOCKS = 70
DEPTH = 100_000

_NGINX_PAGE = """<html>
<head><title>{title}</title></head>
<body>
<center><h1>{title}</h1></center>
<hr><center>nginx</center>
</body>
</html>
"""
_LOGIN_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><title>Sign in - Example Single Sign-On</title></head>
<body>
<form method="post" action="https://sso.example.com/login">
<label>Username <input name="username"></label>
<label>Password <input name="password" type="password"></label>
<button>Sign in</button>
</form>
</body>
</html>
"""
_ERROR_PAGE = """<!doctype html>
<html lang="en">
<head><title>Server Error (500)</title></head>
<body>
<h1>Server Error (500)</h1><p></p>
</body>
</html>
"""


def _html(status: int, page: str, **headers: str) -> CannedResponse:
    return CannedResponse(status, page.encode(), "text/html", headers)


def _nginx(status: int, title: str) -> CannedResponse:
    return _html(status, _NGINX_PAGE.format(title=f"{status} {title}"))


def _json(status: int, data, headers: dict[str, str] | None = None) -> CannedResponse:
    return CannedResponse(status, json.dumps(data).encode(), headers=headers or {})


def _gzipped(body: bytes | Iterator[bytes], encoding: str) -> CannedResponse:
    return CannedResponse(200, body, headers={"Content-Encoding": encoding})


@fault(RESPONSES)
def html_503(_received: ReceivedRequest) -> CannedResponse:
    """The maintenance page of the proxy."""
    return _nginx(503, "Service Temporarily Unavailable")


@fault(RESPONSES)
def html_200(_received: ReceivedRequest) -> CannedResponse:
    """The login page of a single sign-on, with 200."""
    return _html(200, _LOGIN_PAGE)


@fault(RESPONSES)
def redirect_login(_received: ReceivedRequest) -> CannedResponse:
    """A redirect to the login page of a single sign-on on another host."""
    return _html(302, "", Location="https://sso.example.com/login")


@fault(RESPONSES)
def redirect_https(received: ReceivedRequest) -> CannedResponse:
    """The proxy sends plain http to https."""
    mark = "?" if received.query else ""
    location = f"https://{received.header('Host')}{received.path}{mark}{received.query}"
    return _html(301, _NGINX_PAGE.format(title="301 Moved Permanently"), Location=location)


@fault(RESPONSES)
def status_500(_received: ReceivedRequest) -> CannedResponse:
    """Django's page for a bug in the server."""
    return _html(500, _ERROR_PAGE)


@fault(RESPONSES)
def status_502(_received: ReceivedRequest) -> CannedResponse:
    """The proxy finds no backend."""
    return _nginx(502, "Bad Gateway")


@fault(RESPONSES)
def status_504(_received: ReceivedRequest) -> CannedResponse:
    """The proxy waited too long for the backend."""
    return _nginx(504, "Gateway Time-out")


@fault(RESPONSES)
def firewall_403(_received: ReceivedRequest) -> CannedResponse:
    """A web application firewall refuses the request by a page of its own."""
    return _html(403, _NGINX_PAGE.format(title="403 Forbidden"))


@fault(RESPONSES)
def login_401(_received: ReceivedRequest) -> CannedResponse:
    """A gateway wants its own login first."""
    return _html(401, "", **{"WWW-Authenticate": "Negotiate"})


@fault(RESPONSES)
def throttled_429(_received: ReceivedRequest) -> CannedResponse:
    """Too many requests; no word on when to come back."""
    return _throttled()


@fault(RESPONSES)
def throttled_429_seconds(_received: ReceivedRequest) -> CannedResponse:
    """Too many requests; come back in a second."""
    return _throttled("1")


@fault(RESPONSES)
def throttled_429_date(_received: ReceivedRequest) -> CannedResponse:
    """Too many requests; come back at a time about a second ahead."""
    return _throttled(formatdate(math.ceil(time.time() + 1), usegmt=True))


@fault(RESPONSES)
def throttled_429_long(_received: ReceivedRequest) -> CannedResponse:
    """Too many requests; come back in an hour."""
    return _throttled("3600")


def _throttled(retry_after: str | None = None) -> CannedResponse:
    headers = {"Retry-After": retry_after} if retry_after else {}
    return _json(429, {"detail": "Request was throttled."}, headers)


@fault(RESPONSES)
def throttled(_received: ReceivedRequest) -> None:
    """The framework's real throttle (see `throttling`): N requests pass, 3 if none is said, then 429 for a while."""


@fault(RESPONSES)
def bad_request(_received: ReceivedRequest) -> CannedResponse:
    """400 with messages by field."""
    return _json(400, {"alias": ["This field may not be blank."], "page_size": ["A valid integer is required."]})


@fault(RESPONSES)
def bad_request_string(_received: ReceivedRequest) -> CannedResponse:
    """400, and the body is a bare JSON string."""
    return _json(400, "The request could not be processed.")


@fault(RESPONSES)
def echo_token(received: ReceivedRequest) -> CannedResponse:
    """400 with a message that repeats the Authorization header."""
    value = received.header("Authorization")
    return _json(400, {"detail": f"Header not understood: Authorization: {value}", "token": [f"Unknown: {value}"]})


@fault(RESPONSES)
def json_string(_received: ReceivedRequest) -> CannedResponse:
    """200, and the body is a bare JSON string."""
    return _json(200, "connections")


@fault(RESPONSES)
def broken_json(_received: ReceivedRequest) -> CannedResponse:
    """JSON that ends too early."""
    return CannedResponse(200, b'{"results": [{"id": 1, "alias": "Rally Integr')


@fault(RESPONSES)
def not_utf8(_received: ReceivedRequest) -> CannedResponse:
    """JSON in Latin-1."""
    return CannedResponse(200, '{"results": [{"id": 1, "alias": "Zürich"}]}'.encode("latin-1"))


@fault(RESPONSES)
def nan_json(_received: ReceivedRequest) -> CannedResponse:
    """NaN, which some JSON libraries write and JSON does not know."""
    return CannedResponse(200, b'{"results": [{"id": 1, "project": NaN}]}')


@fault(RESPONSES)
def empty_body(_received: ReceivedRequest) -> CannedResponse:
    """200 without a body."""
    return CannedResponse(200)


@fault(RESPONSES)
def xml_body(_received: ReceivedRequest) -> CannedResponse:
    """The API's other language."""
    page = '<?xml version="1.0" encoding="utf-8"?>\n<root><results><list-item><id>1</id></list-item></results></root>'
    return CannedResponse(200, page.encode(), "application/xml; charset=utf-8")


@fault(RESPONSES)
def deep_json(_received: ReceivedRequest) -> CannedResponse:
    """JSON nested so deeply that a recursive parser gives up."""
    return CannedResponse(200, b'{"results": ' + b"[" * DEPTH + b"]" * DEPTH + b"}")


@fault(RESPONSES)
def huge_body(_received: ReceivedRequest) -> CannedResponse:
    """A body that does not seem to end."""
    return CannedResponse(200, _endless())


def _endless() -> Iterator[bytes]:
    end = time.monotonic() + HUGE_SECONDS
    block = b" " * MIB
    yield b'{"results": ['
    for _number in range(HUGE_BYTES // MIB):
        if time.monotonic() > end:
            return
        yield block


@fault(RESPONSES)
def gzip_bomb(_received: ReceivedRequest) -> CannedResponse:
    """About 1 MiB on the wire, more than 1 GiB once unpacked: an empty list with very much blank space."""
    return _gzipped(_bomb(), "gzip")


def _bomb() -> Iterator[bytes]:
    """A gzip stream by hand: a full flush makes its blocks independent, so that one block can be sent many times."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    begin, blank, end = b'{"results": [', b" " * BOMB_BLOCK, b"]}"
    yield b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + packer.compress(begin) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(blank) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = zlib.crc32(begin)
    for _number in range(BOMB_BLOCKS):
        yield block
        checksum = zlib.crc32(blank, checksum)
    size = len(begin) + BOMB_BLOCKS * BOMB_BLOCK + len(end)
    yield packer.compress(end) + packer.flush() + struct.pack("<II", zlib.crc32(end, checksum), size % 2**32)


@fault(RESPONSES)
def double_gzip(_received: ReceivedRequest) -> CannedResponse:
    """Packed twice, and the header says so."""
    return _gzipped(gzip.compress(gzip.compress(b'{"results": []}')), "gzip, gzip")


@fault(RESPONSES)
def double_gzip_hidden(_received: ReceivedRequest) -> CannedResponse:
    """Packed twice, and the header says once: a proxy packed what was packed already."""
    return _gzipped(gzip.compress(gzip.compress(b'{"results": []}')), "gzip")


@fault(RESPONSES)
def page_vanishes(received: ReceivedRequest) -> CannedResponse | None:
    """The second page is gone when the client asks for it."""
    return _json(404, {"detail": "Invalid page."}) if received.query_value("page") == "2" else None
