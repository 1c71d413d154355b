# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Source of Event-Driven Ansible: polls an SD Elements server, and emits events about its connections.

The environment has SDE_HOST and SDE_API_KEY. docs/events.md describes all arguments, and the events.

    sources:
      - securitycompass.sdelements.connections:
          state_file: /var/lib/sdelements/state.json
          interval: 60
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

# ansible-rulebook runs this file on its own, and Python does not know where collections are. ansible-core's loader of
# collections is not the answer: once it is installed, ansible-rulebook cannot run its own event filters.
_COLLECTIONS = str(Path(__file__).absolute().parents[7])
if _COLLECTIONS not in sys.path:
    sys.path.insert(0, _COLLECTIONS)

from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._event_source import Queue, watch  # noqa: E402


async def main(queue: Queue, args: dict[str, Any]) -> None:
    """Put events into the queue until this is cancelled."""
    await watch(queue, args)
