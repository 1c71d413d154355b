# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the action plugins' entry point, in the controller's own process.

A module costs a Python of its own and the import of C(requests) for each task. On the controller neither is
needed. Imports happen once: ansible-core loads an action plugin in its main process, and forks the workers from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from ..module_utils import _requests
from ..module_utils._errors import OptionError, failed_result
from ..module_utils._gather import argument_spec, gather
from ..module_utils._resource import Resource
from ._native_types import to_builtin_types


class ControllerAction(ActionBase):
    """An action that runs on the controller only. Whatever goes wrong is a failed result."""

    TRANSFERS_FILES = False

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the task's result."""
        return {**super().run(tmp, task_vars), **result_of(lambda: self.result(task_vars or {}))}

    def result(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Do the work. Subclasses implement this, and may raise anything."""
        raise NotImplementedError


class GatherAction(NormalAction):
    """Gathers connections in this process where the result is the same as the module's, and by the module elsewhere."""

    resource: Resource

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the task's result."""
        reason = self._reason_for_the_module()
        if reason:
            Display().vvv(f"{self._task.action} runs as a module: {reason}")
            result: dict[str, Any] = super().run(tmp, task_vars)
            return result
        Display().vvv(f"{self._task.action} runs in the process of ansible-core")
        return result_of(self._gather)

    def _gather(self) -> dict[str, Any]:
        arguments = validate_arguments(self._task.action, argument_spec(self.resource), self._task.args)
        outcome = gather(self.resource, arguments, self._task.no_log)
        return {**outcome.result, **({"warnings": outcome.warnings} if outcome.warnings else {})}

    def _reason_for_the_module(self) -> str | None:
        """Why this task cannot run in this process; None if it can."""
        if self._connection.transport != "local":
            return f"its connection is {self._connection.transport}"
        if self._connection.become:
            return "it becomes another user"
        if self._task.async_val:
            return "it is asynchronous"
        if any(self._task.environment or []):
            return "it has an environment of its own"
        if _requests.IMPORT_ERROR:
            return "the Python of ansible-core has no requests"
        return None


def result_of(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the result of a call, or a failed one: an exception must not show what it holds."""
    try:
        return work()
    except Exception as exc:  # noqa: BLE001 (an exception must not show what it holds)
        return failed_result(exc)


def validate_arguments(
    action: str, spec: dict[str, Any], arguments: dict[str, Any], **constraints: Any
) -> dict[str, Any]:
    """Return arguments with the right types and with defaults, checked as AnsibleModule checks them.

    Raises an OptionError in the words of ansible-core.
    """
    result = ArgumentSpecValidator(spec, **constraints).validate(to_builtin_types(arguments))
    if result.error_messages:
        message = result.errors.msg
        if isinstance(result.errors[0], UnsupportedError):
            message = f"Unsupported parameters for ({action}) module: {message}"
        raise OptionError(message)
    validated: dict[str, Any] = result.validated_parameters
    return validated
