# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults below HTTP. Each gets the bare connection and returns the status that the client saw, or None.

The connection is closed afterwards. Every wait is bounded, and ends when the client goes or the server stops.
"""

from __future__ import annotations

from ..exchange import RawConnection
from .registry import SOCKETS, fault

STALL_SECONDS = 30
DRIP_SECONDS = 60
DRIP_EVERY = 0.2

_GOOD_START = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@fault(SOCKETS)
def truncated(connection: RawConnection) -> int:
    """Less body than the header promised."""
    connection.send(_GOOD_START + b'Content-Length: 1000\r\n\r\n{"results": [{"id": 1, "project": 2')
    return 200


@fault(SOCKETS)
def early_hints(connection: RawConnection) -> int:
    """A proxy sends an interim answer, which Python's http.client takes for the answer."""
    connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")
    connection.send(_GOOD_START + b'Content-Length: 15\r\n\r\n{"results": []}')
    return 103


@fault(SOCKETS)
def reset(connection: RawConnection) -> None:
    """The connection is reset before an answer."""
    connection.reset()


@fault(SOCKETS)
def stalled(connection: RawConnection) -> None:
    """No answer comes."""
    connection.wait(STALL_SECONDS)


@fault(SOCKETS)
def slow_drip(connection: RawConnection) -> int:
    """A good header, and then a body that drips."""
    connection.send(_GOOD_START + b"Content-Length: 1000\r\n\r\n")
    connection.drip(b" ", DRIP_EVERY, DRIP_SECONDS)
    return 200


@fault(SOCKETS)
def drip_headers(connection: RawConnection) -> int:
    """Headers that drip and never end."""
    connection.send(_GOOD_START)
    connection.drip(b"X-Drip: drop\r\n", DRIP_EVERY, DRIP_SECONDS)
    return 200


@fault(SOCKETS)
def close_at_once(_connection: RawConnection) -> None:
    """The connection is closed before an answer."""
