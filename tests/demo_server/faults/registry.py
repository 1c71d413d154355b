# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of faults, and the active ones of a server."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable

from ..exchange import CannedResponse, ReceivedRequest, RawConnection

RESPONSES = "responses"
ALTERATIONS = "alterations"
LIST_CHANGES = "list_changes"
SOCKETS = "sockets"

_FAULTS: dict[str, tuple[str, Callable]] = {}


def fault(stage: str) -> Callable:
    """Register a function as the fault of the same name."""

    def register(function: Callable) -> Callable:
        _FAULTS[function.__name__] = (stage, function)
        return function

    return register


def fault_names() -> tuple[str, ...]:
    """The names of all faults."""
    return tuple(_FAULTS)


class ActiveFaults:
    """The faults of one server, each for ever or for a number of times: `name` or `name:N`.

    A fault that does not concern a request returns None, which does not count.
    """

    def __init__(self, specifications: Iterable[str]) -> None:
        self._limits: dict[str, int | None] = {}
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        for item in specifications:
            name, _mark, count = item.partition(":")
            if name not in _FAULTS or (count and not count.isdecimal()):
                raise ValueError(f"a fault is NAME or NAME:N, with a name of {', '.join(_FAULTS)}; not {item!r}")
            self._limits[name] = int(count) if count else None

    def is_on(self, name: str) -> bool:
        """Whether a fault was asked for."""
        return name in self._limits

    def limit(self, name: str) -> int | None:
        """How many times a fault was asked for; None is for ever."""
        return self._limits.get(name)

    def response(self, received: ReceivedRequest) -> CannedResponse | None:
        """The answer of the first fault that wants to answer in place of the API."""
        if not received.is_api:
            return None
        responses = (self._call(name, received) for name in self._names_in(RESPONSES))
        return next((response for response in responses if response is not None), None)

    def has_alterations(self) -> bool:
        """Whether any fault changes the API's answers."""
        return bool(self._names_in(ALTERATIONS))

    def alter(self, received: ReceivedRequest, data):
        """The API's answer, as the faults change it."""
        for name in self._names_in(ALTERATIONS):
            changed = self._call(name, received, data)
            data = data if changed is None else changed
        return data

    def hidden_ids(self, ids: Iterable[int], first_page: bool) -> set[int]:
        """The ids that are not in the list now. Serving a first page makes the list change for all that follow."""
        active = self._names_in(LIST_CHANGES)
        ids = list(ids) if active else []
        hidden: set[int] = set()
        for name in active:
            with self._lock:
                changes = self._counts[name]
                if first_page and not self._is_over(name):
                    self._counts[name] += 1
            hidden.update(_FAULTS[name][1](ids, changes, self._limits[name]))
        return hidden

    def disturb_connection(self, received: ReceivedRequest, connection: RawConnection) -> bool:
        """Let the first socket fault answer; whether one did."""
        if not received.is_api:
            return False
        for name in self._names_in(SOCKETS):
            with self._lock:
                if self._is_over(name):
                    continue
                self._counts[name] += 1
            received.status = _FAULTS[name][1](connection)
            return True
        return False

    def _names_in(self, stage: str) -> list[str]:
        return [name for name in self._limits if _FAULTS[name][0] == stage]

    def _is_over(self, name: str) -> bool:
        limit = self._limits[name]
        return limit is not None and self._counts[name] >= limit

    def _call(self, name: str, *args):
        """The result of a fault, unless it is over."""
        with self._lock:
            if self._is_over(name):
                return None
            result = _FAULTS[name][1](*args)
            if result is not None:
                self._counts[name] += 1
            return result
