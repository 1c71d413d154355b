# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server that tests, demo and benchmark start and stop."""

from __future__ import annotations

import copy
import functools
import itertools
import shutil
import ssl
import tempfile
import threading
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from .exchange import ReceivedRequest
from .faults import ActiveFaults
from .generations import BY_NAME, FILTERS, PAGING_STYLES, RECORD_KINDS

_SERIALS = itertools.count(1)


class DemoServer:
    """An SD Elements server of one generation, with its behaviour and faults, on a free port.

    `generation`: a name of GENERATIONS. `faults`: names of FAULTS, each with `:N` if it happens N times only.
    `paging`, `filters`: a name of PAGING_STYLES and FILTERS where the server shall differ from its generation.
    `tls`: https with a certificate that `ca_path` verifies. `latency`: seconds before each answer.
    `dataset`: records as `records()` returns them, in place of the seed data. It belongs to the process: the server
    that starts last decides what all of them serve.
    `old_path`: the newest generation answers at the old ALM path, too. `token`: in place of a random one.
    `now`: the time to which those in the data are relative, in place of the start; it belongs to the process, too.

    `token` may see everything, `limited_token` no `params` and not all projects, and `forbidden_token` gets 403.
    `requests` lists every request, in the order of arrival.
    """

    def __init__(
        self,
        generation: str = "4.8",
        *,
        faults: Iterable[str] = (),
        paging: str | None = None,
        filters: str | None = None,
        tls: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
        latency: float = 0.0,
        dataset: list[dict] | None = None,
        old_path: bool = False,
        token: str | None = None,
        now: datetime | None = None,
    ) -> None:
        self.generation = BY_NAME[_require_one_of("generation", generation, tuple(BY_NAME))]
        self.faults = ActiveFaults(faults)
        self.paging = _require_one_of("paging", paging, (None, *PAGING_STYLES))
        self.filters = _require_one_of("filters", filters, (None, *FILTERS))
        self.tls = tls
        self.host = host
        self.port = port
        self.latency = latency
        self.old_path = old_path
        self.requests: list[ReceivedRequest] = []
        self.url = self.token = self.limited_token = self.forbidden_token = self.ca_path = None
        # Tells the servers of a process apart.
        self.serial = next(_SERIALS)
        self._own_token = token
        self._dataset = dataset
        self._now = now
        self._records: list[dict] = []
        self._folder = self._httpd = self._thread = None

    def __enter__(self) -> DemoServer:
        return self.start()

    def __exit__(self, *_error) -> None:
        self.stop()

    def start(self) -> DemoServer:
        """Load the data and listen; when this returns, the server answers."""
        from . import database, seed

        database.open_database(__package__)
        from .wsgi import WsgiServer

        self._records = seed.load(self._dataset, self._now)
        self.token = database.add_account("full", self._own_token) if self._own_token else database.token_of("full")
        self.limited_token = database.token_of("limited")
        self.forbidden_token = database.token_of("forbidden")
        database.close_connection()
        try:
            self._httpd = WsgiServer(self, self.host, self.port, self._tls_context() if self.tls else None)
        except OSError:
            self.stop()
            raise
        self.port = self._httpd.server_port
        self.url = f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"
        self._thread = threading.Thread(target=self._httpd.serve, name="demo-server", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening, end every connection and thread, and remove what was written. May be called twice."""
        if self._httpd:
            self._httpd.end()
            self._thread.join()
            self._httpd.close_all()
            self._httpd.server_close()
            self._httpd = None
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def records(self, kind: str) -> list[dict]:
        """The full truth about the records of a kind, ordered by id, whatever HTTP says."""
        _require_one_of("kind", kind, RECORD_KINDS)
        return copy.deepcopy([record for record in self._records if record["kind"] == kind])

    def record_request(self, method: str, target: str, headers: dict[str, str]) -> ReceivedRequest:
        """Add a request to `requests`."""
        path, _mark, query = target.partition("?")
        received = ReceivedRequest(method, path, query, headers)
        self.requests.append(received)
        return received

    def _tls_context(self) -> ssl.SSLContext:
        authority = _certificate_authority()
        self._folder = tempfile.mkdtemp(prefix="sdelements-demo-")
        self.ca_path = str(Path(self._folder, "ca.pem"))
        authority.cert_pem.write_to_path(self.ca_path)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        authority.issue_cert(self.host, "localhost").configure_cert(context)
        return context


@functools.cache
def _certificate_authority():
    """The private CA of this process."""
    import trustme

    return trustme.CA()


def _require_one_of(name: str, value: str | None, allowed: tuple) -> str | None:
    """The value, if it is one of those allowed."""
    if value not in allowed:
        raise ValueError(f"{name} is one of {', '.join(str(choice) for choice in allowed)}; not {value!r}")
    return value
