# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The throttle behind the fault `throttled`."""

from __future__ import annotations

from rest_framework.throttling import SimpleRateThrottle

PASSED_REQUESTS = 3
SECONDS = 2


class FirstRequestsThrottle(SimpleRateThrottle):
    """Let a few requests pass, then answer 429 with Retry-After until two seconds have gone by."""

    rate = f"{PASSED_REQUESTS}/s"

    def parse_rate(self, rate):
        """A period of seconds: one of DRF's own (a second, a minute) is too short or too long for a test."""
        return PASSED_REQUESTS, SECONDS

    def get_cache_key(self, request, view):
        """Throttle each user of each server on its own, and only where the fault is switched on."""
        server = request.META["demo_server"]
        if not server.faults.is_on("throttled"):
            return None
        self.num_requests = server.faults.limit("throttled") or PASSED_REQUESTS
        return f"throttle-{server.serial}-{request.user.pk}"
