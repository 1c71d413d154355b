# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter 'split_names': a list of names from a list or from text."""

from __future__ import annotations

DOCUMENTATION = r"""
name: split_names
short_description: A list of names from a list, or from text as surveys return it
version_added: 1.0.0
author:
  - The securitycompass.sdelements authors (@securitycompass)
description:
  - Returns a list of names. Text is split at commas and line breaks. Spaces around names and empty names are removed.
  - Surveys of AWX return multiple choices as a list or as text, and C(-e) on the command line passes text. The roles of
    this collection read their lists with this filter.
positional: _input
options:
  _input:
    description:
      - A list, which is returned unchanged, or text.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Show the selected kinds
  ansible.builtin.debug:
    msg: "{{ wanted | securitycompass.sdelements.split_names | join(' and ') }}"
  vars:
    wanted: "alm, analysis"
"""

RETURN = r"""
_value:
  description: The names.
  type: list
  elements: str
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils._native_types import describe_type


def split_names(value: Any) -> list[Any]:
    """Return the names in a list or in text. Raises AnsibleFilterError for anything else."""
    if isinstance(value, str):
        names = [name.strip() for line in value.splitlines() for name in line.split(",")]
        return [name for name in names if name]
    if isinstance(value, list):
        return value
    raise AnsibleFilterError(f"split_names requires a list or a string, not {describe_type(value)}.")


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the functions by the names of the filters."""
        return {"split_names": split_names}
