#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: sde_connection_audit_merge
short_description: Merge the audits of many SD Elements servers into one report
version_added: 1.0.0
author:
  - The securitycompass.sdelements authors (@securitycompass)
description:
  - Merges JSON reports of M(securitycompass.sdelements.sde_connection_audit), such as those of the slices of an AWX
    job, and passes or fails by their findings.
  - Rules are not evaluated again. A merged report can be merged again.
  - The result contains only counts. The reports contain the findings.
  - Each SD Elements server must be in only one of the reports, and each rule must be the same in all of them.
  - The reports must be of one run. Reports that are more than 20 hours apart are an error, because an old report could
    hide a failed audit. The merged report has the time of the oldest one.
  - The module runs in the process of ansible-core on the controller.
options:
  report_files:
    description:
      - JSON reports on the controller. Paths may contain the wildcards V(*), V(?) and V(**).
      - A path without a matching file is an error.
    type: list
    elements: str
    required: true
  servers:
    description:
      - Names of the SD Elements servers that the reports must contain, as in the option C(server) of their audits.
      - If one is missing, the task fails, unless O(fail_on=never).
    type: list
    elements: str
    default: []
  fail_on:
    description:
      - The task fails if a finding of this severity or a higher one fails.
      - If this is not set, the strictest report decides.
    type: str
    choices: [info, low, medium, high, critical, never]
  inconclusive:
    description:
      - Whether an inconclusive finding counts as a failing one.
      - If this is not set, the strictest report decides.
    type: str
    choices: [warn, fail]
  known_findings:
    description:
      - Whether findings that are also in the baseline of their audit count as failing.
      - If this is not set, the strictest report decides.
    type: str
    choices: [fail, accept]
extends_documentation_fragment:
  - securitycompass.sdelements.audit
seealso:
  - module: securitycompass.sdelements.sde_connection_audit
"""

EXAMPLES = r"""
- name: Merge the reports of all servers
  securitycompass.sdelements.sde_connection_audit_merge:
    report_files: [reports/*.json]
    servers: "{{ groups['all'] }}"
    reports:
      html: merged/audit.html
      json: merged/audit.json
"""

RETURN = r"""
msg:
  description: The verdict in one line.
  returned: always
  type: str
  sample: >-
    SD Elements audit failed: 3 findings of high or higher (1 critical, 2 high); 4 lower, 1 waived, 12 inconclusive, 0
    errors. 42 connections, 11 rules.
verdict:
  description: V(pass) or V(fail).
  returned: if the reports were merged
  type: str
  sample: fail
verdict_counts:
  description: Number of findings by verdict.
  returned: if the reports were merged
  type: dict
  sample: {"pass": 380, "fail": 7, "waived": 1, "not_applicable": 40, "inconclusive": 12, "error": 0}
failed_by_severity:
  description: Number of failing findings by severity.
  returned: if the reports were merged
  type: dict
  sample: {"critical": 1, "high": 2, "medium": 3, "low": 1, "info": 0}
servers:
  description: The SD Elements servers in the reports.
  returned: if the reports were merged
  type: list
  elements: str
  sample: [sde-eu, sde-us]
missing_servers:
  description: Expected servers without a report.
  returned: if the reports were merged
  type: list
  elements: str
  sample: []
waivers:
  description: The waivers of all reports, each once, with their state. This list contains the first 100.
  returned: if the reports were merged
  type: list
  elements: dict
  sample: []
waivers_omitted:
  description: The number of waivers that only the JSON report contains. If there are any, the task warns.
  returned: if the reports were merged
  type: int
  sample: 0
report_files:
  description: The files that were written. If the task failed, their content is the error.
  returned: always
  type: list
  elements: str
  sample: [/srv/merged/audit.html]
failure:
  description: The error, if the reports were not merged.
  returned: on failure
  type: dict
  contains:
    kind:
      description: V(option) or V(report).
      type: str
      returned: on failure
      sample: option
"""
