# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The URLs of each generation; a path outside the API is Django's plain 404 page."""

from __future__ import annotations

import functools

from django.urls import path, re_path

from .generations import Generation
from .views import (
    AlmConnectorViewSet,
    AlmViewSet,
    AnalysisConnectorViewSet,
    AnalysisViewSet,
    CurrentUserView,
    ProjectViewSet,
    UnknownPathView,
)

# Never asked: the middleware chooses the URLs by server.
urlpatterns: list = []


@functools.cache
def patterns(generation: Generation, old_path: bool) -> tuple:
    """The URLs of a server. `old_path`: the newest generation answers at the old ALM path, too."""
    alm_paths = sorted({generation.alm_path} | ({"alm"} if old_path else set()))
    views = [(f"connections/{name}", AlmViewSet) for name in alm_paths]
    views += [("connections/analysis", AnalysisViewSet), ("projects", ProjectViewSet)]
    if generation.connector_fields:
        views += [(f"connectors/{name}", AlmConnectorViewSet) for name in alm_paths]
        views += [("connectors/analysis", AnalysisConnectorViewSet)]
    found = []
    for name, view in views:
        found.append(path(f"api/v2/{name}/", view.as_view({"get": "list"})))
        found.append(path(f"api/v2/{name}/<str:pk>/", view.as_view({"get": "retrieve"})))
    found.append(path("api/v2/users/me/", CurrentUserView.as_view()))
    found.append(re_path(r"^api/v2/(?:.*/)?$", UnknownPathView.as_view()))
    return tuple(found)
