# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Returns the JSON of a file: Ansible's own floor for a result of that size, in the controller's process."""

from __future__ import annotations

import json
import os

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """An action that does nothing but return. Reading the file is part of the floor, as decoding is of an answer."""

    def run(self, tmp=None, task_vars=None):
        """The content of the file in SDE_BENCH_FACTS_FILE."""
        super().run(tmp, task_vars)
        with open(os.environ["SDE_BENCH_FACTS_FILE"], encoding="utf-8") as file:
            return {"changed": False, **json.load(file)}
