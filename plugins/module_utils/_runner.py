# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: from arguments to a result of Ansible, and the only place that talks to AnsibleModule."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.securitycompass.sdelements.plugins.module_utils import _connections, _options, _requests
from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import (
    failed_result,
    OptionError,
    SDElementsError,
)
from ansible_collections.securitycompass.sdelements.plugins.module_utils._redact import scrub_text

try:
    from ansible.module_utils.secrets import register_secrets  # ansible-core 2.22 and newer
except ImportError:
    register_secrets = None

ARGUMENT_SPEC = {**_options.CONNECTION_OPTIONS, **_options.QUERY_OPTIONS}


class _Module(AnsibleModule):
    """AnsibleModule whose own complaints about arguments have the structure of ours."""

    def fail_json(self, msg: str, **result: Any) -> None:
        super().fail_json(**{**OptionError(msg).as_failure(), **result})


class Outcome(NamedTuple):
    """A result of Ansible, successful or failed, with the warnings that belong to it."""

    result: dict[str, Any]
    warnings: list[str]


def run(kind: _connections.Kind) -> None:
    """Gather one kind of connection as an Ansible module."""
    module = _Module(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    # Some releases of ansible-core return the arguments as they are, and people put passwords into URLs, and keys
    # where the name of their file belongs.
    for name in ("url", "ca_path", "client_cert", "client_key"):
        if module.params[name]:
            module.params[name] = scrub_text(module.params[name])
    outcome = outcome_of(kind, module.params, module.no_log)
    for warning in outcome.warnings:
        module.warn(warning)
    if outcome.result.get("failed"):
        module.fail_json(**outcome.result)
    module.exit_json(**outcome.result)


def outcome_of(kind: _connections.Kind, params: dict[str, Any], no_log: bool) -> Outcome:
    """Gather one kind of connection, given validated options. What goes wrong is a failed result."""
    if _requests.IMPORT_ERROR:
        cure = f"Run: {sys.executable} -m pip install '{_requests.REQUIREMENT}'."
        missing = SDElementsError("missing_library", missing_required_lib(_requests.REQUIREMENT), cure)
        return Outcome({**failed_result(missing), "exception": _requests.IMPORT_ERROR}, [])
    try:
        facts, warnings, secrets = _connections.gather(kind, params)
    except Exception as exc:
        return Outcome(failed_result(exc), [])
    return Outcome({"changed": False, **facts}, warnings + _register(secrets, no_log))


def _register(secrets: list[str], no_log: bool) -> list[str]:
    """Have ansible-core mask the secrets that the user asked for, or say that it cannot."""
    if not secrets:
        return []
    if register_secrets:
        register_secrets(secrets)
        return []
    if no_log:
        return []
    return [
        "include_secrets returns credentials in clear, and this ansible-core cannot mask them. "
        "Set no_log on this task and on each task that uses them."
    ]
