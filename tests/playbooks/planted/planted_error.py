# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An unexpected error in each action that sends no request. It is a callback, so that the workers inherit it."""

from __future__ import annotations

from ansible.plugins.callback import CallbackBase
from sitecustomize import fail

from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit import task

DOCUMENTATION = """
name: planted_error
type: notification
short_description: Plants an error
description: Plants an error.
"""


class CallbackModule(CallbackBase):
    """Replaces the functions when it is loaded."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "planted_error"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        task.load_policy = task.merge_reports = fail
