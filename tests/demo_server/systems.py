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

    @property
    def command(self) -> str:
        """The command that synchronises a connection to this tool."""
        return f"{self.verb}_{self.id}"


# Ids and names as seen on servers. For the tools from Azure DevOps on, only the names are known: their ids are guesses.
ALM_SYSTEMS = (
    System("rally", "Rally", "CA Agile Central", "sync"),
    System("jira", "JIRA", "JIRA", "sync"),
    System("github", "GitHub", "GitHub", "sync"),
    System("trac", "Trac", "Trac", "sync"),
    System("mingle", "Mingle", "Mingle", "sync"),
    System("rational", "IBM Rational Team Concert", "Rational", "sync"),
    System("tfs", "Azure DevOps / Team Foundation Server", "Azure DevOps", "sync"),
    System("hpalm", "HP ALM", "HP ALM", "sync"),
    System("pivotal", "Pivotal Tracker", "Pivotal", "sync"),
    System("servicenow", "ServiceNow", "ServiceNow", "sync"),
    System("gitlab", "GitLab", "GitLab", "sync"),
)

ANALYSIS_SYSTEMS = (
    System("whitehat", "WhiteHat", "WhiteHat", "sync", ("dast",)),
    System("veracode", "Veracode", "Veracode", "import", ("sast", "dast")),
    System("fortify", "Fortify", "Fortify", "import", ("sast",)),
    System("checkmarx", "Checkmarx", "Checkmarx", "import", ("sast", "sca")),
    System("appscan", "AppScan", "AppScan", "import", ("dast",)),
    System("webinspect", "WebInspect", "WebInspect", "import", ("dast",)),
    System("fortify_file_upload", "Fortify (file upload)", "Fortify file", "import", ("sast",)),
    System("veracode_file_upload", "Veracode (file upload)", "Veracode file", "import"),
    System("checkmarx_file_upload", "Checkmarx (file upload)", "Checkmarx file", "import"),
)

SYSTEMS = {"alm": ALM_SYSTEMS, "analysis": ANALYSIS_SYSTEMS}
