# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools that SD Elements connects to, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class System:
    """A tool. `verb` begins the command of its connections: `sync_rally`, `import_veracode`."""

    id: str
    name: str
    short_name: str
    verb: str
    # What a verification tool verifies; shown from 5.2 on.
    categories: tuple[str, ...] = ()
    # The names of the tool in later releases; only its id stays.
    later_names: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The command that synchronises a connection to this tool."""
        return f"{self.verb}_{self.id}"

    def name_at(self, step: int) -> str:
        """The name after so many steps of the tool's history."""
        return (self.name, *self.later_names)[:step][-1]


# Ids and names as seen on servers. The ids of Azure DevOps, ServiceNow and GitLab are guesses.
ALM_SYSTEMS = (
    System("rally", "Rally", "CA Agile Central", "sync", later_names=("CA Agile Central (formerly Rally)",)),
    System("jira", "JIRA", "JIRA", "sync", later_names=("JIRA", "Atlassian JIRA")),
    System("github", "GitHub", "GitHub", "sync"),
    System("trac", "Trac", "Trac", "sync"),
    System("mingle", "Mingle", "Mingle", "sync"),
    System("rational", "IBM Rational Team Concert", "Rational", "sync"),
    System("tfs", "Azure DevOps / Team Foundation Server", "Azure DevOps", "sync"),
    System("hp_alm", "HP ALM", "HP ALM", "sync"),
    System("pt", "Pivotal Tracker", "Pivotal", "sync"),
    System("servicenow", "ServiceNow", "ServiceNow", "sync"),
    System("gitlab", "GitLab", "GitLab", "sync"),
)

ANALYSIS_SYSTEMS = (
    System("whitehat", "WhiteHat", "WhiteHat", "sync", ("DAST",)),
    System("veracode", "Veracode", "Veracode", "import", ("SAST", "DAST")),
    System("fortify", "Fortify", "Fortify", "import", ("SAST",), ("Fortify", "Fortify Software Security Center")),
    System("checkmarx", "Checkmarx", "Checkmarx", "import", ("SAST", "SCA")),
    System("appscan", "AppScan", "AppScan", "import", ("DAST",)),
    System("webinspect", "WebInspect", "WebInspect", "import", ("DAST",)),
    System("fortify_file_upload", "Fortify (file upload)", "Fortify file", "import", ("SAST",)),
    System("veracode_file_upload", "Veracode (file upload)", "Veracode file", "import"),
    System("checkmarx_file_upload", "Checkmarx (file upload)", "Checkmarx file", "import"),
)

SYSTEMS = {"alm": ALM_SYSTEMS, "analysis": ANALYSIS_SYSTEMS}
BY_FIRST_NAME = {(system.id, system.name): system for systems in SYSTEMS.values() for system in systems}
