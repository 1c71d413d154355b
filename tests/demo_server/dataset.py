# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The seed data: invented companies, hosts and credentials, but connections as they are met in the field.

ALM connection 1 and analysis connection 1 are those of the vendor's documentation, value by value.
A record is a plain dict with the keys of `complete_records`: the union of what all generations show of its kind.
Its times may be `HoursAgo`, so that the data look the same on any day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from . import projects
from .generations import ALM, ANALYSIS, CONNECTOR_KINDS, PROJECT
from .projects import PROJECTS, USERS
from .systems import SYSTEMS, System
from .times import HoursAgo, resolve_times


def complete_records(records: Iterable[dict], now: datetime) -> list[dict]:
    """Copies of records with every key and the times as of now, by kind and id. Only `kind` and `id` are a must."""
    completed = (resolve_times(_with_defaults(record), now) for record in records)
    return sorted(completed, key=lambda record: (record["kind"], record["id"]))


def _with_defaults(record: dict) -> dict:
    if record["kind"] == PROJECT:
        return projects.with_defaults(record)
    is_connector = record["kind"] in CONNECTOR_KINDS.values()
    return _connector_with_defaults(record) if is_connector else _connection_with_defaults(record)


def _connector_with_defaults(record: dict) -> dict:
    kind = next(kind for kind, connector_kind in CONNECTOR_KINDS.items() if connector_kind == record["kind"])
    system = _find_system(record, SYSTEMS[kind])
    return {
        "name": f"{system.name} Connector",
        **_system_fields(system),
        "inaccessible": False,
        "params": {},
        "fields_editable_on_project": None,
        **record,
    }


def _connection_with_defaults(record: dict) -> dict:
    systems = SYSTEMS[record["kind"]]
    system = _find_system(record, systems)
    return {
        "project": 1,
        "connector": systems.index(system) + 1 if system in systems else len(systems) + 1,
        **_system_fields(system),
        "alias": f"{system.name} {record['id']}",
        "frequency": "manually",
        "command": system.command,
        "params": {},
        "inaccessible": False,
        "in_progress": False,
        "debug_mode": False,
        "verification_categories": list(system.categories),
        "last_job": None,
        **record,
    }


def _system_fields(system: System) -> dict:
    return {"system": system.name, "system_id": system.id, "system_short_name": system.short_name}


def _find_system(record: dict, systems: tuple[System, ...]) -> System:
    """The system that a record names by id or name; one that the table lacks is taken as it is."""
    if not {"system", "system_id"} & set(record):
        return systems[0]
    for system in systems:
        if record.get("system_id") == system.id or record.get("system") == system.name:
            return system
    name = record.get("system") or record["system_id"]
    return System(record.get("system_id") or name.lower().replace(" ", "_"), name, name, "sync")


def _params(project: int, common: dict, own: dict) -> dict:
    """The parameters of a connection; None leaves one of the common ones out."""
    unit, application, name = PROJECTS[project][:3]
    params = {"sde_businessunit": unit, "sde_application": application, "sde_project": name, **common, **own}
    return {name: value for name, value in params.items() if value is not None}


def _alm(
    id_: int,
    project: int,
    system: str,
    alias: str,
    frequency: str,
    params: dict,
    last_success: HoursAgo | None = None,
    **more,
) -> dict:
    """An ALM connection: what all of them set, under what this one sets.

    `last_success`: when a synchronisation succeeded before the last one, which failed or still runs.
    """
    common = {
        "alm_method": "https",
        "alm_validate_cert": True,
        "alm_auth_mode": "api_token" if params.get("alm_api_token") else "basic",
        "alm_title_format": "$task_id $title",
        "alm_phases": "requirements,architecture-design,development",
        "alm_reference_context": 14,
        "sde_statuses_in_scope": "TODO",
        "sde_verification_filter": "none,partial,pass,fail",
        "conflict_policy": "alm",
        "sde_min_priority": 7,
    }
    common |= _last_success(last_success, more.get("last_job"))
    return {
        "kind": ALM,
        "id": id_,
        "project": project,
        "system_id": system,
        "alias": alias,
        "frequency": frequency,
        "params": _params(project, common, params),
        **more,
    }


def _last_success(before: HoursAgo | None, job: dict | None) -> dict:
    """The parameter `last_successful_run`, in its documented form: only there once a synchronisation has succeeded."""
    success = job["last_run"] if job and job["succeeded"] else before
    return {"last_successful_run": HoursAgo(success.hours, f"{success.rest[:6]}.588388+00:00")} if success else {}


def _analysis(id_: int, project: int, system: str, alias: str | None, frequency: str, params: dict, **more) -> dict:
    """An analysis connection: what all of them set, under what this one sets."""
    common = {"import_behaviour": "replace-scanner", "task_status_mapping": "{}"}
    if "analysis_server" in params:
        common["analysis_validate_cert"] = True
    return {
        "kind": ANALYSIS,
        "id": id_,
        "project": project,
        "system_id": system,
        "alias": alias,
        "frequency": frequency,
        "params": _params(project, common, params),
        **more,
    }


def _job(
    id_: int,
    last_run: HoursAgo,
    message: str,
    succeeded: bool = True,
    user: int = 21,
    automatic: bool = True,
    ready: bool = True,
) -> dict:
    """A synchronisation. Servers write `last_run` with Z or an offset, with fractions or without."""
    return {
        "id": id_,
        "last_run": last_run,
        "automatic": automatic,
        "ready": ready,
        "result_message": message,
        "succeeded": succeeded,
        "user": USERS[user],
        "user_id": user,
    }


def _failed(id_: int, last_run: HoursAgo, message: str, **more) -> dict:
    return _job(id_, last_run, message, succeeded=False, **more)


ALM_RECORDS = [
    _alm(
        1,
        2,
        "rally",
        "Rally Integration",
        "manually",
        {
            "alm_server": "rally1.rallydev.com",
            "alm_project": "Rally Project",
            "rally_workspace": "Rally Workspace",
            "alm_user": "rally_user",
            "alm_pass": "rally_password",
        },
        last_job=_job(101, HoursAgo(105, ":15:04Z"), "42 tasks synchronized.", user=3, automatic=False),
    ),
    _alm(
        2,
        3,
        "jira",
        "Customer Portal to JIRA",
        "hourly",
        {
            "alm_server": "jira.example.com",
            "alm_project": "PORTAL",
            "alm_user": "svc-sde",
            "alm_api_token": "ATATT-invented-9f31c0",
            "alm_issue_label": "security",
            "sde_min_priority": "7",
            "custom_fields": '{"Team": "Web", "Fix Version": "2026.4"}',
            "jira_issue_type": "Story",
            "jira_version": "6",
        },
        last_job=_job(102, HoursAgo(1, ":07:02.518274Z"), "17 tasks synchronized."),
    ),
    _alm(
        3,
        4,
        "jira",
        "Payments API to JIRA",
        "hourly",
        {
            "alm_server": "jira.example.com",
            "alm_project": "PAY",
            "alm_user": "svc-sde",
            "alm_pass": "Winter-Pays-41",
            "alm_method": "http",
            "sde_min_priority": 9,
            "sde_statuses_in_scope": "TODO,DONE",
            "jira_issue_type": "Bug",
            "alm_standard_workflow": "True",
        },
        last_job=_failed(
            103, HoursAgo(1, ":07:07Z"), "JIRA answered 401 Unauthorized: check the user name and password."
        ),
        last_success=HoursAgo(50, ":07:07Z"),
    ),
    _alm(
        4,
        5,
        "jira",
        "Android App to JIRA Cloud",
        "daily",
        {
            "alm_server": "examplebank.example.net",
            "alm_project": "DROID",
            "alm_user": "mobile-sync@example.com",
            "alm_api_token": "ATATT-invented-51be77",
            "jira_issue_type": "Task",
            "alm_parent_issue": "DROID-12",
        },
        debug_mode=True,
        last_job=_job(104, HoursAgo(13, ":26:11+01:00"), "8 tasks synchronized, 1 skipped."),
    ),
    _alm(
        5,
        6,
        "jira",
        "iOS App to JIRA Cloud",
        "daily",
        {
            "alm_server": "examplebank.example.net",
            "alm_project": "IOS",
            "alm_user": "mobile-sync@example.com",
            "alm_api_token": "ATATT-invented-51be77",
            "jira_issue_type": "Task",
            "custom_fields": '{"Reviewer": "l.tremblay", "service": {"password": "nested-in-text-77"}}',
        },
    ),
    _alm(
        6,
        7,
        "github",
        "Claims Intake issues",
        "hourly",
        {
            "alm_server": "api.github.example.com",
            "alm_project": "claims/intake",
            "alm_user": "claims-bot",
            "alm_api_token": "ghp_invented-0001",
            "github_repo_owner": "claims",
            "github_issue_label": "security",
            "sde_min_priority": 5,
        },
        last_job=_job(106, HoursAgo(1, ":07:05.1Z"), "3 tasks synchronized."),
    ),
    _alm(
        7,
        8,
        "github",
        "Fraud Scoring issues",
        "weekly",
        {
            "alm_server": "api.github.example.com",
            "alm_project": "claims/fraud-scoring",
            "alm_user": "claims-bot",
            "alm_api_token": "ghp_invented-0002",
            "github_repo_owner": "claims",
            "github_issue_label": "",
            "github_duplicate_label": "duplicate",
            "conflict_policy": "sde",
            "sde_min_priority": 8,
        },
        last_job=_failed(
            107, HoursAgo(35, ":33:00-05:00"), "The repository claims/fraud-scoring does not exist or is not visible."
        ),
    ),
    _alm(
        8,
        9,
        "trac",
        "Quote Engine tickets",
        "monthly",
        {
            "alm_server": "trac.intranet.example.org/quotes",
            "alm_project": "quotes",
            "alm_user": "trac-sde",
            "alm_pass": "tr4c-Quotes",
            "alm_method": "http",
            "alm_new_status": "new",
            "alm_done_statuses": "closed",
        },
        inaccessible=True,
        last_job=_failed(
            108, HoursAgo(1318, ":26:33Z"), "The remote integration agent was not connected.", user=8, automatic=False
        ),
    ),
    _alm(
        9,
        10,
        "mingle",
        "Telematics Gateway cards",
        "monthly",
        {
            "alm_server": "mingle.example.org",
            "alm_project": "telematics",
            "alm_user": "sde",
            "alm_pass": "7",
            "mingle_card_type": "Story",
            "mingle_new_status": "Open",
        },
        last_job=_job(109, HoursAgo(567, ":26:09.000Z"), "0 tasks synchronized."),
    ),
    _alm(
        10,
        11,
        "rational",
        "Driver App work items",
        "daily",
        {
            "alm_server": "clm.example.org:9443/ccm",
            "alm_project": "Driver App (Change Management)",
            "alm_user": "rtc_sync",
            "alm_pass": "rtc&Sync=2026",
            "alm_context_root": "/ccm/",
            "alm_issue_type": "task",
            "alm_validate_cert": False,
        },
        inaccessible=True,
        last_job=_job(110, HoursAgo(13, ":26:40+00:00"), "11 tasks synchronized."),
    ),
    _alm(
        11,
        12,
        "tfs",
        "Stock Control boards",
        "hourly",
        {
            "alm_server": "dev.azure.example.com",
            "alm_project": "Stock Control",
            "alm_user": "svc-boards",
            "alm_api_token": "azdo-invented-pat-0001",
            "tfs_collection": "logistics",
            "alm_custom_fields": {"area": "Security", "iteration": "2026\\Q4", "tags": ["sde", "appsec"]},
        },
        in_progress=True,
        last_job=_failed(111, HoursAgo(0, ":00:00.250000+01:00"), "The synchronization is running.", ready=False),
        last_success=HoursAgo(1, ":07:00.25Z"),
    ),
    _alm(
        12,
        13,
        "tfs",
        "FHIR Gateway boards",
        "daily",
        {
            "alm_server": "tfs.clinic.example.org/tfs",
            "alm_project": "FHIR",
            "alm_user": "CLINIC\\svc-sde",
            "alm_pass": "Gateway!Clinic!8",
            "tfs_collection": "DefaultCollection",
            "tfs_auth_method": "ntlm",
            "alm_validate_cert": False,
        },
        inaccessible=True,
        debug_mode=True,
        last_job=_job(112, HoursAgo(17, ":26:00Z"), "29 tasks synchronized."),
    ),
    _alm(
        13,
        14,
        "hp_alm",
        "Consent Service defects",
        "weekly",
        {
            "alm_server": "alm.clinic.example.org",
            "alm_context_root": "qcbin",
            "alm_project": "CONSENT",
            "alm_user": "sde_sync",
            "alm_pass": "hp-Consent-3",
            "hp_alm_domain": "CLINIC",
            "hp_alm_issue_type": "Functional",
            "hp_alm_new_status": "Not Completed",
        },
        last_job=_failed(
            113, HoursAgo(60, ":33:12Z"), "Could not log in to domain CLINIC: the password of sde_sync has expired."
        ),
        last_success=HoursAgo(228, ":33:12Z"),
    ),
    _alm(
        14,
        15,
        "hp_alm",
        "Infusion Pump requirements",
        "weekly",
        {
            "alm_server": "alm.devices.example.org/qcbin",
            "alm_project": "PUMP_FW",
            "alm_user": "sde_sync",
            "alm_pass": "hp-Pump-900",
            "hp_alm_domain": "DEVICES",
            "alm_method": "http",
            "sde_min_priority": 1,
            "alm_validate_cert": False,
            "alm_phases": "requirements,architecture-design,development,testing,deployment",
        },
        inaccessible=True,
    ),
    _alm(
        15,
        16,
        "pt",
        "Citizen Portal stories",
        "daily",
        {
            "alm_server": "www.pivotaltracker.example.com",
            "alm_project": "Citizen Portal",
            "alm_api_token": "pt-invented-0c77d9e2",
            "alm_validate_cert": None,
            "pt_story_type": "chore",
            "pt_group_label": "SD Elements",
        },
        last_job=_job(115, HoursAgo(11, ":26:00.123456+00:00"), "5 tasks synchronized."),
    ),
    _alm(
        16,
        17,
        "servicenow",
        "Case Management incidents",
        "hourly",
        {
            "alm_server": "city.service-now.example.com",
            "alm_project": "Case Management",
            "alm_user": "sde.integration",
            "alm_pass": "Permits_2026_now",
            "servicenow_table": "rm_story",
            "alm_custom_fields": {"u_owner": "appsec"},
        },
        last_job=_job(116, HoursAgo(1, ":07:19Z"), "64 tasks synchronized."),
    ),
    _alm(
        17,
        18,
        "gitlab",
        "Head-End System issues",
        "hourly",
        {
            "alm_server": "gitlab.energy.example.net",
            "alm_project": "metering/head-end",
            "alm_user": "sde-bot",
            "alm_api_token": "glpat-invented-Kx71",
            "gitlab_confidential": True,
            "gitlab_labels": "security,sde",
        },
        last_job=_job(117, HoursAgo(1, ":07:03.9+00:00"), "12 tasks synchronized."),
    ),
    _alm(
        18,
        19,
        "gitlab",
        "Customer Portal issues",
        "daily",
        {
            "alm_server": "https://sde-bot:glpat-invented-Lq20@gitlab.energy.example.net/",
            "alm_method": "https",
            "alm_project": "metering/portal",
            "alm_user": "sde-bot",
            "gitlab_confidential": False,
        },
        last_job=_failed(
            118,
            HoursAgo(9, ":26:00Z"),
            "Push to https://sde-bot:glpat-invented-Lq20@gitlab.energy.example.net/ was refused: 403.",
        ),
        last_success=HoursAgo(33, ":26:00Z"),
    ),
    _alm(
        19,
        20,
        "jira",
        "Market Data Feed to JIRA",
        "hourly",
        {
            "alm_server": "jira.energy.example.net",
            "alm_project": "MKT",
            "alm_user": "svc-trading",
            "alm_pass": "feed the market",
            "jira_issue_type": "Story",
            "session_capture_socket": "disabled",
            "alm_priority_map": '{"9": "High", "5": "Low"}',
        },
        in_progress=True,
        debug_mode=True,
        last_job=_failed(119, HoursAgo(7, ":07:00Z"), "The synchronization is running.", ready=False),
        last_success=HoursAgo(8, ":07:00Z"),
    ),
    _alm(
        20,
        3,
        "jira",
        "Customer Portal audit trail",
        "weekly",
        {
            "alm_server": "jira.example.com",
            "alm_project": "AUDIT",
            "alm_user": "svc-sde",
            "alm_api_token": "ATATT-invented-9f31c0",
            "conflict_policy": "timestamp",
            "sde_statuses_in_scope": "DONE",
            "sde_tags_filter": "pci,privacy",
            "jira_done_statuses": "Resolved,Closed",
            "jira_version": "6",
        },
        last_job=_job(120, HoursAgo(39, ":33:00Z"), "230 tasks synchronized."),
    ),
    _alm(
        21,
        4,
        "servicenow",
        "Payments API changes",
        "monthly",
        {
            "alm_server": "bank.service-now.example.com",
            "alm_project": "Payments API",
            "alm_user": "sde.integration",
            "alm_pass": "",
            "servicenow_table": "change_request",
            "alm_api_token": "",
        },
    ),
    _alm(
        22,
        5,
        "rally",
        "Android App to Rally",
        "hourly",
        {
            "alm_server": "rally1.example.com",
            "alm_project": "Android",
            "rally_workspace": "Mobile",
            "alm_api_token": "_invented1aRallyApiKey",
            "alm_user": "mobile-sync",
            "rally_card_type": "Story",
        },
        last_job=_job(122, HoursAgo(1, ":07:41.007Z"), "19 tasks synchronized."),
    ),
    _alm(
        23,
        7,
        "rally",
        "Claims Intake to Rally",
        "daily",
        {
            "alm_server": "rally1.example.com",
            "alm_project": "Claims",
            "rally_workspace": "Insurance",
            "alm_user": "claims-sync",
            "alm_pass": "claims-in-take",
            "alm_method": "http",
            "rally_card_type": "Defect",
        },
        last_job=_failed(123, HoursAgo(9, ":26:00-05:00"), "The workspace Insurance was renamed or removed."),
        last_success=HoursAgo(57, ":26:00-05:00"),
    ),
    _alm(
        24,
        10,
        "jira",
        "Telematics Gateway to JIRA",
        "daily",
        {
            "alm_server": "tools.fleet.example.org",
            "alm_context_root": "/jira",
            "alm_project": "TEL",
            "alm_user": "svc-fleet",
            "alm_pass": "Lorry-Lorry-5",
            "jira_issue_type": "Story",
            "authentication": {"type": "basic", "token": "tel-9"},
        },
        inaccessible=True,
        last_job=_job(124, HoursAgo(11, ":26:00Z"), "7 tasks synchronized."),
    ),
    _alm(
        25,
        10,
        "jira",
        "Telematics Gateway to JIRA Europe",
        "daily",
        {
            "alm_server": "tools.fleet.example.org",
            "alm_context_root": "/jira-eu",
            "alm_project": "TELEU",
            "alm_user": "svc-fleet",
            "alm_auth_mode": "personal_access_token",
            "alm_api_token": "jira-invented-pat-25",
            "jira_issue_type": "Story",
        },
        inaccessible=True,
        last_job=_job(125, HoursAgo(11, ":26:20Z"), "3 tasks synchronized."),
    ),
    _alm(
        26,
        13,
        "jira",
        "FHIR Gateway to JIRA",
        "hourly",
        {
            "alm_server": "jira.clinic.example.org",
            "alm_project": "FHIR",
            "alm_user": "svc-sde",
            "alm_pass": "Clinic-Jira-26",
            "sde_min_priority": 10,
            "jira_issue_type": "Story",
        },
        last_job=_job(126, HoursAgo(31, ":07:30+00:00"), "1 task synchronized."),
    ),
    _alm(
        27,
        15,
        "trac",
        "Infusion Pump tickets",
        "weekly",
        {
            "alm_server": "trac.devices.example.org",
            "alm_context_root": "/pump/",
            "alm_project": "pump",
            "alm_user": "trac-sde",
            "alm_pass": "drip-drop",
            "alm_new_status": "new",
            "alm_done_statuses": "closed",
        },
        inaccessible=True,
        last_job=_job(127, HoursAgo(91, ":33:00Z"), "2 tasks synchronized."),
    ),
    _alm(
        28,
        16,
        "tfs",
        "Citizen Portal boards",
        "daily",
        {
            "alm_server": "dev.azure.example.com",
            "alm_project": "Citizen Portal",
            "alm_user": "svc-city",
            "alm_api_token": "azdo-invented-pat-0002",
            "tfs_collection": "city",
        },
        last_job=_failed(128, HoursAgo(8, ":26:08.77Z"), "The personal access token has expired."),
        last_success=HoursAgo(32, ":26:08Z"),
    ),
    _alm(
        29,
        18,
        "jira",
        "Zähler-Kopfsystem (Zürich)",
        "daily",
        {
            "alm_server": "jira.energy.example.net",
            "alm_project": "ZÄHLER",
            "alm_user": "svc-metering",
            "alm_pass": 'Pässwörter & "Zeichen"',
            "alm_title_format": "[$task_id] $title – Sicherheit",
            "jira_issue_type": "Aufgabe",
        },
        last_job=_job(129, HoursAgo(9, ":26:00+01:00"), "21 tasks synchronized.", user=12),
    ),
    _alm(
        30,
        20,
        "gitlab",
        "Market Data Feed issues",
        "monthly",
        {
            "alm_server": "gitlab.energy.example.net",
            "alm_project": "trading/feed",
            "alm_user": "sde-bot",
            "alm_api_token": "glpat-invented-Mm03",
            "gitlab_confidential": True,
        },
        last_job=_job(130, HoursAgo(566, ":26:00Z"), "9 tasks synchronized."),
    ),
]

ANALYSIS_RECORDS = [
    _analysis(
        1,
        1,
        "whitehat",
        "WhiteHat Integration",
        "manually",
        {
            "asset_name": "WebGoat Java",
            "analysis_server": "server.whitehatsec.com",
        },
        last_job=_job(201, HoursAgo(126, ":30:00Z"), "14 findings imported.", user=3, automatic=False),
    ),
    _analysis(
        2,
        3,
        "whitehat",
        "Customer Portal scan",
        "weekly",
        {
            "asset_name": "portal.example.com",
            "analysis_server": "sentinel.example.com",
            "wh_api_token": "wh-invented-4d1f",
            "analysis_method": "https",
        },
        last_job=_job(202, HoursAgo(61, ":33:31.4Z"), "6 findings imported."),
    ),
    _analysis(
        3,
        3,
        "veracode",
        "Customer Portal static scan",
        "daily",
        {
            "analysis_server": "analysiscenter.example.com",
            "analysis_user": "vc-portal",
            "analysis_pass": "Vera-Portal-1",
            "veracode_app": "Customer Portal",
            "min_severity": "3",
            "integration_mode": "api",
            "task_status_mapping": '{"pass": "DONE"}',
        },
        last_job=_job(203, HoursAgo(13, ":26:00+00:00"), "88 findings imported."),
    ),
    _analysis(
        4,
        4,
        "veracode",
        "Payments API static scan",
        "daily",
        {
            "analysis_server": "analysiscenter.example.com",
            "api_id": "a1b2-invented",
            "api_key": "c3d4e5f6-invented",
            "veracode_app": "Payments API",
            "min_severity": 4,
            "integration_mode": "api",
        },
        last_job=_failed(204, HoursAgo(13, ":26:09Z"), "Veracode answered 403 Forbidden: the API key has expired."),
    ),
    _analysis(
        5,
        5,
        "checkmarx",
        "Android App scan",
        "weekly",
        {
            "analysis_server": "cx.example.com",
            "analysis_user": "cx-mobile",
            "analysis_pass": "cx&Mobile",
            "checkmarx_team": "/CxServer/Retail/Mobile",
            "checkmarx_project": "android",
            "sca": True,
        },
        last_job=_job(205, HoursAgo(39, ":33:00.000001+01:00"), "31 findings imported."),
    ),
    _analysis(
        6,
        6,
        "checkmarx",
        "iOS App scan",
        "weekly",
        {
            "analysis_server": "cx.example.com",
            "analysis_user": "cx-mobile",
            "analysis_pass": "cx&Mobile",
            "checkmarx_team": "/CxServer/Retail/Mobile",
            "checkmarx_project": "ios",
            "task_status_mapping": '{"Pass": "DONE", "partial": "TODO", "fail": "TODO"}',
        },
        debug_mode=True,
        last_job=_failed(206, HoursAgo(39, ":33:04+01:00"), "No scan of project ios is newer than the last import."),
    ),
    _analysis(
        7,
        7,
        "fortify",
        "Claims Intake SSC",
        "daily",
        {
            "analysis_server": "ssc.insurance.example.net/ssc",
            "token": "ssc-invented-77aa",
            "fortify_version": "2026.1",
            "fortify_application": "Claims Intake",
            "analysis_validate_cert": False,
        },
        inaccessible=True,
        last_job=_job(207, HoursAgo(13, ":26:00Z"), "120 findings imported."),
    ),
    _analysis(
        8,
        8,
        "fortify",
        "Fraud Scoring SSC",
        "weekly",
        {
            "analysis_server": "ssc.insurance.example.net/ssc",
            "token": "ssc-invented-77ab",
            "fortify_application": "Fraud Scoring",
            "fortify_version": 3,
        },
        inaccessible=True,
    ),
    _analysis(
        9,
        9,
        "appscan",
        "Quote Engine dynamic scan",
        "monthly",
        {
            "analysis_server": "appscan.insurance.example.net/ase",
            "analysis_user": "ase-quotes",
            "analysis_pass": "Quote-Unquote",
            "appscan_folder": {"id": 12, "name": "Quotes"},
        },
        last_job=_job(209, HoursAgo(563, ":26:00Z"), "4 findings imported."),
    ),
    _analysis(
        10,
        10,
        "webinspect",
        "Telematics Gateway dynamic scan",
        "weekly",
        {
            "analysis_server": "http://wi.fleet.example.org:8083/webinspect",
            "analysis_method": "http",
            "api_key": "wi-invented-0099",
            "scan_name": "telematics-nightly",
        },
        last_job=_failed(210, HoursAgo(59, ":33:00.5Z"), "wi.fleet.example.org did not answer within 60 seconds."),
    ),
    _analysis(
        11,
        11,
        "fortify_file_upload",
        "Driver App FPR upload",
        "manually",
        {
            "report_name": "driver-app.fpr",
            "report_format": "fpr",
        },
        last_job=_job(211, HoursAgo(292, ":05:56Z"), "17 findings imported.", user=8, automatic=False),
    ),
    # An analysis connection may be made without an alias.
    _analysis(
        12,
        12,
        "veracode_file_upload",
        None,
        "manually",
        {
            "report_name": "stock-control.xml",
            "report_format": "xml",
            "confidence_threshold": 0.75,
        },
    ),
    _analysis(
        13,
        13,
        "checkmarx_file_upload",
        "FHIR Gateway report upload",
        "manually",
        {
            "report_name": "fhir-gateway.xml",
            "include_tests": False,
        },
        last_job=_failed(
            213,
            HoursAgo(1275, ":00:00-04:00"),
            "The file fhir-gateway.xml is not a Checkmarx report.",
            user=12,
            automatic=False,
        ),
    ),
    _analysis(
        14,
        14,
        "veracode",
        "Consent Service static scan",
        "daily",
        {
            "analysis_server": "analysiscenter.example.com",
            "api_id": "e5f6-invented",
            "api_key": "0a1b2c3d-invented",
            "veracode_app": "Consent Service",
            "proxy": {
                "host": "proxy.clinic.example.org",
                "port": 3128,
                "user": "svc-proxy",
                "password": "proxy-Clinic",
            },
        },
        last_job=_job(214, HoursAgo(13, ":26:00Z"), "2 findings imported."),
    ),
    _analysis(
        15,
        15,
        "fortify",
        "Infusion Pump SSC",
        "weekly",
        {
            "analysis_server": "ssc.devices.example.org",
            "bind_dn": "cn=sde,ou=services,dc=example,dc=org",
            "bind_password": "bind-Pump-31",
            "fortify_application": "Pump Firmware",
            "fortify_version": "4.2",
            "ldap": True,
            "analysis_validate_cert": False,
        },
        inaccessible=True,
        debug_mode=True,
        last_job=_job(215, HoursAgo(58, ":33:00Z"), "9 findings imported."),
    ),
    _analysis(
        16,
        16,
        "whitehat",
        "Citizen Portal scan",
        "weekly",
        {
            "asset_name": "permits.city.example.org",
            "analysis_server": "sentinel.example.com",
            "wh_api_token": "wh-invented-88c0",
            "import_behaviour": "combine",
            "analysis_validate_cert": None,
        },
        last_job=_failed(216, HoursAgo(61, ":33:05Z"), "The asset permits.city.example.org was not found."),
    ),
    _analysis(
        17,
        17,
        "appscan",
        "Case Management dynamic scan",
        "monthly",
        {
            "analysis_server": "appscan.city.example.org/ase",
            "analysis_user": "ase-city",
            "analysis_pass": "",
            "appscan_report_ids": "12,19,40",
            "analysis_method": "http",
        },
        last_job=_job(217, HoursAgo(565, ":26:00+00:00"), "0 findings imported."),
    ),
    _analysis(
        18,
        18,
        "checkmarx",
        "Head-End System scan",
        "daily",
        {
            "analysis_server": "cx.energy.example.net",
            "analysis_user": "svc-metering",
            "analysis_pass": "Cx-Meter-18",
            "checkmarx_team": "/CxServer/Energy",
            "checkmarx_project": "head-end",
            "min_severity": "2",
            "sca": False,
        },
        last_job=_job(218, HoursAgo(87, ":26:00.25+01:00"), "45 findings imported."),
    ),
    _analysis(
        19,
        19,
        "webinspect",
        "Customer Portal dynamic scan",
        "hourly",
        {
            "analysis_server": "https://wi:wi-invented-pass@wi.energy.example.net/webinspect",
            "scan_name": "portal-hourly",
            "headers": [{"name": "X-Scan", "value": "sde"}],
        },
        last_job=_job(219, HoursAgo(1, ":07:00Z"), "3 findings imported."),
    ),
    _analysis(
        20,
        20,
        "veracode",
        "Market Data Feed static scan",
        "monthly",
        {
            "analysis_server": "analysiscenter.example.com",
            "analysis_user": "vc-trading",
            "analysis_pass": "Feed-20",
            "veracode_app": "Market Data Feed",
            "credentials": '{"user": "vc", "api_key": "in-json-text-20"}',
        },
    ),
]

# Parameters that each project has of its own. All others of a connection are those of its connector.
_PROJECT_PARAMS = frozenset(
    "sde_businessunit sde_application sde_project alm_project alm_parent_issue asset_name last_successful_run".split()
)


def _connectors_of(connections: list[dict]) -> list[dict]:
    """The connectors that connections are made from: one for each server of a tool. Each connection names its own."""
    found: dict[tuple, dict] = {}
    for connection in connections:
        server = connection["params"].get(f"{connection['kind']}_server")
        key = (connection["system_id"], server)
        connector = found.setdefault(key, _connector(len(found) + 1, connection, server))
        connection["connector"] = connector["id"]
    return list(found.values())


def _connector(id_: int, connection: dict, server: str | None) -> dict:
    system = _find_system(connection, SYSTEMS[connection["kind"]])
    host = re.sub(r".*//|.*@|/.*", "", server or "")
    params = {name: value for name, value in connection["params"].items() if name not in _PROJECT_PARAMS}
    return {
        "kind": CONNECTOR_KINDS[connection["kind"]],
        "id": id_,
        "name": f"{system.name} {host}".rstrip(),
        "system_id": system.id,
        "inaccessible": connection.get("inaccessible", False),
        "params": params,
        "fields_editable_on_project": ["alm_project"] if "alm_project" in connection["params"] else None,
    }


CONNECTIONS = ALM_RECORDS + ANALYSIS_RECORDS
CONNECTORS = _connectors_of(ALM_RECORDS) + _connectors_of(ANALYSIS_RECORDS)
SEED = CONNECTIONS + CONNECTORS + projects.seed_projects()
