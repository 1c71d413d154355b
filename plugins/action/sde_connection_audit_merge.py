# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merges the reports of several audits in the controller's own process."""

from __future__ import annotations

from typing import Any

from ..plugin_utils._action import ControllerAction, validate_arguments
from ..plugin_utils._audit import task
from ..plugin_utils._audit.failure import failure_reported
from ..plugin_utils._files import TaskFiles
from ..plugin_utils._native_types import to_builtin_types


class ActionModule(ControllerAction):
    """Makes one report of several."""

    def result(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the result of all audits together."""
        arguments, check_mode = to_builtin_types(self._task.args), self._task.check_mode
        files = TaskFiles(self._find_needle, self._loader)

        def merge() -> dict[str, Any]:
            return task.merge(validate_arguments(self._task.action, task.MERGE_ARGUMENTS, arguments), check_mode)

        return failure_reported(merge, task.MERGE_ARGUMENTS, arguments, files, check_mode=check_mode)
