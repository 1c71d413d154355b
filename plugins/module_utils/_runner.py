# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the only place that talks to AnsibleModule."""

from __future__ import annotations

import traceback

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.securitycompass.sdelements.plugins.module_utils import _connections, _options, _requests
from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import SDElementsError
from ansible_collections.securitycompass.sdelements.plugins.module_utils._redact import scrub_text

try:
    from ansible.module_utils.secrets import register_secrets  # ansible-core 2.22 and newer
except ImportError:
    register_secrets = None


def run(kind: _connections.Kind) -> None:
    """Gather one kind of connection as an Ansible module."""
    module = AnsibleModule(
        argument_spec={**_options.CONNECTION_OPTIONS, **_options.QUERY_OPTIONS},
        mutually_exclusive=_options.MUTUALLY_EXCLUSIVE,
        supports_check_mode=True,
    )
    # Some releases of ansible-core return the arguments as they are, and people put passwords into URLs.
    if module.params["url"]:
        module.params["url"] = scrub_text(module.params["url"])
    module.exit_json(changed=False, **_gathered(module, kind))


def _gathered(module: AnsibleModule, kind: _connections.Kind) -> dict[str, object]:
    """The module's result; does not return if there is none."""
    if _requests.IMPORT_ERROR:
        missing = SDElementsError("missing_library", missing_required_lib(_requests.REQUIREMENT))
        module.fail_json(exception=_requests.IMPORT_ERROR, **missing.as_failure())
    try:
        result = _connections.gather(kind, module.params)
    except SDElementsError as exc:
        module.fail_json(**exc.as_failure())
    except Exception as exc:  # its text is not shown, since it may hold what the server sent
        problem = f"The collection itself failed ({type(exc).__name__})."
        unexpected = SDElementsError("internal", problem, "Please report it, with the traceback that -vvv shows.")
        module.fail_json(exception="".join(traceback.format_tb(exc.__traceback__)), **unexpected.as_failure())
    for warning in result.warnings:
        module.warn(warning)
    _register(module, result.secrets)
    return result.facts


def _register(module: AnsibleModule, secrets: list[str]) -> None:
    """Have ansible-core mask the secrets that the user asked for, where it can."""
    if not secrets:
        return
    if register_secrets:
        register_secrets(secrets)
    elif not module.no_log:
        module.warn(
            "include_secrets returns credentials in clear, and this ansible-core cannot mask them. "
            "Set no_log on this task and on each task that uses them."
        )
