# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that answer in place of the API. Each gets the request and returns an Answer, or None to let it pass."""

from __future__ import annotations

import gzip
import json
import math
import struct
import time
import zlib
from collections.abc import Iterator
from email.utils import formatdate

from ..exchange import Answer, Received
from .registry import ANSWERS, fault

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


def _html(status: int, page: str, **headers: str) -> Answer:
    return Answer(status, page.encode(), "text/html", headers)


def _nginx(status: int, title: str) -> Answer:
    return _html(status, _NGINX_PAGE.format(title=f"{status} {title}"))


def _json(status: int, data, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps(data).encode(), headers=headers or {})


def _gzipped(body: bytes | Iterator[bytes], encoding: str) -> Answer:
    return Answer(200, body, headers={"Content-Encoding": encoding})


@fault(ANSWERS)
def html_503(_received: Received) -> Answer:
    """The maintenance page of the proxy."""
    return _nginx(503, "Service Temporarily Unavailable")


@fault(ANSWERS)
def html_200(_received: Received) -> Answer:
    """The login page of a single sign-on, with 200."""
    return _html(200, _LOGIN_PAGE)


@fault(ANSWERS)
def redirect_login(_received: Received) -> Answer:
    """A redirect to the login page of a single sign-on on another host."""
    return _html(302, "", Location="https://sso.example.com/login")


@fault(ANSWERS)
def redirect_https(received: Received) -> Answer:
    """The proxy sends plain http to https."""
    mark = "?" if received.query else ""
    location = f"https://{received.header('Host')}{received.path}{mark}{received.query}"
    return _html(301, _NGINX_PAGE.format(title="301 Moved Permanently"), Location=location)


@fault(ANSWERS)
def status_500(_received: Received) -> Answer:
    """Django's page for a bug in the server."""
    return _html(500, _ERROR_PAGE)


@fault(ANSWERS)
def status_502(_received: Received) -> Answer:
    """The proxy finds no backend."""
    return _nginx(502, "Bad Gateway")


@fault(ANSWERS)
def status_504(_received: Received) -> Answer:
    """The proxy waited too long for the backend."""
    return _nginx(504, "Gateway Time-out")


@fault(ANSWERS)
def firewall_403(_received: Received) -> Answer:
    """A web application firewall refuses the request by a page of its own."""
    return _html(403, _NGINX_PAGE.format(title="403 Forbidden"))


@fault(ANSWERS)
def login_401(_received: Received) -> Answer:
    """A gateway wants its own login first."""
    return _html(401, "", **{"WWW-Authenticate": "Negotiate"})


@fault(ANSWERS)
def throttled_429(_received: Received) -> Answer:
    """Too many requests; no word on when to come back."""
    return _throttled()


@fault(ANSWERS)
def throttled_429_seconds(_received: Received) -> Answer:
    """Too many requests; come back in a second."""
    return _throttled("1")


@fault(ANSWERS)
def throttled_429_date(_received: Received) -> Answer:
    """Too many requests; come back at a time about a second ahead."""
    return _throttled(formatdate(math.ceil(time.time() + 1), usegmt=True))


@fault(ANSWERS)
def throttled_429_long(_received: Received) -> Answer:
    """Too many requests; come back in an hour."""
    return _throttled("3600")


def _throttled(retry_after: str | None = None) -> Answer:
    headers = {"Retry-After": retry_after} if retry_after else {}
    return _json(429, {"detail": "Request was throttled."}, headers)


@fault(ANSWERS)
def throttled(_received: Received) -> None:
    """The framework's real throttle (see `throttling`): N requests pass, 3 if none is said, then 429 for a while."""


@fault(ANSWERS)
def bad_request(_received: Received) -> Answer:
    """400 with messages by field."""
    return _json(400, {"alias": ["This field may not be blank."], "page_size": ["A valid integer is required."]})


@fault(ANSWERS)
def bad_request_string(_received: Received) -> Answer:
    """400, and the body is a bare JSON string."""
    return _json(400, "The request could not be processed.")


@fault(ANSWERS)
def echo_token(received: Received) -> Answer:
    """400 with a message that repeats the Authorization header."""
    value = received.header("Authorization")
    return _json(400, {"detail": f"Header not understood: Authorization: {value}", "token": [f"Unknown: {value}"]})


@fault(ANSWERS)
def json_string(_received: Received) -> Answer:
    """200, and the body is a bare JSON string."""
    return _json(200, "connections")


@fault(ANSWERS)
def broken_json(_received: Received) -> Answer:
    """JSON that ends too early."""
    return Answer(200, b'{"results": [{"id": 1, "alias": "Rally Integr')


@fault(ANSWERS)
def not_utf8(_received: Received) -> Answer:
    """JSON in Latin-1."""
    return Answer(200, '{"results": [{"id": 1, "alias": "Zürich"}]}'.encode("latin-1"))


@fault(ANSWERS)
def nan_json(_received: Received) -> Answer:
    """NaN, which some JSON libraries write and JSON does not know."""
    return Answer(200, b'{"results": [{"id": 1, "project": NaN}]}')


@fault(ANSWERS)
def empty_body(_received: Received) -> Answer:
    """200 without a body."""
    return Answer(200)


@fault(ANSWERS)
def xml_body(_received: Received) -> Answer:
    """The API's other language."""
    page = '<?xml version="1.0" encoding="utf-8"?>\n<root><results><list-item><id>1</id></list-item></results></root>'
    return Answer(200, page.encode(), "application/xml; charset=utf-8")


@fault(ANSWERS)
def deep_json(_received: Received) -> Answer:
    """JSON nested so deeply that a recursive parser gives up."""
    return Answer(200, b'{"results": ' + b"[" * DEPTH + b"]" * DEPTH + b"}")


@fault(ANSWERS)
def huge_body(_received: Received) -> Answer:
    """A body that does not seem to end."""
    return Answer(200, _endless())


def _endless() -> Iterator[bytes]:
    end = time.monotonic() + HUGE_SECONDS
    block = b" " * MIB
    yield b'{"results": ['
    for _number in range(HUGE_BYTES // MIB):
        if time.monotonic() > end:
            return
        yield block


@fault(ANSWERS)
def gzip_bomb(_received: Received) -> Answer:
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


@fault(ANSWERS)
def double_gzip(_received: Received) -> Answer:
    """Packed twice, and the header says so."""
    return _gzipped(gzip.compress(gzip.compress(b'{"results": []}')), "gzip, gzip")


@fault(ANSWERS)
def double_gzip_hidden(_received: Received) -> Answer:
    """Packed twice, and the header says once: a proxy packed what was packed already."""
    return _gzipped(gzip.compress(gzip.compress(b'{"results": []}')), "gzip")


@fault(ANSWERS)
def page_vanishes(received: Received) -> Answer | None:
    """The second page is gone when the client asks for it."""
    return _json(404, {"detail": "Invalid page."}) if received.asked("page") == "2" else None
