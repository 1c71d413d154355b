# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layer between the socket and the API: choose the URLs of the server, and apply its faults."""

from __future__ import annotations

import json

from django.http import HttpResponse, StreamingHttpResponse

from . import urls
from .exchange import CannedResponse


def demo_server(get_response):
    """The outermost middleware: the client gets the response that leaves it."""

    def middleware(request):
        server = request.META["demo_server"]
        received = request.META["demo_received"]
        request.urlconf = urls.patterns(server.generation, server.old_path)
        answer = server.faults.response(received)
        response = to_django_response(answer) if answer else apply_alterations(get_response(request), server, received)
        received.status = response.status_code
        return response

    return middleware


def to_django_response(answer: CannedResponse):
    """A ready answer in Django's terms."""
    whole = isinstance(answer.body, bytes)
    response = (HttpResponse if whole else StreamingHttpResponse)(
        answer.body, status=answer.status, content_type=answer.content_type, headers=answer.headers
    )
    if whole:
        response["Content-Length"] = str(len(answer.body))
    return response


def apply_alterations(response, server, received):
    """The API's own good answer, changed by the faults that change answers."""
    if response.status_code != 200 or not response.get("Content-Type", "").startswith("application/json"):
        return response
    if not server.faults.has_alterations():
        return response
    data = server.faults.alter(received, json.loads(response.content))
    response.content = json.dumps(data).encode()
    response["Content-Length"] = str(len(response.content))
    return response
