# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the only import of C(requests). If it is missing, tasks fail with a message."""

from __future__ import annotations

import traceback

__all__ = ["IMPORT_ERROR", "REQUIREMENT", "AuthBase", "HTTPAdapter", "Retry", "Session", "requests", "urllib3"]

# urllib3 comes with requests, and does the retries.
REQUIREMENT = "requests>=2.25.1"

try:
    import requests
    import urllib3
    from requests import Session
    from requests.adapters import HTTPAdapter
    from requests.auth import AuthBase
    from urllib3.util.retry import Retry

    getattr(Retry, "DEFAULT_ALLOWED_METHODS")  # noqa: B009 (the urllib3 of older releases has another interface)
    IMPORT_ERROR: str | None = None
except (ImportError, AttributeError):
    # The names must exist for the class statements of _http, which is imported in any case.
    requests = urllib3 = None  # type: ignore[assignment]  # only here, where they are missing
    Session = HTTPAdapter = AuthBase = Retry = object  # type: ignore[misc, assignment]  # the same
    IMPORT_ERROR = traceback.format_exc()
