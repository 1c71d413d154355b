# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The embedded SD Elements API: a Django REST framework application on in-memory SQLite.

``with DemoServer(generation="4.8") as server: ...`` serves it on a free loopback port.
Importing this package is cheap: Django is imported when the first server starts.

The modules: `generations` (how releases differ), `systems` and `dataset` (the invented data),
`faults` (everything that can go wrong), `views`/`pagination`/`serializers` (the API itself),
`wsgi` (sockets and threads), `server` (what you start and stop).
"""

from __future__ import annotations

from .faults import FAULTS
from .generations import FILTERS, GENERATIONS, PAGING_STYLES
from .server import DemoServer

__all__ = ["DemoServer", "FAULTS", "FILTERS", "GENERATIONS", "PAGING_STYLES"]
