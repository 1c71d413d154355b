# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts that the modules promise, by the kind of the embedded API's records: keys and types on every release."""

from __future__ import annotations

NONE = type(None)

_CONNECTION = {
    "id": int,
    "kind": str,
    "alias": (str, NONE),
    "project": (int, NONE),
    "connector": (int, NONE),
    "system": (str, NONE),
    "system_id": (str, NONE),
    "system_short_name": (str, NONE),
    "frequency": (str, NONE),
    "command": (str, NONE),
    "server": dict,
    "validate_certs": (bool, NONE),
    "params": dict,
    "params_visible": bool,
    "secrets_set": list,
    "inaccessible": (bool, NONE),
    "in_progress": (bool, NONE),
    "debug_mode": (bool, NONE),
    "last_job": (dict, NONE),
}
_CONNECTOR = {
    "id": int,
    "kind": str,
    "name": (str, NONE),
    "system": (str, NONE),
    "system_id": (str, NONE),
    "system_short_name": (str, NONE),
    "server": dict,
    "validate_certs": (bool, NONE),
    "params": dict,
    "params_visible": bool,
    "secrets_set": list,
    "inaccessible": (bool, NONE),
}
_PROJECT = {
    "id": int,
    "name": (str, NONE),
    "slug": (str, NONE),
    "url": (str, NONE),
    "application": (int, NONE),
    "archived": (bool, NONE),
    "profile": (dict, NONE),
    "parent": (int, NONE),
    "tags": list,
    "description": (str, NONE),
    "created": (str, NONE),
    "updated": (str, NONE),
    "locked": (bool, NONE),
    "custom_attributes": (dict, NONE),
    "users": (list, NONE),
    "groups": (list, NONE),
    "creator": (str, NONE),
}
# Facts that old releases do not send, or whose values change between releases.
_CHANGING_CONNECTION = frozenset(
    "system connector system_short_name inaccessible in_progress debug_mode last_job validate_certs".split()
)
_CHANGING_CONNECTOR = frozenset(
    "system system_id system_short_name server validate_certs params params_visible secrets_set".split()
)
_CHANGING_PROJECT = frozenset("url profile parent locked custom_attributes users groups creator".split())

CONTRACTS = {
    "alm": _CONNECTION,
    "analysis": _CONNECTION,
    "alm_connector": _CONNECTOR,
    "analysis_connector": _CONNECTOR,
    "project": _PROJECT,
}
CHANGING = {
    "alm": _CHANGING_CONNECTION,
    "analysis": _CHANGING_CONNECTION,
    "alm_connector": _CHANGING_CONNECTOR,
    "analysis_connector": _CHANGING_CONNECTOR,
    "project": _CHANGING_PROJECT,
}
