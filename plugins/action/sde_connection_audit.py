# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Audits connections in the controller's own process: arguments in, result out."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.utils.display import Display
from yaml import MarkedYAMLError

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError, SDElementsError
from ansible_collections.securitycompass.sdelements.plugins.module_utils._redact import scrub_text
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit import connections as _audit_connections
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit import report as _audit_document
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit import policy as _audit_policy
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit import rules as _audit_rules
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit import policy_yaml as _audit_yaml
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render import write as _reports
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._action import (
    ControllerAction,
    validate_arguments,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.templating import Engine
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._native_types import to_builtin_types

ARGUMENT_SPEC: dict[str, Any] = {
    "connections": {"type": "raw"},
    "connections_file": {"type": "path"},
    "policy": {"type": "list", "elements": "str", "default": [_audit_policy.STARTER]},
    "policy_vars": {"type": "dict", "default": {}},
    "server": {"type": "str"},
    "baseline": {"type": "path"},
    "fail_on": {"type": "str", "choices": [*_audit_policy.SEVERITIES, _audit_document.NEVER], "default": "high"},
    "inconclusive": {"type": "str", "choices": ["warn", "fail"], "default": "warn"},
    "known_findings": {"type": "str", "choices": ["fail", "accept"], "default": "fail"},
    "reports": _reports.ARGUMENT,
}
ONE_OF = [("connections", "connections_file")]

_SECONDS_BETWEEN_LINES = 5


class ActionModule(ControllerAction):
    """Audits connections by a policy."""

    def result(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the audit's result."""
        options = self._options()
        connections = _audit_connections.checked(self._connections(options))
        baseline = self._baseline(options["baseline"])
        # Without variables: to compile an expression takes none.
        compiler = Engine(self._templar, {}, {})
        policy = _audit_policy.load(options["policy"], self._read_policy, options["policy_vars"], compiler.problem)
        settings = _audit_document.Settings(
            server=_audit_connections.server_name(options["server"]),
            audited_at=datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            fail_on=options["fail_on"],
            inconclusive=options["inconclusive"],
            known_findings=options["known_findings"],
        )
        data = {**policy.variables, "connections": connections, "audited_at": settings.audited_at}
        progress = _Progress(len(policy.rules))
        engine = Engine(self._templar, task_vars, data, progress.tick)
        verdicts = []
        for rule in policy.rules:
            progress.begin(rule.id)
            verdicts += _audit_rules.judge(rule, connections, engine)
        document = _audit_document.make(policy, connections, verdicts, settings, baseline)
        paths = {name: os.path.abspath(path) for name, path in options["reports"].items() if path}
        written = [] if self._task.check_mode else _reports.write(document, paths)
        return {**_result(document, written), "warnings": _audit_document.warnings_of(document, baseline)}

    def _connections(self, options: dict[str, Any]) -> Any:
        name = options["connections_file"]
        return (
            _audit_connections.of_file(self._read("connections_file", name), name) if name else options["connections"]
        )

    def _baseline(self, name: str | None) -> dict[str, Any] | None:
        return _audit_document.checked(self._read("baseline", name), "baseline", name) if name else None

    def _options(self) -> dict[str, Any]:
        """The task's arguments, checked, with defaults."""
        arguments = to_builtin_types(self._task.args)
        # Connections may be many, and the validator copies what it checks.
        connections = arguments.get("connections")
        checked = {**arguments, **({"connections": []} if connections is not None else {})}
        options = validate_arguments(
            self._task.action, ARGUMENT_SPEC, checked, mutually_exclusive=ONE_OF, required_one_of=ONE_OF
        )
        if options["known_findings"] == "accept" and not options["baseline"]:
            raise OptionError(
                "known_findings: accept is of use only with baseline.", "Give the JSON report of an earlier run there."
            )
        return {**options, "connections": connections}

    def _read_policy(self, name: str) -> Any:
        if name == _audit_policy.STARTER:
            return to_builtin_types(self._loader.load_from_file(str(_audit_policy.STARTER_FILE)))
        return self._read("policy", name, check=_check_policy)

    def _read(self, option: str, name: str, check: Callable[[str, str], None] = lambda path, name: None) -> Any:
        """What a YAML or JSON file holds, found as Ansible finds files, decrypted if need be."""
        try:
            path = self._find_needle("files", name)
        except AnsibleError:
            path = os.path.abspath(name)
            if not os.path.isfile(path):
                raise OptionError(
                    f"{option}: there is no file {name} next to the playbook or in {os.getcwd()}."
                ) from None
        try:
            real = self._loader.get_real_file(path)
            # Ansible's own reader would say what is wrong with a file that is no text, with halves of characters in it.
            Path(real).read_text(encoding="utf-8")
            check(real, name)
            return _json_of(real) or to_builtin_types(self._loader.load_from_file(path))
        except (AnsibleError, OSError, ValueError, RecursionError) as exc:
            kind = "policy" if option == "policy" else "option"
            raise SDElementsError(kind, f"{option}: {name} cannot be read: {_reason(exc)}.") from exc


def _check_policy(path: str, name: str) -> None:
    """Refuse what is gone, or has no place any more, once a policy's YAML is values."""
    mistakes = _audit_yaml.mistakes(path, name)
    if mistakes:
        raise _audit_policy.PolicyError(mistakes)


def _reason(exc: BaseException) -> str:
    """Why a file cannot be read, without the lines of the file that ansible-core would show."""
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror
    if isinstance(exc, UnicodeError):
        return "it is no text in UTF-8"
    if isinstance(exc, RecursionError):
        return "something in it is part of itself, or too deep"
    cause: BaseException | None = exc
    while cause:
        if isinstance(cause, MarkedYAMLError) and cause.problem_mark:
            return f"line {cause.problem_mark.line + 1} is no YAML ({cause.problem})"
        cause = cause.__cause__ or getattr(cause, "orig_exc", None) or cause.__context__
    return scrub_text(str(exc).splitlines()[0].rstrip("."))


class _Progress:
    """A line now and then for whoever waits."""

    def __init__(self, rules: int) -> None:
        self._rules = rules
        self._number = 0
        self._rule = ""
        self._done = 0
        self._next = time.monotonic() + _SECONDS_BETWEEN_LINES

    def begin(self, rule: str) -> None:
        """Go on to the next rule."""
        self._rule = rule
        self._number += 1
        self._done = 0

    def tick(self) -> None:
        """Count an evaluation."""
        self._done += 1
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _SECONDS_BETWEEN_LINES
            Display().display(
                f"Auditing: rule {self._number} of {self._rules} ({self._rule}), {self._done} evaluations of it"
            )


def _result(document: dict[str, Any], written: list[str]) -> dict[str, Any]:
    summary = document["summary"]
    return {
        "changed": bool(written),
        "failed": summary["verdict"] == "fail",
        "msg": summary["message"],
        "verdict": summary["verdict"],
        "verdicts": summary["verdicts"],
        "failed_by_severity": summary["failed_by_severity"],
        "findings": [one for one in document["findings"] if one["verdict"] not in ("pass", "not_applicable")],
        "worst": _audit_document.worst_of(document),
        "fixed": document["baseline"]["fixed"] if document["baseline"] else [],
        "waivers": document["waivers"],
        "reports": written,
    }


def _json_of(path: str) -> Any:
    """What a JSON file holds; None if it is YAML. Ansible's own reader takes long, and no halves of characters."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError, RecursionError):
        return None
