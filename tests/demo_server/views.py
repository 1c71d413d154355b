# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API: lists and single records of projects, and of connectors and connections of each kind."""

from __future__ import annotations

import functools

from django.http import Http404
from rest_framework import exceptions, permissions, serializers, views, viewsets
from rest_framework.response import Response

from . import models, pagination
from .generations import ALM, ANALYSIS, CONNECTOR_KINDS, PROJECT
from .serializers import ConnectionSerializer, ConnectorSerializer, ProjectSerializer, UserSerializer


class CanView(permissions.IsAuthenticated):
    """Users without the right to view records of this kind get 403."""

    def has_permission(self, request, view):
        """Ask Django's own permissions."""
        return super().has_permission(request, view) and request.user.has_perm(models.view_permission(view.kind))


class ReferenceQuery(serializers.Serializer):
    """Query parameters that are the id of another record, checked."""

    project = serializers.IntegerField(required=False)
    application = serializers.IntegerField(required=False)


class RecordViewSet(viewsets.ReadOnlyModelViewSet):
    """The views of all kinds: a list, and a single record."""

    kind: str
    permission_classes = (CanView,)

    @property
    def server(self):
        """The server that received the request: it knows the generation and the faults."""
        return self.request.META["demo_server"]

    @functools.cached_property
    def paginator(self):
        """The way of paging of this server."""
        return pagination.BY_NAME[self.server.paging or self.server.generation.paging]()

    def get_queryset(self):
        """All records of this kind."""
        return models.MODELS[self.kind].objects.all()

    def get_object(self):
        """One record; the words of the 404 are those of every release of the framework."""
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
        references = ReferenceQuery(data=self.request.query_params)
        asked = {
            name: self.request.query_params[name] for name in self.known_filters() & self.request.query_params.keys()
        }
        if asked.keys() & references.fields.keys():
            references.is_valid(raise_exception=True)
            asked |= {name: value for name, value in references.validated_data.items() if name in asked}
        return queryset.filter(**asked)

    def known_filters(self) -> set[str]:
        """The query parameters that filter."""
        if self.server.filters == "ignored":
            return set()
        return set(self.server.generation.filters.get(self.kind, ()))

    def exclude_hidden(self, queryset):
        """Leave out what a paging fault takes away between two pages."""
        hidden = self.server.faults.hidden_ids(
            queryset.values_list("id", flat=True), pagination.is_first_page(self.request)
        )
        return queryset.exclude(id__in=hidden) if hidden else queryset

    def get_serializer_context(self):
        """Tell the serializer what to show."""
        return {"generation": self.server.generation, "listed": self.action == "list"}


class ProjectViewSet(RecordViewSet):
    """Projects."""

    kind = PROJECT
    serializer_class = ProjectSerializer

    def get_queryset(self):
        """The projects that the user may see."""
        queryset = super().get_queryset()
        sees_all = self.request.user.has_perm("demo_server.see_all_projects")
        return queryset if sees_all else queryset.exclude(restricted=True)


class ToolViewSet(RecordViewSet):
    """The views of connectors and connections of both kinds."""

    # Of the connections: ALM or ANALYSIS.
    connection_kind: str

    def get_serializer_context(self):
        """Tell the serializer what to show."""
        return {
            **super().get_serializer_context(),
            "kind": self.connection_kind,
            "may_edit": self.request.user.has_perm(models.edit_permission(self.connection_kind)),
            "include": self.request.query_params.get("include", "").split(","),
        }


class ConnectionViewSet(ToolViewSet):
    """The views of connections of both kinds."""

    serializer_class = ConnectionSerializer

    def known_filters(self) -> set[str]:
        """A server may be told to know the filters of all releases."""
        return (
            {"alias", "frequency", "system", "project"}
            if self.server.filters == "honoured"
            else super().known_filters()
        )


class AlmViewSet(ConnectionViewSet):
    """Connections to issue trackers."""

    kind = connection_kind = ALM


class AnalysisViewSet(ConnectionViewSet):
    """Connections to security tools."""

    kind = connection_kind = ANALYSIS


class AlmConnectorViewSet(ToolViewSet):
    """Connectors to issue trackers."""

    kind = CONNECTOR_KINDS[ALM]
    connection_kind = ALM
    serializer_class = ConnectorSerializer


class AnalysisConnectorViewSet(ToolViewSet):
    """Connectors to security tools."""

    kind = CONNECTOR_KINDS[ANALYSIS]
    connection_kind = ANALYSIS
    serializer_class = ConnectorSerializer


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
