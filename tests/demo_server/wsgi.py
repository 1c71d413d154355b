# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sockets and threads below the API: Django's own threaded server, made stoppable and open to faults."""

from __future__ import annotations

import contextlib
import functools
import socket
import socketserver
import ssl
import sys
import threading

from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

from . import database
from .exchange import RawConnection


@functools.cache
def _application() -> WSGIHandler:
    """The Django application, one for all servers of this process."""
    return WSGIHandler()


class RequestHandler(WSGIRequestHandler):
    """One connection of one client, with keep-alive."""

    # Headers and body go out in two writes: without this, the second waits for the client's delayed ACK.
    disable_nagle_algorithm = True
    # No client may hold a thread for ever.
    timeout = 60

    def parse_request(self):
        """Read the request, keep it for `server.requests`, and let a socket fault answer in its own way."""
        if not super().parse_request():
            return False
        demo = self.server.demo
        self.received = demo.record_request(self.command, self.path, dict(self.headers.items()))
        raw_connection = RawConnection(self.connection)
        raw_connection.wait(demo.latency)
        if not demo.faults.disturb_connection(self.received, raw_connection):
            return True
        self.close_connection = True
        return False

    def get_environ(self):
        """The settings of a server travel with each request: several servers share one Django."""
        environ = super().get_environ()
        environ["demo_server"] = self.server.demo
        environ["demo_received"] = self.received
        environ["HTTPS"] = "on" if self.server.tls else "off"
        return environ

    def log_message(self, *_args):
        """Say nothing: `server.requests` has it all."""


class WsgiServer(ThreadedWSGIServer):
    """A listening socket, and one thread for each connection."""

    request_queue_size = 128

    def __init__(self, demo, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self.demo = demo
        self.tls = tls
        self._has_ended = False
        self._open: dict[threading.Thread, socket.socket] = {}
        super().__init__((host, port), RequestHandler)
        self.set_app(_application())

    def server_bind(self):
        """Bind without the look-up of a host name, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]
        self.setup_environ()

    def serve(self) -> None:
        """Accept connections until `end`; unlike `serve_forever`, without looking for an end many times a second."""
        while not self._has_ended:
            self.handle_request()

    def end(self) -> None:
        """End `serve`: the connection made here wakes it."""
        self._has_ended = True
        try:
            socket.create_connection(self.server_address, timeout=1).close()
        except OSError:  # on a machine without a network
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)

    def verify_request(self, request, client_address):
        """Refuse connections after the end."""
        return not self._has_ended

    def get_request(self):
        """Accept a connection; the TLS handshake is left to its thread."""
        connection, address = super().get_request()
        if self.tls:
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def process_request(self, request, client_address):
        """Handle a connection in a thread that `close_all` knows."""
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), name="demo-server-client", daemon=True
        )
        self._open[thread] = request
        thread.start()

    def process_request_thread(self, request, client_address):
        """The life of a connection. Coverage is not measured: it would make Django much slower."""
        sys.settrace(None)
        try:
            super().process_request_thread(request, client_address)
        finally:
            database.close_connection()
            self._open.pop(threading.current_thread(), None)

    def finish_request(self, request, client_address):
        """Complete the TLS handshake first, if there is one."""
        if self.tls:
            request.settimeout(RequestHandler.timeout)
            request.do_handshake()
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        """A client that goes away or does not trust the certificate is expected; a bug here is not."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def close_all(self) -> None:
        """Shut down every connection, which wakes its thread wherever it waits, and wait for the threads."""
        threads = dict(self._open)
        for connection in threads.values():
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in threads:
            thread.join(timeout=5)
