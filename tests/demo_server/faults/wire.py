# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults below HTTP. Each gets the bare connection and returns the status that the client saw, or None.

The connection is closed afterwards. Every wait is bounded, and ends when the client goes or the server stops.
"""

from __future__ import annotations

from ..exchange import Wire
from .registry import WIRE, fault

STALL_SECONDS = 30
DRIP_SECONDS = 60
DRIP_EVERY = 0.2

_GOOD_START = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@fault(WIRE)
def truncated(wire: Wire) -> int:
    """Less body than the header promised."""
    wire.send(_GOOD_START + b'Content-Length: 1000\r\n\r\n{"results": [{"id": 1, "project": 2')
    return 200


@fault(WIRE)
def early_hints(wire: Wire) -> int:
    """A proxy sends an interim answer, which Python's http.client takes for the answer."""
    wire.send(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")
    wire.send(_GOOD_START + b'Content-Length: 15\r\n\r\n{"results": []}')
    return 103


@fault(WIRE)
def reset(wire: Wire) -> None:
    """The connection is reset before an answer."""
    wire.reset()


@fault(WIRE)
def stalled(wire: Wire) -> None:
    """No answer comes."""
    wire.wait(STALL_SECONDS)


@fault(WIRE)
def slow_drip(wire: Wire) -> int:
    """A good header, and then a body that drips."""
    wire.send(_GOOD_START + b"Content-Length: 1000\r\n\r\n")
    wire.drip(b" ", DRIP_EVERY, DRIP_SECONDS)
    return 200


@fault(WIRE)
def drip_headers(wire: Wire) -> int:
    """Headers that drip and never end."""
    wire.send(_GOOD_START)
    wire.drip(b"X-Drip: drop\r\n", DRIP_EVERY, DRIP_SECONDS)
    return 200


@fault(WIRE)
def close_at_once(_wire: Wire) -> None:
    """The connection is closed before an answer."""
