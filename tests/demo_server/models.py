# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables: a connection of either kind, and the permissions of SD Elements for it."""

from __future__ import annotations

from django.db import models


class Connection(models.Model):
    """The common fields of ALM and analysis connections: the union of those that all generations show."""

    project = models.IntegerField()
    connector = models.IntegerField()
    system = models.CharField(max_length=100)
    system_id = models.CharField(max_length=100)
    system_short_name = models.CharField(max_length=100)
    alias = models.CharField(max_length=255, null=True)
    frequency = models.CharField(max_length=20)
    command = models.CharField(max_length=100)
    params = models.JSONField()
    inaccessible = models.BooleanField()
    in_progress = models.BooleanField()
    debug_mode = models.BooleanField()
    verification_categories = models.JSONField()
    last_job = models.JSONField(null=True)

    class Meta:
        abstract = True
        app_label = "demo_server"
        ordering = ["id"]


class AlmConnection(Connection):
    """A connection to an issue tracker."""

    class Meta(Connection.Meta):
        abstract = False
        permissions = [("edit_alm_connections", "Edit ALM connections")]


class AnalysisConnection(Connection):
    """A connection to a security tool."""

    class Meta(Connection.Meta):
        abstract = False
        permissions = [("edit_analysis_connections", "Edit security tool connections")]


MODELS = {"alm": AlmConnection, "analysis": AnalysisConnection}


def edit_permission(kind: str) -> str:
    """The permission without which `params` stays hidden."""
    return f"demo_server.edit_{kind}_connections"


def view_permission(kind: str) -> str:
    """The permission without which the API answers 403."""
    return f"demo_server.view_{kind}connection"
