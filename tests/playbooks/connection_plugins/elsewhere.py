# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another host than the controller, as far as ansible-core can tell: the local connection by another name."""

from __future__ import annotations

from ansible.plugins.connection.local import Connection as LocalConnection

DOCUMENTATION = r"""
name: elsewhere
short_description: Run tasks as on another host
description: For tests only.
author: The securitycompass.sdelements authors (@securitycompass)
extends_documentation_fragment: connection_pipelining
"""


class Connection(LocalConnection):
    """Takes the same way through ansible-core as a connection to a remote host."""

    transport = "elsewhere"
