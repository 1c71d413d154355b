# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks policies in the controller's own process."""

from __future__ import annotations

from typing import Any

from ..plugin_utils._action import ControllerAction, validate_with_connections
from ..plugin_utils._audit import task
from ..plugin_utils._files import TaskFiles
from ..plugin_utils._native_types import to_builtin_types


class ActionModule(ControllerAction):
    """Checks a policy by its schema and its tests."""

    def result(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the result of the check."""
        options = validate_with_connections(
            self._task.action,
            task.CHECK_ARGUMENTS,
            to_builtin_types(self._task.args),
            mutually_exclusive=task.NOT_BOTH,
        )
        files = TaskFiles(self._find_needle, self._loader)
        return task.check_policy(options, files, templar=self._templar, task_vars=task_vars)
