# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module of the same name, in the controller's own process."""

from __future__ import annotations

from ..module_utils._projects import PROJECTS
from ..plugin_utils._action import GatherAction


class ActionModule(GatherAction):
    """Gathers projects."""

    resource = PROJECTS
