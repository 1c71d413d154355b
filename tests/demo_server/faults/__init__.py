# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can go wrong on the way to an SD Elements server, as switches.

A fault is one small function, registered by its decorator in the module of its stage:

* `answers`: answers in place of the API (an HTML page, a redirect, a broken body);
* `alterations`: changes the API's own good answer (a foreign `next`, a record twice);
* `listings`: lets the list change between two pages;
* `wire`: plays with the bare socket (a reset, a stall).

To add one, write its function there; its name is then a valid fault, here and on the command line.
"""

from __future__ import annotations

from . import alterations, answers, listings, wire
from .registry import Switches, names

__all__ = ["FAULTS", "Switches", "alterations", "answers", "listings", "wire"]

FAULTS = names()
