# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merges the reports of several audits in the controller's own process."""

from __future__ import annotations

from typing import Any

from ..plugin_utils._action import ControllerAction, validate_arguments
from ..plugin_utils._audit import task


class ActionModule(ControllerAction):
    """Makes one report of several."""

    def result(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the result of all audits together."""
        options = validate_arguments(self._task.action, task.MERGE_ARGUMENTS, self._task.args)
        return task.merge(options, self._task.check_mode)
