# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the entry point of the modules, and the only file that uses AnsibleModule."""

from __future__ import annotations

import sys
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from . import _requests
from ._errors import OptionError, SDElementsError
from ._gather import argument_spec, gather
from ._redact import scrub_text
from ._resource import Resource


class _Module(AnsibleModule):
    """AnsibleModule with C(failure) in its own errors about arguments."""

    def fail_json(self, msg: str, **result: Any) -> None:
        super().fail_json(**{**OptionError(msg).as_failure(), **result})


def run(resource: Resource) -> None:
    """Gather a resource as an Ansible module."""
    module = _Module(argument_spec=argument_spec(resource), supports_check_mode=True)
    # Some releases of ansible-core return the arguments as they are, and people put passwords into URLs, and keys
    # where the name of their file belongs.
    for name in ("url", "ca_path", "client_cert", "client_key"):
        if module.params[name]:
            module.params[name] = scrub_text(module.params[name])
    _require_requests(module)
    outcome = gather(resource, module.params, module.no_log)
    for warning in outcome.warnings:
        module.warn(warning)
    if outcome.result.get("failed"):
        module.fail_json(**outcome.result)
    module.exit_json(**outcome.result)


def _require_requests(module: _Module) -> None:
    if _requests.IMPORT_ERROR:
        advice = f"Run: {sys.executable} -m pip install '{_requests.REQUIREMENT}'."
        missing = SDElementsError("missing_library", missing_required_lib(_requests.REQUIREMENT), advice)
        module.fail_json(**missing.as_failure(), exception=_requests.IMPORT_ERROR)
