# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API that is not the bottleneck: ready-made records, one asyncio process, keep-alive, a fixed latency.

The address says what is served: below ``/1000/50/`` lies an API of 1,000 connections, or projects, that waits 50 ms
before each answer. So one server is enough for all scenarios, and candidates can run in turn.

``python -m tests.benchmark.server GENERATION CONNECTIONS [PROJECTS]`` prints its port, and ends when its standard input
does: no server stays behind, however the benchmark ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.benchmark.dataset import compact, path_of
from tests.benchmark.scenarios import CONNECTIONS, PROJECTS
from tests.demo_server.generations import BY_NAME, Generation

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "benchmark-token-0123456789"
# Page sizes of a server that always divides its lists, as the embedded API has them.
_DEFAULT_PAGE_SIZE = 10
_MAX_PAGE_SIZE = 100
_REASONS = {200: b"OK", 401: b"Unauthorized", 404: b"Not Found"}


class Server(NamedTuple):
    """A running server; with the attributes that the tests' own helpers want."""

    base: str
    token: str = TOKEN

    def url(self, size: int, latency: int = 0) -> str:
        """The address of an API of so many records and so many milliseconds."""
        return f"{self.base}/{size}/{latency}"


@contextlib.contextmanager
def running(connections: Path, generation: str, projects: Path | None = None) -> Iterator[Server]:
    """Start a server of these records in a process of its own, and stop it."""
    command = [sys.executable, "-m", __name__, generation, str(connections), *([str(projects)] if projects else [])]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    try:
        port = process.stdout.readline().strip()
        if not port:
            raise RuntimeError("The benchmark's server did not start.")
        yield Server(f"http://127.0.0.1:{int(port)}")
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


class Api:
    """The responses of the API, whatever brings the request."""

    def __init__(self, records: dict[str, list[bytes]], generation: Generation) -> None:
        self._records = {f"api/v2/{path_of(resource, generation.name)}": lines for resource, lines in records.items()}
        self._always_pages = generation.paging == "always"

    def answer(self, host: str, target: str, authorization: str) -> tuple[int, float, list[bytes]]:
        """Status, seconds to wait, and the body in pieces."""
        parts = urlsplit(target)
        size, latency, path = [*parts.path[1:].split("/", 2), "", ""][:3]
        if not size.isdecimal() or not latency.isdecimal() or path not in self._records:
            return 404, 0.0, [compact({"detail": "Not found."})]
        seconds = int(latency) / 1000
        if authorization != f"Token {TOKEN}":
            return 401, seconds, [compact({"detail": "Invalid token."})]
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        body = self._list_body(f"http://{host}{parts.path}", self._records[path][: int(size)], query)
        return (200, seconds, body) if body else (404, seconds, [compact({"detail": "Invalid page."})])

    def _list_body(self, url: str, records: list[bytes], query: dict[str, str]) -> list[bytes]:
        """A page, or the whole list if nobody asks for pages; nothing if there is no such page."""
        size = len(records)
        page_size = int(query.get("page_size", 0))
        if self._always_pages:
            page_size = min(page_size or _DEFAULT_PAGE_SIZE, _MAX_PAGE_SIZE)
        if not page_size:
            return [b'{"results":[', b",".join(records), b"]}"]
        page = int(query.get("page", 1))
        start, end = (page - 1) * page_size, min(page * page_size, size)
        if start >= max(size, 1) or page < 1:
            return []
        following = _link(url, query, page + 1) if end < size else None
        previous = _link(url, query, page - 1) if page > 1 else None
        head = compact({"count": size, "next": following, "previous": previous})[:-1]
        return [head, b',"results":[', b",".join(records[start:end]), b"]}"]


def _link(url: str, query: dict[str, str], page: int) -> str:
    """The address of another page, as the framework writes it: no number for the first."""
    others = {name: value for name, value in query.items() if name != "page"}
    asked = urlencode(sorted({**others, **({"page": page} if page > 1 else {})}.items()))
    return f"{url}?{asked}" if asked else url


async def _serve_client(api: Api, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection until the client closes it."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _colon, value in (line.partition(": ") for line in head[1:])}
            target = head[0].split(" ")[1]
            status, seconds, body = api.answer(headers.get("host", ""), target, headers.get("authorization", ""))
            if seconds:
                await asyncio.sleep(seconds)
            closes = headers.get("connection", "").lower() == "close"
            writer.writelines([_head(status, sum(map(len, body)), closes), *body])
            await writer.drain()
            if closes:
                break
    writer.close()


def _head(status: int, length: int, closes: bool) -> bytes:
    connection = b"close" if closes else b"keep-alive"
    return b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: %s\r\n\r\n" % (
        status,
        _REASONS[status],
        length,
        connection,
    )


async def _main(generation: str, *files: str) -> None:
    """Serve until standard input ends."""
    records = [Path(file).read_bytes().splitlines() for file in files]
    api = Api(dict(zip((CONNECTIONS, PROJECTS), records, strict=False)), BY_NAME[generation])
    server = await asyncio.start_server(lambda r, w: _serve_client(api, r, w), "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    # A read in a thread of the loop's pool would keep the process from ending; a reader on the pipe does not.
    stdin = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
    await stdin.read()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
