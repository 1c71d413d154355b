# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the HTTP client, which does not depend on Ansible, options or resources.

C(requests) and its urllib3 do sessions, pooling, retries, TLS and proxies. This file limits memory and
time, sends the token to no other server, and converts every failure to one exception (see C(_http_errors)).
"""

from __future__ import annotations

import hashlib
import json
import math
import random
import re
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, TimeoutError as FutureTimeoutError
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Callable, NamedTuple, NoReturn

from ._http_errors import (
    SHORTEST_TOKEN,
    answer_error,
    deadline_error,
    masking_deadline_error,
    page_kind,
    status_error,
    too_large_error,
    transport_error,
)
from ._redact import MASK
from ._requests import (
    AuthBase,
    HTTPAdapter,
    Retry,
    Session,
    requests,
    urllib3,
)
from ._server import API_PATH, Server

MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_TASK_BYTES = 256 * 1024 * 1024
MAX_JSON_PARTS = 4_000_000  # objects, lists and their items in one response: each takes far more memory than bytes
MAX_TASK_PARTS = 4 * MAX_JSON_PARTS
MAX_RETRY_AFTER = 60  # seconds; a longer Retry-After is an error
BACKOFF = (
    0.5  # seconds; the first retry is immediate, the second waits about twice this time, and each further wait doubles
)
# Small, because a compressed chunk can expand a thousandfold.
_CHUNK_BYTES = 16 * 1024
_MAX_ERROR_BYTES = 64 * 1024


class _TokenAuth(AuthBase):
    """Sends the token. As a session's ``auth`` it also keeps requests from looking into ``.netrc``."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Token {self._token}"
        return request


class _SharedBackoff:
    """A pause for all requests of a client, because each of them adds to the load of a busy server."""

    def __init__(self) -> None:
        self._until = 0.0

    def extend(self, seconds: float) -> None:
        """Delay all requests by this time from now."""
        self._until = max(self._until, time.monotonic() + seconds)

    def wait(self) -> None:
        """Return when the pause is over."""
        while (seconds := self._until - time.monotonic()) > 0:
            time.sleep(seconds)


class _CappedRetry(Retry):
    """urllib3's Retry with jitter and an upper limit for waiting, on every urllib3 that requests can have."""

    def __init__(self, *args: Any, backoff: _SharedBackoff, **options: Any) -> None:
        super().__init__(*args, **options)
        self.backoff = backoff

    def new(self, **options: Any) -> _CappedRetry:
        return super().new(backoff=self.backoff, **options)

    def sleep(self, response: urllib3.BaseHTTPResponse | None = None) -> None:
        asked = self.get_retry_after(response) if response else None
        self.backoff.extend(asked or self.get_backoff_time())
        self.backoff.wait()

    def get_backoff_time(self) -> float:
        return super().get_backoff_time() * random.uniform(0.5, 1.0)  # noqa: S311 (no secret depends on it)

    def parse_retry_after(self, retry_after: str) -> float:
        try:
            return super().parse_retry_after(retry_after)
        except Exception:  # noqa: BLE001 (a wrong header of the server must not fail the task)
            return 0

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: urllib3.BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> _CappedRetry:
        if response is not None and (self.get_retry_after(response) or 0) > MAX_RETRY_AFTER:
            raise urllib3.exceptions.MaxRetryError(_pool, url, urllib3.exceptions.ResponseError("Retry-After"))
        further = super().increment(method, url, response, error, _pool, _stacktrace)
        if response is not None:
            # Otherwise urllib3 reads the whole response before the next try.
            response.close()
        return further


class ServerSession(Session):
    """Sends the token to one server. Clients that share a session share its connections, and its pauses."""

    def __init__(self, server: Server, concurrency: int) -> None:
        super().__init__()
        self.backoff = _SharedBackoff()
        self.retry = _CappedRetry(
            backoff=self.backoff,
            total=server.retries,
            other=0,  # TLS failures do not pass by waiting
            status_forcelist=(429, 502, 503, 504),
            allowed_methods=frozenset({"GET"}),
            backoff_factor=BACKOFF,
            raise_on_status=False,
        )
        self.auth = _TokenAuth(server.token)
        # A server's cookies would be kept and sent back, and count in no bound.
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers.update({"Accept": "application/json", "Accept-Encoding": "gzip"})
        # The environment names proxies and CA bundles. A loopback address is never reached through a proxy:
        # that would take the token of a plain http connection off this machine.
        self.trust_env = not server.on_loopback
        for scheme in ("https://", "http://"):
            self.mount(scheme, HTTPAdapter(max_retries=self.retry, pool_maxsize=concurrency))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return None for each response, so that requests ignores redirects without reading their bodies."""


class DaemonThreadPool:
    """Runs calls in threads that end when no call is left.

    Socket time-outs end neither a slow name look-up nor a server that sends a byte now and then. The caller must be
    able to abandon such a call, so the threads are daemons, which those of C(concurrent.futures) are not.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._running = 0
        self._pending: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._lock = threading.Lock()

    def submit(self, call: Callable[[], Any]) -> Future[Any]:
        """Schedule a call."""
        future: Future[Any] = Future()
        with self._lock:
            self._pending.append((future, call))
            if self._running == self._size:
                return future
            self._running += 1
        threading.Thread(target=self._run, daemon=True).start()
        return future

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._pending:
                    self._running -= 1
                    return
                future, call = self._pending.popleft()
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except BaseException as exc:  # noqa: BLE001 (it is raised again where the result is awaited)
                    future.set_exception(exc)


class Request(NamedTuple):
    """A GET that was submitted."""

    path: str
    query: Mapping[str, Any]
    future: Future[Any]


class Client:
    """GETs decoded JSON from one SD Elements server, or raises an SDElementsError."""

    def __init__(self, server: Server, concurrency: int = 1, session: ServerSession | None = None) -> None:
        self.concurrency = concurrency  # requests at a time, at most
        self._server = server
        self._ends = time.monotonic() + server.deadline
        self._received = 0
        self._parts = 0
        self._answers: dict[str, tuple[bytes, Any]] = {}  # by URL: digest and decoded body
        self._threads = DaemonThreadPool(concurrency)
        self._session = session or ServerSession(server, concurrency)
        if server.verify is False:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def url_of(self, path: str) -> str:
        """The full URL of a path below the API, such as ``connections/alm/``."""
        return f"{self._server.url}{API_PATH}/{path}"

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """Return the decoded response. ``query`` values are sent unchanged."""
        return self.result(self.submit(path, query or {}))

    def submit(self, path: str, query: Mapping[str, Any]) -> Request:
        """Send a request as soon as a thread is free. ``result`` returns its response."""
        return Request(path, query, self._threads.submit(partial(self._fetch, self.url_of(path), query)))

    def result(self, request: Request) -> Any:
        """Wait for the response to a request, and return it decoded."""
        url = self.url_of(request.path)
        try:
            return request.future.result(timeout=max(self._ends - time.monotonic(), 0))
        except FutureTimeoutError:
            self._session.close()
            raise deadline_error(url, self._server.deadline) from None

    def check_deadline(self, url: str) -> None:
        """Raise an error if masking a response exceeds the deadline of the task."""
        if time.monotonic() > self._ends:
            raise masking_deadline_error(url, self._server.deadline)

    def _fetch(self, url: str, query: Mapping[str, Any]) -> Any:
        """Return one response. If the connection is lost, the request is repeated."""
        retry: Retry = self._session.retry
        while True:
            with self._send(url, query) as response:
                try:
                    body = self._body(url, response)
                    break
                except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as exc:
                    try:
                        retry = retry.increment("GET", url, error=urllib3.exceptions.ProtocolError("broken off"))
                    except urllib3.exceptions.MaxRetryError:
                        raise transport_error(url, exc, self._server) from None
            retry.sleep()
        if response.status_code != 200:
            raise status_error(url, response, body, self._server.token, MAX_RETRY_AFTER)
        return self._decoded_once(url, response.url, body)

    def _send(self, url: str, query: Mapping[str, Any]) -> requests.Response:
        self._session.backoff.wait()
        try:
            return self._session.get(
                url,
                params=query,
                timeout=self._server.timeout,
                allow_redirects=False,
                stream=True,
                # Given with each request, since a session's own values yield to REQUESTS_CA_BUNDLE.
                verify=self._server.verify,
                cert=self._server.cert,
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError, OverflowError) as exc:
            raise transport_error(url, exc, self._server) from None

    def _body(self, url: str, response: requests.Response) -> bytes:
        """Return the body within bounds. Of an error, return only what its message can need."""
        is_answer = response.status_code == 200
        coding = response.headers.get("Content-Encoding", "").strip().lower()
        if coding not in ("", "identity", "gzip", "x-gzip"):
            if is_answer:
                raise answer_error(url, "has a content encoding that was not requested")
            return b""
        body = bytearray()
        for chunk in _chunks(response.raw):
            body += chunk
            self._received += len(chunk)
            if is_answer and (len(body) > MAX_ANSWER_BYTES or self._received > MAX_TASK_BYTES):
                raise too_large_error(url, MAX_ANSWER_BYTES, MAX_TASK_BYTES)
            if not is_answer and len(body) > _MAX_ERROR_BYTES:
                break
        return bytes(body)

    def _decoded_once(self, url: str, asked: str, body: bytes) -> Any:
        """Return the decoded body: the same object as before if the same request returned the same bytes."""
        digest = hashlib.sha256(body).digest()
        known, value = self._answers.get(asked, (None, None))
        if digest != known:
            value = self._decoded(url, body)
            self._answers[asked] = (digest, value)
        return value

    def _decoded(self, url: str, body: bytes) -> Any:
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise answer_error(url, "is not valid UTF-8") from None
        if text.lstrip()[:1] == "<":
            raise answer_error(url, f"is {page_kind(text)} instead of JSON", kind="html")
        parts = sum(map(text.count, "{[,"))
        self._parts += parts
        if parts > MAX_JSON_PARTS or self._parts > MAX_TASK_PARTS:
            raise too_large_error(url, MAX_ANSWER_BYTES, MAX_TASK_BYTES)
        try:
            return self._cleaned(text, json.loads(text, parse_constant=_refuse_number, parse_float=_finite))
        except RecursionError:
            raise answer_error(url, "is nested too deeply", kind="too_large") from None
        except json.JSONDecodeError:
            what = "is empty" if not text.strip() else "is invalid JSON"
            raise answer_error(url, what, kind="invalid_json") from None
        except ValueError:
            what = "contains a number that is too large"
            raise answer_error(url, what, kind="invalid_json") from None

    def _cleaned(self, text: str, value: Any) -> Any:
        """Return the decoded text without the token and without halves of surrogate pairs.

        Half a pair is valid JSON, but not valid text. A server that repeats the token may escape it.
        """
        token = json.dumps(self._server.token)[1:-1]
        if not (token in text or _ESCAPE.search(text)):
            return value
        plain = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()
        return json.loads(plain.replace(token, MASK) if len(token) >= SHORTEST_TOKEN else plain)


# Escapes that JSON does not need, of ASCII characters and of surrogates.
_ESCAPE = re.compile(r"\\u00[2-7]|\\/|\\u[dD][89a-fA-F]")


def _chunks(raw: Any) -> Iterator[bytes]:
    """The decoded parts of a body.

    By urllib3's read(), whose bounds for chunked answers are those of Python's own http.client; its stream() has
    none on older releases.
    """
    # Older releases accept a body that is shorter than its Content-Length.
    raw.enforce_content_length = True
    while True:
        chunk = raw.read(_CHUNK_BYTES, decode_content=True)
        if chunk:
            yield chunk
        elif raw.closed:
            return


def _refuse_number(name: str) -> NoReturn:
    raise json.JSONDecodeError("not JSON", name, 0)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("number out of range")
    return number
