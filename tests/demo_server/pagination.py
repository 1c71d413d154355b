# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways in which servers divide a list into pages: real pagination classes, one for each name in PAGING_STYLES."""

from __future__ import annotations

from rest_framework.pagination import BasePagination, CursorPagination, PageNumberPagination
from rest_framework.response import Response


class NoPagination(BasePagination):
    """Everything at once, whatever the client asks for."""

    def paginate_queryset(self, queryset, request, view=None):
        """No pages: the view falls back to the whole list."""
        return None

    def get_paginated_response(self, data):
        """The whole list in the envelope that every generation uses."""
        return Response({"results": data})


class PageNumbersOnRequest(PageNumberPagination):
    """Page numbers, once the client asks for a `page_size`."""

    page_size = None
    page_size_query_param = "page_size"


class PageNumbersAlways(PageNumbersOnRequest):
    """Page numbers always."""

    page_size = 10
    max_page_size = 100


class CappedPageNumbers(PageNumbersOnRequest):
    """Page numbers on request, and smaller pages than the client asked for, without a word."""

    max_page_size = 7


class CursorsAlways(CursorPagination):
    """CursorsAlways always; there is no count."""

    ordering = "id"
    page_size = 10
    page_size_query_param = "page_size"
    max_page_size = 100


BY_NAME = {
    "none": NoPagination,
    "page": PageNumbersOnRequest,
    "always": PageNumbersAlways,
    "capped": CappedPageNumbers,
    "cursor": CursorsAlways,
}


def is_first_page(request) -> bool:
    """Whether a request opens a list, rather than going on with it."""
    return request.query_params.get("page", "1") == "1" and "cursor" not in request.query_params
