# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Audits connections in the controller's own process."""

from __future__ import annotations

from functools import partial
from typing import Any

from ..plugin_utils._action import ControllerAction, gather_side_by_side, validate_with_connections
from ..plugin_utils._audit import task
from ..plugin_utils._audit.failure import failure_reported
from ..plugin_utils._files import TaskFiles
from ..plugin_utils._native_types import to_builtin_types


class ActionModule(ControllerAction):
    """Audits connections by a policy."""

    def result(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the audit's result."""
        arguments = to_builtin_types(self._task.args)
        check_mode = self._task.check_mode
        files = TaskFiles(self._find_needle, self._loader)
        arguments_of = partial(task.gather_arguments, arguments)
        gather = partial(gather_side_by_side, self, arguments_of=arguments_of, task_vars=task_vars)

        def audit() -> dict[str, Any]:
            options = validate_with_connections(
                self._task.action, task.AUDIT_ARGUMENTS, arguments, mutually_exclusive=task.NOT_BOTH
            )
            return task.audit(
                options,
                files,
                gather,
                templar=self._templar,
                task_vars=task_vars,
                check_mode=check_mode,
                diff_mode=self._task.diff,
            )

        return failure_reported(audit, task.AUDIT_ARGUMENTS, arguments, files, check_mode=check_mode)
