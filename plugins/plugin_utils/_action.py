# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the action plugins' entry point, in the controller's own process.

A module costs a Python of its own and the import of C(requests) for each task. On the controller neither is
needed. Imports happen once: ansible-core loads an action plugin in its main process, and forks the workers from it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from ..module_utils import _requests
from ..module_utils._errors import OptionError, failed_result
from ..module_utils._gather import argument_spec, gather
from ..module_utils._pages import Progress
from ..module_utils._resource import Resource
from ._native_types import to_builtin_types
from ._progress import progress_shown

Result = dict[str, Any]
Arguments = dict[str, Any]


class ControllerAction(ActionBase):
    """An action that runs on the controller only. Whatever goes wrong is a failed result."""

    TRANSFERS_FILES = False

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> Result:
        """Return the task's result."""
        return {**super().run(tmp, task_vars), **result_of(lambda: self.result(task_vars or {}))}

    def result(self, task_vars: dict[str, Any]) -> Result:
        """Do the work. Subclasses implement this, and may raise anything."""
        raise NotImplementedError


class GatherAction(NormalAction):
    """Gathers a resource in this process where the result is the same as the module's, and by the module elsewhere."""

    resource: Resource

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> Result:
        """Return the task's result."""
        if runs_in_process(self):
            return result_of(lambda: gather_in_process(self, self.resource, self._task.args))
        result: Result = super().run(tmp, task_vars)
        return result


def gather_side_by_side(
    action: ActionBase,
    resources: dict[str, Resource],
    arguments_of: Callable[[Resource], Arguments],
    task_vars: dict[str, Any],
) -> list[Result]:
    """Return the results of modules, which are given by their names with the resources that they gather.

    Where this process cannot gather, the modules run one after the other: they share a connection to their host.
    """
    if runs_in_process(action):
        with ThreadPoolExecutor(len(resources)) as threads:
            return list(threads.map(lambda one: gather_in_process(action, one, arguments_of(one)), resources.values()))
    return [
        _result_of_module(
            action._execute_module(module_name=name, module_args=arguments_of(resource), task_vars=task_vars)
        )
        for name, resource in resources.items()
    ]


def _result_of_module(result: Result) -> Result:
    """Return a result of built-in types. Newer releases of ansible-core return objects for warnings."""
    warnings = [getattr(getattr(one, "event", None), "msg", one) for one in result.get("warnings", ())]
    built_in: Result = to_builtin_types({**result, **({"warnings": warnings} if warnings else {})})
    return built_in


def gather_in_process(action: ActionBase, resource: Resource, arguments: Arguments) -> Result:
    """Return the result of a module with these arguments."""
    options = validate_arguments(action._task.action, argument_spec(resource), arguments)
    progress = Progress()
    with progress_shown(progress.__str__):
        outcome = gather(resource, options, action._task.no_log, progress)
    return {**outcome.result, **({"warnings": outcome.warnings} if outcome.warnings else {})}


def runs_in_process(action: ActionBase) -> bool:
    """Return whether an action can gather in this process, with the same result as a module's."""
    reason = _reason_for_the_module(action)
    how = f"runs as a module: {reason}" if reason else "runs in the process of ansible-core"
    Display().vvv(f"{action._task.action} {how}")
    return reason is None


def _reason_for_the_module(action: ActionBase) -> str | None:
    if action._connection.transport != "local":
        return f"its connection is {action._connection.transport}"
    if action._connection.become:
        return "become is set"
    if action._task.async_val:
        return "async is set"
    if any(action._task.environment or []):
        return "environment is set"
    if _requests.IMPORT_ERROR:
        return "the Python of ansible-core does not have requests"
    return None


def result_of(work: Callable[[], Result]) -> Result:
    """Return the result of a call, or a failed one: the text of an exception may contain a secret."""
    try:
        return work()
    except AnsibleConnectionFailure:  # ansible-core reports a host that cannot be reached
        raise
    except Exception as exc:  # noqa: BLE001 (the text of an exception may contain a secret)
        return failed_result(exc)


def validate_with_connections(
    action: str, spec: dict[str, Any], arguments: dict[str, Any], **constraints: Any
) -> dict[str, Any]:
    """Return validated arguments with unchanged facts: there may be many, and the validator copies all others.

    Null means 'not set', because some options have choices.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    facts = {name: given.get(name) for name in ("connections", "projects", "connectors")}
    small = {name: [] if name in facts else value for name, value in given.items()}
    return {**validate_arguments(action, spec, small, **constraints), **facts}


def validate_arguments(
    action: str, spec: dict[str, Any], arguments: dict[str, Any], **constraints: Any
) -> dict[str, Any]:
    """Return arguments with the right types and with defaults, checked as AnsibleModule checks them.

    Raises an OptionError in the words of ansible-core.
    """
    # The validator fills in the defaults of suboptions, in the argument spec itself.
    result = ArgumentSpecValidator(deepcopy(spec), **constraints).validate(to_builtin_types(arguments))
    if result.error_messages:
        message = result.errors.msg
        if isinstance(result.errors[0], UnsupportedError):
            message = f"Unsupported parameters for ({action}) module: {message}"
        raise OptionError(message)
    validated: dict[str, Any] = result.validated_parameters
    return validated
