# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: write the reports of an audit that could not be completed.

Otherwise the reports of an earlier audit would remain, and a pipeline would publish them as those of this run.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import AnsibleFallbackNotFound

from ...module_utils._errors import OptionError, failed_result
from ...module_utils._redact import scrub_text
from ...module_utils._server import SERVER_OPTIONS
from .._files import TaskFiles
from .._render import write
from .connections import server_name, server_url
from .model import Report, VerdictOptions
from .report import Scope, failed_report

# Argument specs, and arguments before they are validated.
_Spec = dict[str, Any]
_Result = dict[str, Any]
_Arguments = dict[str, Any]


def failure_reported(
    work: Callable[[], _Result], spec: _Spec, arguments: _Arguments, files: TaskFiles, *, check_mode: bool
) -> _Result:
    """Return the result of an audit. If it could not be completed, the reports and the result say why."""
    written: list[str] = []
    try:
        return work()
    except BaseException as exc:
        if not check_mode:
            written = _write_reports(_report(spec, arguments, exc), _paths(spec, arguments, files))
        # ansible-core handles the others: the host is unreachable, or the user interrupts the run.
        if isinstance(exc, AnsibleConnectionFailure) or not isinstance(exc, Exception):
            raise
        return {**failed_result(exc), "report_files": written}


def _write_reports(report: Report, paths: dict[str, str]) -> list[str]:
    written = []
    for name, path in paths.items():
        # Another error must not hide the first one, and concerns no other report.
        with suppress(Exception):
            written += write.write_reports(report, {name: path})
    return written


def _report(spec: _Spec, arguments: _Arguments, exc: BaseException) -> Report:
    problem, address = _problem(exc)
    given = _value(spec, arguments, "server") or _value(spec, arguments, "url") or address
    if given is None and _gathers(spec, arguments):
        given = _address_in_environment()
    return failed_report(
        problem,
        Scope(server_name(given), server_url(given), None),
        _policies(spec, arguments),
        VerdictOptions(
            fail_on=_value(spec, arguments, "fail_on") or "high",
            inconclusive=_value(spec, arguments, "inconclusive") or "warn",
            known_findings=_value(spec, arguments, "known_findings") or "fail",
            vacuous=_value(spec, arguments, "vacuous") or "warn",
            unused_waivers="warn",
        ),
    )


def _gathers(spec: _Spec, arguments: _Arguments) -> bool:
    return "url" in spec and not (arguments.get("connections") or arguments.get("connections_file"))


def _address_in_environment() -> str | None:
    read, names = SERVER_OPTIONS["url"]["fallback"]
    try:
        return str(read(*names))
    except AnsibleFallbackNotFound:
        return None


def _policies(spec: _Spec, arguments: _Arguments) -> list[str]:
    """Return the names of the policy's files. If it is given as a mapping by error, that may have secrets."""
    given = arguments.get("policy")
    names = [one for one in given if isinstance(one, str)] if isinstance(given, list) else given
    return [scrub_text(name) for name in _value(spec, {"policy": names}, "policy") or []]


def _problem(exc: BaseException) -> tuple[str, str | None]:
    """Return a message without secrets, and the URL that it is about."""
    if isinstance(exc, AnsibleConnectionFailure):
        return "The host of the task is unreachable.", None
    if not isinstance(exc, Exception):
        return f"The task was interrupted ({type(exc).__name__}).", None
    result = failed_result(exc)
    return str(result.get("msg") or "Another task failed."), (result.get("failure") or {}).get("url")


def _paths(spec: _Spec, arguments: _Arguments, files: TaskFiles) -> dict[str, str]:
    """Return the paths of the known formats, even if others are misspelt. The next audit needs the baseline."""
    given = arguments.get("reports")
    if isinstance(given, dict):
        given = {name: path for name, path in given.items() if name in write.FORMATS}
    paths = _value(spec, {"reports": given}, "reports") or {}
    baseline = _real_path(files, _value(spec, arguments, "baseline"))
    return {name: path for name, path in paths.items() if path and os.path.realpath(path) != baseline}


def _real_path(files: TaskFiles, baseline: str | None) -> str | None:
    try:
        return os.path.realpath(files.find("baseline", baseline)) if baseline else None
    except OptionError:  # it does not exist
        return None


def _value(spec: _Spec, arguments: _Arguments, name: str) -> Any:
    """Return an argument with the right type, or its default if it is invalid or missing; None without a default."""
    if name not in spec:
        return None
    given = {name: arguments[name]} if arguments.get(name) is not None else {}
    # The validator fills in the defaults of suboptions, in the argument spec itself.
    result = ArgumentSpecValidator({name: deepcopy(spec[name])}).validate(given)
    return spec[name].get("default") if result.error_messages else result.validated_parameters[name]
