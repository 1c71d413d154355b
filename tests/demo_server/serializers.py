# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection as JSON, with the field names of the server's generation."""

from __future__ import annotations

from rest_framework import serializers

from .generations import ALM, ANALYSIS, Generation
from .models import edit_permission, view_permission
from .systems import BY_FIRST_NAME


class ConnectionSerializer(serializers.Serializer):
    """All fields of all generations. The context selects those to show: see `get_fields`.

    `generation`, `kind`: what is served; `listed`: in a list or alone; `may_edit`: whether the user may see
    `params`; `include`: what the client asked for beyond the usual.
    """

    id = serializers.ReadOnlyField()
    project = serializers.ReadOnlyField()
    connector = serializers.ReadOnlyField()
    system = serializers.SerializerMethodField()
    alias = serializers.ReadOnlyField()
    frequency = serializers.ReadOnlyField()
    command = serializers.ReadOnlyField()
    params = serializers.SerializerMethodField()
    inaccessible = serializers.ReadOnlyField()
    in_progress = serializers.ReadOnlyField()
    debug_mode = serializers.ReadOnlyField()
    last_job = serializers.SerializerMethodField()

    def get_fields(self):
        """Only the fields that this generation shows to this user."""
        generation = self.context["generation"]
        shown = set(generation.fields_of(self.context["kind"], self.context["listed"]))
        if not self.context["may_edit"]:
            shown.discard("params")
        if generation.has_last_job and "last_job" in self.context["include"]:
            shown.add("last_job")
        return {name: field for name, field in super().get_fields().items() if name in shown}

    def to_representation(self, instance):
        """A job that never ran is null, or absent on older servers."""
        shown = super().to_representation(instance)
        if "last_job" in shown and shown["last_job"] is None and not self.context["generation"].null_last_job:
            del shown["last_job"]
        return shown

    def get_system(self, instance):
        """The name of the tool, or an object."""
        generation = self.context["generation"]
        name = system_name(instance, generation)
        if not generation.system_is_object or self._is_listed_with_job() and generation.system_is_string_with_job:
            return name
        shown = {"id": instance.system_id}
        if self.context["listed"] and self.context["kind"] in generation.short_names:
            shown["short_name"] = instance.system_short_name
        shown["name"] = name
        if generation.has_categories and instance.verification_categories:
            shown["verification_categories"] = instance.verification_categories
        return shown

    def _is_listed_with_job(self) -> bool:
        return self.context["kind"] == ANALYSIS and self.context["listed"] and "last_job" in self.context["include"]

    def get_params(self, instance):
        """The settings of the connection that this release knows, credentials and all."""
        generation = self.context["generation"]
        params = {name: value for name, value in instance.params.items() if name not in generation.later_params}
        is_renamed = self.context["kind"] == ALM and generation.issue_tracker_names
        return with_issue_tracker_names(params) if is_renamed else params

    def get_last_job(self, instance):
        """The last synchronisation; its user is an id in some generations and an e-mail address in others."""
        if instance.last_job is None:
            return None
        job = dict(instance.last_job)
        user_id = job.pop("user_id", None)
        if not self.context["generation"].user_is_email:
            job["user"] = user_id
        return job


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
