# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the arguments of an action that has no module, checked as a module checks them."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError


def validated(action: str, spec: dict[str, Any], arguments: dict[str, Any], **constraints: Any) -> dict[str, Any]:
    """Arguments with the right types and with defaults, or an OptionError in the words of ansible-core."""
    result = ArgumentSpecValidator(spec, **constraints).validate(arguments)
    if result.error_messages:
        message = result.errors.msg
        if isinstance(result.errors[0], UnsupportedError):
            message = f"Unsupported parameters for ({action}) module: {message}"
        raise OptionError(message)
    return result.validated_parameters
