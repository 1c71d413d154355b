# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the modules that write reports of audits."""

from __future__ import annotations


class ModuleDocFragment:
    """The reports, and how these modules behave."""

    DOCUMENTATION = r"""
options:
  reports:
    description:
      - Files to write on the controller, even if the audit fails. Missing folders are created. Each file is replaced
        atomically. In check mode, no files are written.
      - If the audit cannot be completed, the files contain the reason. The JSON report has the verdict C(error), but
        does not replace the C(baseline).
      - Relative paths start at the current directory of Ansible.
    type: dict
    default: {}
    suboptions:
      json:
        description: The whole audit, with its own JSON Schema. The format of a baseline, and of reports to merge.
        type: path
      junit:
        description: JUnit XML, for CI servers.
        type: path
      sarif:
        description: SARIF 2.1.0, for security dashboards.
        type: path
      markdown:
        description: Markdown, for a comment or a step summary.
        type: path
      html:
        description: One HTML file for readers, with filters.
        type: path
      csv:
        description: A row for each finding, for spreadsheets. Verdicts that need no attention are not included.
        type: path
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what it would return without it.
    support: full
    details: Reports are not written.
  diff_mode:
    description: Returns details on what has changed, in diff mode.
    support: none
    details: Reports differ in each run.
  idempotent:
    description: When run twice in a row outside check mode, the second invocation reports no change.
    support: partial
    details: Reports contain the time of the audit, so each run that writes one reports a change.
  action:
    description: Indicates this has a corresponding action plugin, which runs on the controller.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: none
"""
