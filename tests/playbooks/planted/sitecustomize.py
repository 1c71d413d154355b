# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Python imports this file at its start: in every process, an unexpected error replaces each HTTP request."""

from __future__ import annotations

import requests

SECRET = "hunter2-from-server"


def fail(*args: object, **kwargs: object) -> None:
    """Raise an error that nothing expects. Its text is not in this line, which is part of the traceback."""
    raise KeyError(SECRET)


requests.adapters.HTTPAdapter.send = fail
