# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes how long the tasks of a play took and which records they gathered, for the benchmark."""

from __future__ import annotations

DOCUMENTATION = r"""
name: sde_bench
type: notification
short_description: Note how long the tasks of a play took
description: Writes seconds and the IDs of records to the file in the environment variable E(SDE_BENCH_OUTPUT).
"""

import json
import os
import time

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """Two looks at the clock. All else waits until the clock has stopped."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "sde_bench"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._started = None
        self._last = None
        self._failure = None

    def v2_playbook_on_task_start(self, task, is_conditional):
        """The clock starts with the first task."""
        if self._started is None:
            self._started = time.monotonic()

    def v2_runner_on_ok(self, result):
        """Keep the last result: it is the one with the records."""
        self._last = result

    def v2_runner_on_failed(self, result, ignore_errors=False):
        """Keep the first failure."""
        self._failure = self._failure or f"{result.task_name}: {result.result.get('msg')}"

    def v2_playbook_on_stats(self, stats):
        """The clock stops when the play is over."""
        now = time.monotonic()
        noted = {
            "seconds": 0.0 if self._started is None else now - self._started,
            "ids": [record["id"] for record in self._records()],
            "failure": self._failure,
        }
        with open(os.environ["SDE_BENCH_OUTPUT"], "w", encoding="utf-8") as file:
            json.dump(noted, file)

    def _records(self):
        result = {} if self._last is None else self._last.result
        # Modules name them so, 'set_fact' puts them among the facts, and 'uri' returns what the server sent.
        for source in (result, result.get("ansible_facts"), result.get("json")):
            for name in ("connections", "projects", "results"):
                if source and source.get(name):
                    return source[name]
        return []
