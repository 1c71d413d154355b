# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections, connectors and projects as JSON, with the field names of the server's generation."""

from __future__ import annotations

from rest_framework import serializers

from .generations import ALM, ANALYSIS, Generation
from .models import edit_permission, view_permission
from .projects import USERS
from .systems import BY_FIRST_NAME


class ToolSerializer(serializers.Serializer):
    """The fields that connections and connectors share. The context selects the fields to show: see `get_fields`.

    `generation`, `kind`: what is served; `listed`: in a list or alone; `may_edit`: whether the user may see
    `params`; `include`: what the client asked for beyond the usual.
    """

    id = serializers.ReadOnlyField()
    system = serializers.SerializerMethodField()
    params = serializers.SerializerMethodField()
    inaccessible = serializers.ReadOnlyField()

    def shown_fields(self) -> set[str]:
        """The names of the fields of this generation."""
        raise NotImplementedError

    def get_fields(self):
        """Only the fields that this generation shows to this user."""
        shown = self.shown_fields()
        if not self.context["may_edit"]:
            shown.discard("params")
        return {name: field for name, field in super().get_fields().items() if name in shown}

    def system_object(self, instance) -> dict:
        """The tool as an object."""
        shown = {"id": instance.system_id}
        if self.context["listed"] and self.context["kind"] in self.context["generation"].short_names:
            shown["short_name"] = instance.system_short_name
        return {**shown, "name": system_name(instance, self.context["generation"])}

    def get_params(self, instance):
        """The settings that this release knows, credentials and all."""
        generation = self.context["generation"]
        params = {name: value for name, value in instance.params.items() if name not in generation.later_params}
        is_renamed = self.context["kind"] == ALM and generation.issue_tracker_names
        return with_issue_tracker_names(params) if is_renamed else params


class ConnectorSerializer(ToolSerializer):
    """All fields of all generations of a connector."""

    name = serializers.ReadOnlyField()
    fields_editable_on_project = serializers.ReadOnlyField()

    def shown_fields(self) -> set[str]:
        """Some kinds of connectors never show `params`."""
        generation = self.context["generation"]
        shown = set(generation.connector_fields)
        return shown if self.context["kind"] in generation.connector_params else shown - {"params"}

    def get_system(self, instance):
        """The name of the tool, its id, or an object."""
        generation = self.context["generation"]
        if generation.system_is_object:
            return self.system_object(instance)
        return instance.system_id if generation.connector_system_is_id else system_name(instance, generation)


class ConnectionSerializer(ToolSerializer):
    """All fields of all generations of a connection."""

    project = serializers.ReadOnlyField()
    connector = serializers.ReadOnlyField()
    alias = serializers.ReadOnlyField()
    frequency = serializers.ReadOnlyField()
    command = serializers.ReadOnlyField()
    in_progress = serializers.ReadOnlyField()
    debug_mode = serializers.ReadOnlyField()
    last_job = serializers.SerializerMethodField()

    def shown_fields(self) -> set[str]:
        """The job is there only if the client asks for it."""
        generation = self.context["generation"]
        shown = set(generation.fields_of(self.context["kind"], self.context["listed"]))
        has_job = generation.has_last_job and "last_job" in self.context["include"]
        return shown | {"last_job"} if has_job else shown

    def to_representation(self, instance):
        """A job that never ran is null, or absent on older servers."""
        shown = super().to_representation(instance)
        if "last_job" in shown and shown["last_job"] is None and not self.context["generation"].null_last_job:
            del shown["last_job"]
        return shown

    def get_system(self, instance):
        """The name of the tool, or an object."""
        generation = self.context["generation"]
        if not generation.system_is_object or (self._is_listed_with_job() and generation.system_is_string_with_job):
            return system_name(instance, generation)
        shown = self.system_object(instance)
        if generation.has_categories and instance.verification_categories:
            shown["verification_categories"] = instance.verification_categories
        return shown

    def _is_listed_with_job(self) -> bool:
        return self.context["kind"] == ANALYSIS and self.context["listed"] and "last_job" in self.context["include"]

    def get_last_job(self, instance):
        """The last synchronisation; its user is an id in some generations and an e-mail address in others."""
        if instance.last_job is None:
            return None
        job = dict(instance.last_job)
        user_id = job.pop("user_id", None)
        if not self.context["generation"].user_is_email:
            job["user"] = user_id
        return job


class ProjectSerializer(serializers.Serializer):
    """All fields of all generations of a project. The context's generation selects those to show."""

    id = serializers.ReadOnlyField()
    slug = serializers.ReadOnlyField()
    url = serializers.ReadOnlyField()
    application = serializers.ReadOnlyField()
    profile = serializers.SerializerMethodField()
    archived = serializers.ReadOnlyField()
    name = serializers.ReadOnlyField()
    creator = serializers.SerializerMethodField()
    description = serializers.ReadOnlyField()
    tags = serializers.ReadOnlyField()
    created = serializers.ReadOnlyField()
    updated = serializers.ReadOnlyField()
    parent = serializers.ReadOnlyField()
    users = serializers.ReadOnlyField()
    groups = serializers.ReadOnlyField()
    custom_attributes = serializers.ReadOnlyField()
    locked_on = serializers.ReadOnlyField()
    locked_by = serializers.ReadOnlyField()
    locked = serializers.ReadOnlyField()

    def get_fields(self):
        """Only the fields that this generation shows."""
        shown = self.context["generation"].project_fields
        return {name: field for name, field in super().get_fields().items() if name in shown}

    def get_profile(self, instance):
        """The profile, with its logo in later releases."""
        has_logo = self.context["generation"].has_profile_logo
        profile = instance.profile
        return profile and {name: profile[name] for name in profile if has_logo or name != "logo_url"}

    def get_creator(self, instance):
        """The id of a user, or an e-mail address."""
        return USERS[instance.creator] if self.context["generation"].creator_is_email else instance.creator


class UserSerializer(serializers.Serializer):
    """A user, in the documented form."""

    id = serializers.ReadOnlyField()
    email = serializers.ReadOnlyField()
    first_name = serializers.ReadOnlyField()
    last_name = serializers.ReadOnlyField()
    last_login = serializers.ReadOnlyField()
    date_joined = serializers.ReadOnlyField()
    is_active = serializers.ReadOnlyField()
    is_superuser = serializers.ReadOnlyField()
    role = serializers.SerializerMethodField()
    groups = serializers.SerializerMethodField()

    def get_role(self, user) -> str:
        """A role by what the user may do."""
        if user.has_perm(edit_permission(ALM)):
            return "Project Lead"
        return "User" if user.has_perm(view_permission(ALM)) else "No Role"

    def get_groups(self, _user) -> list[str]:
        """The users here are in no group."""
        return []


def system_name(instance, generation: Generation) -> str:
    """The name of the tool in this release; one that the table lacks keeps its own."""
    system = BY_FIRST_NAME.get((instance.system_id, instance.system))
    return system.name_at(generation.system_names) if system else instance.system


def with_issue_tracker_names(params: dict) -> dict:
    """The `params` of an ALM connection as the newest servers name them."""
    renamed = {_issue_tracker_name(key): value for key, value in params.items()}
    if renamed.get("conflict_policy") == "alm":
        renamed["conflict_policy"] = "issue_tracker"
    return renamed


def _issue_tracker_name(key: str) -> str:
    return "issue_tracker_" + key[len("alm_") :] if key.startswith("alm_") else key
