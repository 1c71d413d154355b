# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The failures of an SD Elements server and of the network, which tests switch on one by one.

A fault is one small function, registered by its decorator in the module of its stage:

* `responses`: responds in place of the API (an HTML page, a redirect, a broken body);
* `alterations`: changes the API's own good answer (a foreign `next`, a record twice);
* `list_changes`: lets the list change between two pages;
* `sockets`: acts on the bare socket (a reset, a stall).

To add one, write its function there; its name is then a valid fault, here and on the command line.
"""

from __future__ import annotations

from . import alterations, list_changes, responses, sockets
from .registry import ActiveFaults, fault_names

__all__ = ["FAULTS", "ActiveFaults", "alterations", "list_changes", "responses", "sockets"]

FAULTS = fault_names()
