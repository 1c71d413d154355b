# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the exceptions, which render themselves for C(fail_json)."""

from __future__ import annotations

import traceback
from typing import Any


class SDElementsError(Exception):
    """The reason why the collection cannot return complete facts.

    ``kind`` is a stable word for playbooks, ``problem`` has what failed and where, ``advice`` the fix. None of them may
    contain a credential or a raw response body.
    """

    def __init__(
        self,
        kind: str,
        problem: str,
        advice: str = "",
        *,
        status: int | None = None,
        method: str | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(f"{problem} {advice}".strip())
        self.kind = kind
        self.problem = problem
        self.status = status
        self.method = method
        self.url = url

    def as_failure(self) -> dict[str, Any]:
        """Arguments for ``fail_json``: the message, and ``failure`` for conditions in playbooks."""
        failure = {"kind": self.kind, "status": self.status, "method": self.method, "url": self.url}
        return {"msg": str(self), "failure": failure}


class OptionError(SDElementsError):
    """The value of an option is invalid."""

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__("option", problem, advice)


class NotFoundError(SDElementsError):
    """The URL does not exist on the server (404 or 410)."""


class IncompleteError(SDElementsError):
    """The list is incomplete, or changed while it was read."""


def unexpected_shape(url: str, what: str, advice: str) -> SDElementsError:
    """Return the error of a response that SD Elements does not send."""
    problem = f"The response to GET {url} has an unexpected form: {what}."
    return SDElementsError("unexpected_shape", problem, advice, status=200, method="GET", url=url)


class TaskError(Exception):
    """A task that this one depends on failed. Its result is the result of this one."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__("Another task failed.")
        self.result = result


def failed_result(error: Exception) -> dict[str, Any]:
    """Return a failed result of Ansible, without the text of an unexpected exception, which may contain a secret."""
    failed = {"failed": True, "changed": False}
    if isinstance(error, TaskError):
        return {**failed, **error.result}
    if isinstance(error, SDElementsError):
        return {**failed, **error.as_failure()}
    problem = f"securitycompass.sdelements failed unexpectedly ({type(error).__name__})."
    unexpected = SDElementsError("internal", problem, "Report this bug with the traceback that -vvv prints.")
    return {**failed, **unexpected.as_failure(), "exception": "".join(traceback.format_tb(error.__traceback__))}
