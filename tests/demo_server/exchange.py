# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request and what can be done with it: the request as received, a ready answer, and the raw connection."""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs


@dataclass
class ReceivedRequest:
    """A request as it came in. `status` stays None if the client never got a status line."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    status: int | None = None

    @property
    def is_api(self) -> bool:
        """Whether the request is for the API (and not for the rest of the site)."""
        return self.path.startswith("/api/")

    def query_value(self, name: str) -> str | None:
        """The value of a query parameter."""
        return parse_qs(self.query, keep_blank_values=True).get(name, [None])[0]

    def header(self, name: str) -> str:
        """The value of a header, whatever the case of its name."""
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), "")


@dataclass
class CannedResponse:
    """A ready HTTP answer that takes the place of the API's own. A body in pieces is streamed."""

    status: int
    body: bytes | Iterator[bytes] = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class RawConnection:
    """The connection to the client below HTTP.

    Stopping the server shuts the connection down, so that every wait here ends at once.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._connection.sendall(data)

    def drip(self, piece: bytes, every: float, seconds: float) -> None:
        """Send the same piece again and again, for so many seconds or until the client goes away."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.send(piece)
            if not self.wait(every):
                return

    def wait(self, seconds: float) -> bool:
        """Wait, and tell whether the client is still there: one that waits for its answer sends nothing but its end."""
        if seconds <= 0:
            return True
        return not select.select([self._connection], [], [], seconds)[0]

    def reset(self) -> None:
        """Close at once with an RST instead of a FIN."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Files made from the socket would keep it open after a mere close().
        os.close(self._connection.detach())
