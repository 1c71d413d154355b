# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections API: a list of connections and a single one, for each kind."""

from __future__ import annotations

import functools

from django.http import Http404
from rest_framework import exceptions, permissions, serializers, views, viewsets
from rest_framework.response import Response

from . import models, pagination
from .generations import ALM, ANALYSIS
from .serializers import ConnectionSerializer, UserSerializer


class CanViewConnections(permissions.IsAuthenticated):
    """Users without the right to view connections of this kind get 403."""

    def has_permission(self, request, view):
        """Ask Django's own permissions."""
        return super().has_permission(request, view) and request.user.has_perm(models.view_permission(view.kind))


class ProjectQuery(serializers.Serializer):
    """The query parameter `project`, checked."""

    project = serializers.IntegerField()


class ConnectionViewSet(viewsets.ReadOnlyModelViewSet):
    """The views of both kinds."""

    kind: str
    serializer_class = ConnectionSerializer
    permission_classes = (CanViewConnections,)

    @property
    def server(self):
        """The server that received the request: it knows the generation and the faults."""
        return self.request.META["demo_server"]

    @functools.cached_property
    def paginator(self):
        """The way of paging of this server."""
        return pagination.BY_NAME[self.server.paging or self.server.generation.paging]()

    def get_queryset(self):
        """All connections of this kind."""
        return models.MODELS[self.kind].objects.all()

    def get_object(self):
        """One connection; the words of the 404 are those of every release of the framework."""
        try:
            return super().get_object()
        except Http404:
            raise exceptions.NotFound from None

    def list(self, request, *args, **kwargs):
        """The list, always in an envelope."""
        queryset = self.exclude_hidden(self.apply_filters(self.get_queryset()))
        page = self.paginate_queryset(queryset)
        data = self.get_serializer(queryset if page is None else page, many=True).data
        return Response({"results": data}) if page is None else self.get_paginated_response(data)

    def apply_filters(self, queryset):
        """Apply the query parameters that this server knows; like any server, ignore all others."""
        query = self.request.query_params
        for name in self.known_filters():
            if name == "project" and name in query:
                project = ProjectQuery(data=query)
                project.is_valid(raise_exception=True)
                queryset = queryset.filter(project=project.validated_data["project"])
            elif name in query:
                queryset = queryset.filter(**{name: query[name]})
        return queryset

    def known_filters(self) -> tuple[str, ...]:
        """The query parameters that filter."""
        if self.server.filters == "ignored":
            return ()
        if self.server.filters == "honoured":
            return ("alias", "frequency", "system", "project")
        return self.server.generation.filters.get(self.kind, ())

    def exclude_hidden(self, queryset):
        """Leave out what a paging fault takes away between two pages."""
        hidden = self.server.faults.hidden_ids(
            queryset.values_list("id", flat=True), pagination.is_first_page(self.request)
        )
        return queryset.exclude(id__in=hidden) if hidden else queryset

    def get_serializer_context(self):
        """Tell the serializer what to show."""
        return {
            "generation": self.server.generation,
            "kind": self.kind,
            "listed": self.action == "list",
            "may_edit": self.request.user.has_perm(models.edit_permission(self.kind)),
            "include": self.request.query_params.get("include", "").split(","),
        }


class AlmViewSet(ConnectionViewSet):
    """Connections to issue trackers."""

    kind = ALM


class AnalysisViewSet(ConnectionViewSet):
    """Connections to security tools."""

    kind = ANALYSIS


class CurrentUserView(views.APIView):
    """The user of the token, whatever else that user may see: clients try a token here."""

    permission_classes = (permissions.IsAuthenticated,)

    def get(self, request):
        """The user, in the documented form."""
        return Response(UserSerializer(request.user).data)


class UnknownPathView(views.APIView):
    """Any other path of the API: 404, but only for those whose token is known."""

    permission_classes = (permissions.IsAuthenticated,)

    def get(self, request):
        """The framework's message for an unknown path."""
        raise exceptions.NotFound
