# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times in the data that are relative to now, so that the data look the same on any day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple


class HoursAgo(NamedTuple):
    """A time in the hour that began so many hours before that of now; with 0 hours, only the full hour is past.

    `rest` is the text after the hour, in any form that servers write: `:15:04Z`, `:30:11.5+01:00`.
    """

    hours: int
    rest: str = ":00:00Z"

    def to_text(self, now: datetime) -> str:
        """The time as text."""
        zone = datetime.fromisoformat(f"2000-01-01T00{self.rest}").tzinfo
        hour = (now - timedelta(hours=self.hours)).astimezone(zone)
        return f"{hour:%Y-%m-%dT%H}{self.rest}"


def resolve_times(value: Any, now: datetime) -> Any:
    """A copy in which each time is text."""
    if isinstance(value, HoursAgo):
        return value.to_text(now)
    if isinstance(value, dict):
        return {key: resolve_times(item, now) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve_times(item, now) for item in value]
    return value
