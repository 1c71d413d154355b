# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merges the reports of many audits in the controller's own process: arguments in, result out."""

from __future__ import annotations

import glob
import json
import os
from typing import Any

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit import connections as _audit_connections
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit import report as _audit_document
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit import merge as _audit_merge
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render import write as _reports
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._action import (
    ControllerAction,
    validate_arguments,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.policy import SEVERITIES

ARGUMENT_SPEC: dict[str, Any] = {
    "documents": {"type": "list", "elements": "str", "required": True},
    "servers": {"type": "list", "elements": "str", "default": []},
    "fail_on": {"type": "str", "choices": [*SEVERITIES, _audit_document.NEVER]},
    "inconclusive": {"type": "str", "choices": ["warn", "fail"]},
    "known_findings": {"type": "str", "choices": ["fail", "accept"]},
    "reports": _reports.ARGUMENT,
}


class ActionModule(ControllerAction):
    """Makes one report of many."""

    def result(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the result of all audits together."""
        options = validate_arguments(self._task.action, ARGUMENT_SPEC, self._task.args)
        parts = [_audit_merge.checked(_content(path), path) for path in _paths(options["documents"])]
        wishes = _audit_merge.Wishes(options["fail_on"], options["inconclusive"], options["known_findings"])
        servers = [name for name in map(_audit_connections.server_name, options["servers"]) if name]
        document = _audit_merge.merged(parts, servers, wishes)
        paths = {name: os.path.abspath(path) for name, path in options["reports"].items() if path}
        written = [] if self._task.check_mode else _reports.write(document, paths)
        summary = document["summary"]
        # No findings: those of many servers are too much for a log, and the reports hold them.
        return {
            "changed": bool(written),
            "failed": summary["verdict"] == "fail",
            "msg": summary["message"],
            "verdict": summary["verdict"],
            "verdicts": summary["verdicts"],
            "failed_by_severity": summary["failed_by_severity"],
            "servers": document["servers"],
            "missing_servers": document["missing_servers"],
            "waivers": document["waivers"],
            "reports": written,
            "warnings": _audit_document.warnings_of(document),
        }


def _paths(wanted: list[str]) -> list[str]:
    """The files that these names and globs mean, each once."""
    found: dict[str, str] = {}
    if not wanted:
        raise OptionError("documents is empty.", "Name the JSON reports to merge, or a glob such as reports/*.json.")
    for name in wanted:
        path = os.path.expanduser(name.strip())
        files = [path] if os.path.isfile(path) else sorted(filter(os.path.isfile, glob.glob(path, recursive=True)))
        if not files:
            raise OptionError(
                f"documents: there is no file {name} (from {os.getcwd()}).",
                "Give the JSON reports of audits, where this task can read them.",
            )
        for file in files:
            found.setdefault(os.path.realpath(file), file)
    return list(found.values())


def _content(path: str) -> Any:
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except OSError as exc:
        raise OptionError(f"documents: {path} cannot be read: {exc.strerror}.", "Check its permissions.") from None
    except (ValueError, RecursionError):  # its text may hold what the file holds
        raise OptionError(f"documents: {path} holds no JSON.", _audit_document.ADVICE) from None
