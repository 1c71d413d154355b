# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the second door to its modules, in the controller's own process.

A module costs a Python of its own and the import of C(requests) for each task. On the controller neither is
needed. What is imported here is imported once: ansible-core loads an action plugin in its main process, and forks
the workers from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from ansible_collections.securitycompass.sdelements.plugins.module_utils import _requests, _runner
from ansible_collections.securitycompass.sdelements.plugins.module_utils._connections import Kind
from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._arguments import validated


class InProcessAction(NormalAction):
    """Gathers connections in this process where that gives what the module would give, and by the module elsewhere."""

    kind: Kind

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The task's result, by the door that is open."""
        reason = self._reason_for_the_module()
        if reason:
            Display().vvv(f"{self._task.action} runs as a module: {reason}")
            return super().run(tmp, task_vars)
        Display().vvv(f"{self._task.action} runs in the process of ansible-core")
        try:
            outcome = _runner.outcome_of(self.kind, self._validated(), self._task.no_log)
        except OptionError as exc:
            return {"failed": True, "changed": False, **exc.as_failure()}
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

    def _validated(self) -> dict[str, Any]:
        """The task's arguments, checked as AnsibleModule checks them, with its messages."""
        return validated(self._task.action, _runner.ARGUMENT_SPEC, _plain(self._task.args))


def _plain(value: Any) -> Any:
    """Arguments as a module gets them: ansible-core has types of its own for texts from YAML and from a vault."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)
