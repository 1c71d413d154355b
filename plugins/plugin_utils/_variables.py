# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the variables 'sde_…' of hosts and plays, which its playbooks and roles read."""

from __future__ import annotations

# How to reach a server, as the options of the same names of the modules.
CONNECTION_VARIABLES = (
    "sde_url",
    "sde_api_token",
    "sde_validate_certs",
    "sde_ca_path",
    "sde_client_cert",
    "sde_client_key",
    "sde_timeout",
    "sde_deadline",
    "sde_retries",
    "sde_allow_http",
    "sde_page_size",
    "sde_concurrency",
)
# Each role variable connection_audit_x of these names falls back to sde_x.
AUDIT_VARIABLES = (
    "sde_kinds",
    "sde_include_projects",
    "sde_include_connectors",
    "sde_policy",
    "sde_policy_vars",
    "sde_rules",
    "sde_skip_rules",
    "sde_rule_tags",
    "sde_connections_file",
    "sde_server",
    "sde_baseline",
    "sde_fail_on",
    "sde_inconclusive",
    "sde_known_findings",
    "sde_vacuous",
    "sde_report_dir",
    "sde_report_formats",
    "sde_report_name",
    "sde_show_findings",
)
# Playbooks alone.
PLAYBOOK_VARIABLES = (
    "sde_hosts",
    "sde_alias",
    "sde_frequency",
    "sde_project",
    "sde_system",
    "sde_report_files",
    "sde_drift_dir",
)
SHARED_VARIABLES = (*CONNECTION_VARIABLES, *AUDIT_VARIABLES, *PLAYBOOK_VARIABLES)
