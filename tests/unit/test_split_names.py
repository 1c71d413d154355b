# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter 'split_names'."""

from __future__ import annotations

import importlib

import pytest
from ansible.errors import AnsibleFilterError

from tests.conftest import COLLECTION

split_names = importlib.import_module(f"{COLLECTION}.filter.split_names").FilterModule().filters()["split_names"]


@pytest.mark.parametrize(
    "value, names",
    [
        ("alm, analysis", ["alm", "analysis"]),
        ("alm\r\nanalysis\n", ["alm", "analysis"]),
        (" a b ,, \n c", ["a b", "c"]),
        ("", []),
        (["alm ", 7], ["alm ", 7]),
        ([], []),
    ],
)
def test_split_names(value, names):
    assert split_names(value) == names


@pytest.mark.parametrize("value, kind", [(7, "a number"), (True, "true"), ({"alm": True}, "a mapping"), (None, "null")])
def test_other_types_are_errors(value, kind):
    with pytest.raises(AnsibleFilterError, match=f"split_names requires a list or a string, not {kind}"):
        split_names(value)
