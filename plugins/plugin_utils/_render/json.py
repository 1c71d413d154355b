# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the audit's document as a JSON file (see data/report.schema.json).

Each rule, connection and finding is a line of its own: quick to write, and two reports can be compared by eye.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.text import HIDDEN

# Valid in JSON, but hidden from readers, or no part of UTF-8. (What ASCII has of it is escaped anyway.)
_HIDDEN = re.compile(f"[{HIDDEN}]")


def render(document: dict[str, Any]) -> str:
    """The document as JSON text that UTF-8 can hold, whatever is in it."""
    keys = [f" {_dumped(key)}: {_listed(value)}" for key, value in document.items()]
    return _HIDDEN.sub(_escaped, "{\n" + ",\n".join(keys) + "\n}\n")


def _listed(value: Any) -> str:
    """A value on one line; a list of objects has a line for each."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(f"  {_dumped(item)}" for item in value) + "\n ]"
    return _dumped(value)


def _dumped(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:  # JSON has no infinity and no NaN
        return json.dumps(_without_nan(value), ensure_ascii=False)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    if isinstance(value, float) and value - value != 0:
        return str(value)
    return value


def _escaped(match: re.Match) -> str:
    """One character as JSON escapes it; beyond the first 65,536 as two."""
    return json.dumps(match.group())[1:-1]
