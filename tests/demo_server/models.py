# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables: projects, connectors and connections of either kind, and the permissions of SD Elements for them."""

from __future__ import annotations

from django.db import models


class Project(models.Model):
    """A project: the union of the fields that all generations show."""

    name = models.CharField(max_length=255)
    slug = models.CharField(max_length=255)
    url = models.CharField(max_length=1000)
    application = models.IntegerField()
    archived = models.BooleanField()
    profile = models.JSONField(null=True)
    parent = models.IntegerField(null=True)
    tags = models.JSONField()
    description = models.TextField()
    created = models.CharField(max_length=40)
    updated = models.CharField(max_length=40)
    custom_attributes = models.JSONField()
    locked = models.BooleanField()
    locked_on = models.CharField(max_length=40, null=True)
    locked_by = models.IntegerField(null=True)
    creator = models.IntegerField()
    users = models.JSONField()
    groups = models.JSONField()
    restricted = models.BooleanField()

    class Meta:
        app_label = "demo_server"
        ordering = ("id",)
        permissions = (("see_all_projects", "See all projects"),)


class Tool(models.Model):
    """The common fields of connectors and connections: the tool, and how to reach it."""

    system = models.CharField(max_length=100)
    system_id = models.CharField(max_length=100)
    system_short_name = models.CharField(max_length=100)
    params = models.JSONField()
    inaccessible = models.BooleanField()

    class Meta:
        abstract = True
        app_label = "demo_server"
        ordering = ("id",)


class Connector(Tool):
    """The common fields of ALM and analysis connectors."""

    name = models.CharField(max_length=255)
    fields_editable_on_project = models.JSONField(null=True)

    class Meta(Tool.Meta):
        abstract = True


class AlmConnector(Connector):
    """A connector to an issue tracker."""


class AnalysisConnector(Connector):
    """A connector to a security tool."""


class Connection(Tool):
    """The common fields of ALM and analysis connections: the union of those that all generations show."""

    project = models.IntegerField()
    connector = models.IntegerField()
    alias = models.CharField(max_length=255, null=True)
    frequency = models.CharField(max_length=20)
    command = models.CharField(max_length=100)
    in_progress = models.BooleanField()
    debug_mode = models.BooleanField()
    verification_categories = models.JSONField()
    last_job = models.JSONField(null=True)

    class Meta(Tool.Meta):
        abstract = True


class AlmConnection(Connection):
    """A connection to an issue tracker."""

    class Meta(Connection.Meta):
        abstract = False
        permissions = (("edit_alm_connections", "Edit ALM connections"),)


class AnalysisConnection(Connection):
    """A connection to a security tool."""

    class Meta(Connection.Meta):
        abstract = False
        permissions = (("edit_analysis_connections", "Edit security tool connections"),)


MODELS = {
    "alm": AlmConnection,
    "analysis": AnalysisConnection,
    "alm_connector": AlmConnector,
    "analysis_connector": AnalysisConnector,
    "project": Project,
}


def edit_permission(kind: str) -> str:
    """The permission without which `params` of connections and connectors stays hidden."""
    return f"demo_server.edit_{kind}_connections"


def view_permission(kind: str) -> str:
    """The permission without which the API answers 403."""
    return f"demo_server.view_{MODELS[kind]._meta.model_name}"
