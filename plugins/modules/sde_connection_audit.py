#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: sde_connection_audit
short_description: Audit the connections of SD Elements by a policy
version_added: 0.2.0
author:
  - The securitycompass.sdelements authors (@securitycompass)
description:
  - Evaluates every rule of a policy on every connection.
options: {}
"""

EXAMPLES = r""""""

RETURN = r""""""
