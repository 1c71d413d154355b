# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the one family of exceptions, which render themselves for C(fail_json)."""

from __future__ import annotations

import traceback
from typing import Any


class SDElementsError(Exception):
    """Something that keeps the collection from giving complete facts.

    ``kind`` is a stable word for playbooks, ``problem`` says what was tried and what came back,
    ``advice`` says what to do. None of them may hold a credential or a raw response body.
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
        """Arguments for ``fail_json``: ``msg`` for people, ``failure`` for playbooks."""
        failure = {"kind": self.kind, "status": self.status, "method": self.method, "url": self.url}
        return {"msg": str(self), "failure": failure}


class OptionError(SDElementsError):
    """An option of the task has a value that cannot work."""

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__("option", problem, advice)


class NotFoundError(SDElementsError):
    """The server has nothing at this URL (404 or 410)."""


class IncompleteError(SDElementsError):
    """The answers of the server are not the whole list, or changed while it was read."""


def unexpected_shape(url: str, what: str, advice: str) -> SDElementsError:
    """Return the error of an answer that differs from what SD Elements sends."""
    problem = f"The response to GET {url} has an unexpected form: {what}."
    return SDElementsError("unexpected_shape", problem, advice, status=200, method="GET", url=url)


class TaskError(Exception):
    """Another task, on which this one relies, failed. Its result is the result of this one."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__("Another task failed.")
        self.result = result


def failed_result(error: Exception) -> dict[str, Any]:
    """Return a failed result of Ansible, without the text of an unexpected exception: that may hold a secret."""
    failed = {"failed": True, "changed": False}
    if isinstance(error, TaskError):
        return {**failed, **error.result}
    if isinstance(error, SDElementsError):
        return {**failed, **error.as_failure()}
    problem = f"securitycompass.sdelements failed unexpectedly ({type(error).__name__})."
    unexpected = SDElementsError("internal", problem, "Report this bug with the traceback that -vvv prints.")
    return {**failed, **unexpected.as_failure(), "exception": "".join(traceback.format_tb(error.__traceback__))}
