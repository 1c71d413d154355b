# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failed results that exceptions become."""

from __future__ import annotations

import pytest

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import (
    OptionError,
    failed_result,
    unexpected_shape,
)

URL = "https://sde.example.com/api/v2/connections/alm/"


@pytest.mark.parametrize(
    "error, expected",
    [
        (
            OptionError("url is empty.", "Set it."),
            ("url is empty. Set it.", {"kind": "option", "status": None, "method": None, "url": None}),
        ),
        (
            unexpected_shape(URL, "it is a list", "Check url."),
            (
                f"The response to GET {URL} has an unexpected form: it is a list. Check url.",
                {"kind": "unexpected_shape", "status": 200, "method": "GET", "url": URL},
            ),
        ),
    ],
)
def test_failed_result_of_known_error(error, expected):
    message, failure = expected
    assert failed_result(error) == {"failed": True, "changed": False, "msg": message, "failure": failure}


def test_failed_result_of_unexpected_error_is_without_its_text():
    secret = "hunter2"
    with pytest.raises(KeyError) as raised:
        raise KeyError(secret)
    result = failed_result(raised.value)
    assert (result["failed"], result["changed"], result["failure"]["kind"]) == (True, False, "internal")
    assert result["msg"].startswith("securitycompass.sdelements failed unexpectedly (KeyError).")
    assert "raise KeyError(secret)" in result["exception"]
    assert "hunter2" not in str(result)
