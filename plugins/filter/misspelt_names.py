# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter 'misspelt_names': an error for each variable whose name is misspelt."""

from __future__ import annotations

DOCUMENTATION = r"""
name: misspelt_names
short_description: An error for each variable whose name is misspelt
version_added: 1.0.0
author:
  - The securitycompass.sdelements authors (@securitycompass)
description:
  - Ansible ignores misspelt variables without an error. The roles of this collection find them with this filter.
  - A name is misspelt if it differs from a known name by one or two added, missing or replaced characters.
  - If O(known) is set, other unknown names are warnings.
positional: _input, known
options:
  _input:
    description:
      - The names of the variables that are set, for example from the lookup C(ansible.builtin.varnames).
    type: list
    elements: str
    required: true
  known:
    description:
      - The names of the variables that have an effect.
      - If it is not set, the variables C(sde_…) of the playbooks and roles of this collection. Names that begin with
        C(sde_awx_) or C(sde_audit) are ignored then.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Validate the names of variables
  ansible.builtin.assert:
    that: misspelt | length == 0
    fail_msg: "{{ misspelt | join(' ') }}"
    quiet: true
  vars:
    shop_name: Example
    misspelt: >-
      {{ query('ansible.builtin.varnames', '^shop_')
         | securitycompass.sdelements.misspelt_names(['shop_name', 'shop_owner']) }}
"""

RETURN = r"""
_value:
  description: An error message for each misspelt name, ordered by name.
  type: list
  elements: str
  sample: ["Unknown variable shop_nmae: did you mean shop_name?"]
"""

from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any

from ansible.utils.display import Display

from ..plugin_utils._variables import SHARED_VARIABLES

_MAX_EDITS = 2
# The settings of AWX have a check of their own; the others are handed from job to job.
_NOT_SHARED = ("sde_awx_", "sde_audit")


def misspelt_names(names: list[str], known: list[str] | None = None) -> list[str]:
    """Return an error for each misspelt name, and warn of all other unknown names if the known ones are given."""
    if known is None:
        # Users may have variables of their own that begin with 'sde_', so others are not worth a warning.
        names = [name for name in names if not name.startswith(_NOT_SHARED)]
        return _errors(_misspelt(names, SHARED_VARIABLES))
    misspelt = _misspelt(names, known)
    for name in sorted(set(names) - set(known) - misspelt.keys()):
        Display().warning(f"Unknown variable {name} has no effect. Correct its name, or remove it.")
    return _errors(misspelt)


def _misspelt(names: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """Return the known name that is meant by each misspelt name."""
    nearest = {name: min(known, key=partial(edits, name)) for name in sorted(set(names) - set(known))}
    return {name: meant for name, meant in nearest.items() if edits(name, meant) <= _MAX_EDITS}


def _errors(misspelt: dict[str, str]) -> list[str]:
    return [f"Unknown variable {name}: did you mean {meant}?" for name, meant in misspelt.items()]


def edits(one: str, other: str) -> int:
    """Return how many characters to add, remove or replace to make one text of the other (Levenshtein distance)."""
    row = list(range(len(other) + 1))
    for number, character in enumerate(one, 1):
        above, row = row, [number]
        for column, wanted in enumerate(other):
            row.append(min(above[column + 1] + 1, row[column] + 1, above[column] + (character != wanted)))
    return row[-1]


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the functions by the names of the filters."""
        return {"misspelt_names": misspelt_names}
