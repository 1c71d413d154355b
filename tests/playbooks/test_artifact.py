# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The built artifact, installed in an empty place and run from there."""

from __future__ import annotations

import tarfile

import pytest

from tests.playbooks.test_playbooks import assert_clean
from tests.support import access

# What a user calls needs nothing else.
