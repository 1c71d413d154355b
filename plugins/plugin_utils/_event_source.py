# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: polls a server for Event-Driven Ansible, and keeps the state in a file."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import logging
import os
import random
import re
import stat
import threading
from collections.abc import Awaitable, Callable
from copy import deepcopy
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ansible.module_utils.parsing.convert_bool import BOOLEANS

from ..module_utils._connections import KINDS
from ..module_utils._errors import OptionError, SDElementsError, failed_result
from ..module_utils._gather import argument_spec, gather_facts
from ..module_utils._http import DaemonThreadPool, ServerSession
from ..module_utils._resource import READ_OPTIONS, Facts, Options
from ..module_utils._server import SERVER_OPTIONS, check_bounds, parse_server
from ._action import validate_arguments
from ._events import (
    Event,
    State,
    after_failure,
    after_poll,
    new_state,
    state_from_json,
    state_to_json,
    time_text,
)
from ._native_types import describe_type

NAME = "securitycompass.sdelements.connections"
# Rulebooks and their variables are shown and stored, so that the token is not one of these.
_GATHER_OPTIONS = {name: option for name, option in {**SERVER_OPTIONS, **READ_OPTIONS}.items() if name != "api_token"}
OPTIONS: dict[str, dict[str, Any]] = {
    **_GATHER_OPTIONS,
    "token_file": {"type": "path"},
    "state_file": {"type": "path", "required": True},
    "interval": {"type": "int", "default": 60},
    "kinds": {"type": "list", "elements": "str", "default": list(KINDS)},
    "feedback": {"type": "bool", "default": False},
    "feedback_timeout": {"type": "int", "default": 60 * 60},
}
# All kinds have the same options.
_ANY_KIND = next(iter(KINDS.values()))
# Of ansible-rulebook, which adds it if 'feedback' is set.
_FEEDBACK_QUEUE = "eda_feedback_queue"
_DAY = 24 * 60 * 60
_BOUNDS = {"interval": (1, _DAY), "feedback_timeout": (1, _DAY)}
# Each option's value, as types of YAML and as text: variables of a rulebook may be quoted.
_TYPES: dict[str, tuple[str, tuple[type, ...], str]] = {
    "str": ("text", (), r".+"),
    "path": ("a path", (), r"[^\0\n]+"),
    "int": ("a whole number", (int,), r"-?[0-9]+"),
    "bool": ("true or false", (bool,), "|".join(one for one in BOOLEANS if isinstance(one, str))),
    "list": ("a list", (list,), r".+"),
}
LONGEST_PAUSE = 15 * 60  # seconds, while the server does not respond; more only if the interval is longer

_LOG = logging.getLogger(NAME)
_Result = TypeVar("_Result")


class Queue(Protocol):
    """The part of an asyncio.Queue that the queue of ansible-rulebook has, too."""

    async def put(self, item: Event, /) -> None:
        """Wait until there is room for an event."""


async def watch(queue: Queue, arguments: dict[str, Any]) -> None:
    """Poll a server until this is cancelled, and put an event into the queue for each change."""
    options = parse(arguments)
    poller = Poller(options)
    with StateFile(options["state_file"]) as file:
        deliver = partial(_deliver, queue, _feedback(options, arguments.get(_FEEDBACK_QUEUE)), file)
        try:
            # An earlier process may have ended before it had delivered all events.
            state = await deliver(await _in_thread(partial(file.load, poller.server_url)))
            failed_polls = 0
            while True:
                polled = await _in_thread(partial(poller.poll, state))
                if polled is not state:
                    await _in_thread(partial(file.save, polled))
                    state = await deliver(polled)
                failed_polls = failed_polls + 1 if state.unreachable_since else 0
                await asyncio.sleep(pause(options["interval"], failed_polls))
        finally:
            poller.close()


def _feedback(options: Options, queue: asyncio.Queue[Any] | None) -> Callable[[], Awaitable[None]]:
    """Return what to wait for after each event."""
    if queue is None:
        return partial(asyncio.sleep, 0)
    seconds = options["feedback_timeout"]

    async def confirmed() -> None:
        try:
            await asyncio.wait_for(queue.get(), seconds)
        except asyncio.TimeoutError:
            raise OptionError(
                f"feedback: ansible-rulebook did not confirm an event within {seconds} s.",
                "Check its log for errors, or raise feedback_timeout.",
            ) from None

    return confirmed


async def _deliver(queue: Queue, delivered: Callable[[], Awaitable[None]], file: StateFile, state: State) -> State:
    """Put the pending events into the queue, and return the state without them, which is saved last."""
    if not state.pending:
        return state
    for event in state.pending:
        # The filters of a source change events in place.
        await queue.put(deepcopy(event))
        await delivered()
    rest = state._replace(pending=())
    await _in_thread(partial(file.save, rest))
    return rest


async def _in_thread(call: Callable[[], _Result]) -> _Result:
    """Run a call in a daemon thread: the process can end although a poll hangs."""
    return await asyncio.wrap_future(DaemonThreadPool(1).submit(call))


def pause(interval: int, failed_polls: int) -> float:
    """Return how many seconds to wait for the next poll: longer with each poll that failed, and never exactly as long.

    Many sources would otherwise ask a server at the same moment, and again after it was down.
    """
    seconds = min(interval << min(failed_polls, 16), max(interval, LONGEST_PAUSE))
    return seconds * random.uniform(0.9, 1.1)  # noqa: S311 (no secret depends on it)


# ---------------------------------------------------------------------------------------------------------------
# Arguments


def parse(arguments: dict[str, Any]) -> Options:
    """Return the options of arguments. Raises an OptionError that names the argument."""
    unknown = sorted(str(name) for name in arguments.keys() - OPTIONS.keys() - {_FEEDBACK_QUEUE})
    if unknown:
        raise OptionError(
            f"{NAME}: unknown argument {', '.join(unknown)}; known are {', '.join(sorted(OPTIONS))}.",
            "Set SDE_API_KEY in the environment, or token_file." if "api_token" in unknown else "",
        )
    given = {name: value for name, value in arguments.items() if name in OPTIONS}
    for name, value in given.items():
        _reject_other_type(name, value)
    options = validate_arguments(NAME, OPTIONS, given)
    check_bounds(options, _BOUNDS)
    # Messages do not repeat a value that may be a token in the wrong place.
    if not options["kinds"] or not KINDS.keys() >= set(options["kinds"]):
        raise OptionError(f"kinds must be a list of {' or '.join(KINDS)}, or both.")
    if options["feedback"] and arguments.get(_FEEDBACK_QUEUE) is None:
        raise OptionError("feedback is not supported by this ansible-rulebook.", "Upgrade it, or remove feedback.")
    return options


def _reject_other_type(name: str, value: Any) -> None:
    """Raise an OptionError about a value of another type, which ansible-core would make text of."""
    expected, python_types, pattern = _TYPES[OPTIONS[name]["type"]]
    is_text = isinstance(value, str) and re.fullmatch(pattern, value.strip(), re.IGNORECASE)
    if not is_text and type(value) not in python_types:
        raise OptionError(
            f"{NAME}: {name} must be {expected}, not {describe_type(value)}.",
            "Correct it in the rulebook or its variables.",
        )


def _gather_options(options: Options) -> Options:
    """Return the options of the tasks that gather the connections, with the token as it is now."""
    given = {name: options[name] for name in _GATHER_OPTIONS}
    if options["token_file"]:
        given["api_token"] = _read_token(options["token_file"])
    given["include_last_job"] = True
    gather_options = validate_arguments(NAME, argument_spec(_ANY_KIND), given)
    if not gather_options["api_token"]:
        raise OptionError("token_file is required, or SDE_API_KEY in the environment.")
    if not gather_options["url"] and "@" not in gather_options["api_token"]:
        raise OptionError("url is required, or SDE_HOST in the environment.")
    return gather_options


def _read_token(path: str) -> str:
    advice = "Set it to the path of a file that contains only the API token."
    try:
        token = _read_text(Path(path)).strip()
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not valid UTF-8"
        # A relative path where no file is may be the token itself.
        shown = path if os.path.isabs(path) or os.path.exists(path) else "the given path"  # noqa: PTH110, PTH117
        raise OptionError(f"token_file: {shown} cannot be read: {reason}.", advice) from None
    if not re.fullmatch(r"[!-~]+", token) or not token.strip("\"'"):
        raise OptionError(f"token_file: {path} is empty, or contains more than the API token.", advice)
    return token


def _read_text(path: Path) -> str:
    """Return the text of a file. To read a pipe or a device might never end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    return path.read_text(encoding="utf-8")


# ---------------------------------------------------------------------------------------------------------------
# Polls


class Poller:
    """Gathers the connections again and again, by one session as long as that works."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._gather_options = _gather_options(options)
        self._session: ServerSession | None = None
        self._said: set[str] = set()
        # Raise errors of the arguments now: later they would be those of the server.
        _ANY_KIND.parse_query(self._gather_options)
        self.server_url = parse_server(self._gather_options).url

    def poll(self, state: State) -> State:
        """Return the state after one more poll."""
        try:
            return self._next_state(state)
        except Exception as exc:  # noqa: BLE001 (the text of an exception may contain a secret)
            # With the next poll: the token may be another one by then, and the address of the server.
            self.close()
            failed = failed_result(exc)
            _LOG.warning("%s", failed["msg"])
            _LOG.debug("%s", failed.get("exception", ""))
            return after_failure(state, failed, time_text(datetime.now(timezone.utc)))

    def close(self) -> None:
        """Close the session, if there is one."""
        if self._session:
            self._session.close()
            self._session = None

    def _next_state(self, state: State) -> State:
        connections = self._gather()
        reached, changes = after_poll(state, connections, self._options["kinds"], time_text(datetime.now(timezone.utc)))
        if changes.not_compared:
            self._warn("The token's user cannot see all parameters. Changes of the others are not detected.")
        _LOG.debug("%d connections, %d events", len(connections), len(reached.pending))
        return reached

    def _gather(self) -> list[Facts]:
        if not self._session:
            self._gather_options = _gather_options(self._options)
            server = parse_server(self._gather_options)
            if server.url != self.server_url:
                raise OptionError(
                    f"token_file: its token is for another server than {self.server_url}.",
                    "Restore its address, or start a source with another state_file.",
                )
            self._session = ServerSession(server, self._gather_options["concurrency"])
        found = [
            gather_facts(KINDS[kind], self._gather_options, session=self._session) for kind in self._options["kinds"]
        ]
        for warning in {warning for gathered in found for warning in gathered.warnings}:
            self._warn(warning)
        return [connection for gathered in found for connection in gathered.facts["connections"]]

    def _warn(self, message: str) -> None:
        """Log a message once: it is true for each poll."""
        if message not in self._said:
            self._said.add(message)
            _LOG.warning("%s", message)


# ---------------------------------------------------------------------------------------------------------------
# The state file


class StateFile:
    """The file of a state, which belongs to one process at a time."""

    def __init__(self, path: str) -> None:
        # Links to a file must not give it several locks.
        self._path = Path(os.path.realpath(path))
        # Another file, since each new state replaces the first one.
        self._lock_path = self._path.with_name(f"{self._path.name}.lock")
        self._lock: int | None = None
        self._writing = threading.Lock()

    def __enter__(self) -> StateFile:
        try:
            self._lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.__exit__()
            raise OptionError(
                f"state_file: {self._path} is in use by another process.", "Use a separate file for each source."
            ) from None
        except OSError as exc:
            self.__exit__()
            raise self._error("written", exc) from None
        return self

    def __exit__(self, *_error: object) -> None:
        # A cancelled source may still be writing.
        with self._writing:
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    def load(self, server: str) -> State:
        """Return the state of a server. Creates a missing file."""
        try:
            state = state_from_json(_read_text(self._path))
        except FileNotFoundError:
            state = new_state(server)
            self.save(state)
        except OSError as exc:
            raise self._error("read", exc) from None
        except ValueError:
            raise OptionError(
                f"state_file: {self._path} is not a state file of {NAME}.",
                "Use another file, or remove this one to start again.",
            ) from None
        if state.server != server:
            raise OptionError(
                f"state_file: {self._path} contains the state of {state.server}, not of {server}.",
                "Use a separate file for each source.",
            )
        return state

    def save(self, state: State) -> None:
        """Replace the file atomically."""
        new = self._path.with_name(f"{self._path.name}.new")
        with self._writing:
            if self._lock is None:
                return
            try:
                file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
                with os.fdopen(file, "w", encoding="utf-8") as stream:
                    os.fchmod(file, 0o600)
                    stream.write(state_to_json(state))
                    stream.flush()
                    os.fsync(file)
                new.replace(self._path)
            except OSError as exc:
                raise self._error("written", exc) from None

    def _error(self, what: str, exc: OSError) -> SDElementsError:
        advice = "Use a file in an existing folder, to which this process can write."
        return OptionError(f"state_file: {self._path} cannot be {what}: {exc.strerror}.", advice)
