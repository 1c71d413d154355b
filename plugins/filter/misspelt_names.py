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
  - Ansible ignores a variable that nothing reads, so a misspelt name has no effect, and no error. The roles of this
    collection find such names with this filter.
  - A name is misspelt if it differs from a known name by one or two characters that were added, left out or replaced.
  - Other unknown names are shown as warnings.
positional: _input, known
options:
  _input:
    description:
      - The names of variables that are set, such as those that the lookup C(ansible.builtin.varnames) finds.
    type: list
    elements: str
    required: true
  known:
    description:
      - The names of variables that have an effect.
    type: list
    elements: str
    required: true
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
  description: One sentence for each misspelt name, with the known name that is meant, ordered by name.
  type: list
  elements: str
  sample: ["Unknown variable shop_nmae: did you mean shop_name?"]
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from ansible.utils.display import Display

_MAX_EDITS = 2


def misspelt_names(names: list[str], known: list[str]) -> list[str]:
    """Return an error for each misspelt name, and warn of all other unknown names."""
    nearest = {name: min(known, key=partial(edits, name)) for name in sorted(set(names) - set(known))}
    misspelt = {name: meant for name, meant in nearest.items() if edits(name, meant) <= _MAX_EDITS}
    for name in nearest.keys() - misspelt.keys():
        Display().warning(f"Unknown variable {name} has no effect. Correct its name, or remove it.")
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
    """Makes the filter known to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the functions by the names of the filters."""
        return {"misspelt_names": misspelt_names}
