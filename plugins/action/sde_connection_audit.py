# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Audits connections in the controller's own process."""

from __future__ import annotations

from typing import Any

from ..plugin_utils._action import ControllerAction, validate_arguments
from ..plugin_utils._audit import task
from ..plugin_utils._files import TaskFiles
from ..plugin_utils._native_types import to_builtin_types


class ActionModule(ControllerAction):
    """Audits connections by a policy."""

    def result(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the audit's result."""
        arguments = to_builtin_types(self._task.args)
        connections = arguments.get("connections")
        # There may be many connections, and the validator copies all arguments.
        small = arguments if connections is None else {**arguments, "connections": []}
        options = validate_arguments(
            self._task.action,
            task.AUDIT_ARGUMENTS,
            small,
            mutually_exclusive=task.CONNECTIONS_FROM,
            required_one_of=task.CONNECTIONS_FROM,
        )
        files = TaskFiles(self._find_needle, self._loader)
        options["connections"] = connections
        return task.audit(options, files, self._templar, task_vars, self._task.check_mode)
