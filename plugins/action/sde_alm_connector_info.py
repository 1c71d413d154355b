# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module of the same name, in the controller's own process."""

from __future__ import annotations

from ..module_utils._connectors import ALM_CONNECTORS
from ..plugin_utils._action import GatherAction


class ActionModule(GatherAction):
    """Gathers ALM connectors."""

    resource = ALM_CONNECTORS
