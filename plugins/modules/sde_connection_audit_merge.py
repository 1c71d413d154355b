#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: sde_connection_audit_merge
short_description: Make one report of the audits of many SD Elements servers
version_added: 1.0.0
author:
  - The securitycompass.sdelements authors (@securitycompass)
description:
  - Merges JSON reports of M(securitycompass.sdelements.sde_connection_audit), such as those of the slices of an AWX
    job, and passes or fails by the sum of their findings.
  - No rule is evaluated again. A report that was merged can be merged again.
  - It returns counts and no findings, which the reports hold.
  - Each SD Elements server may be in one of the reports only, and a rule has to be the same in all.
  - All reports are of one run. If two are more than 20 hours apart, that is an error, since an old one would speak for
    a server that could not be audited. The merged report has the time of the oldest.
  - It runs in the process of ansible-core on the controller.
options:
  documents:
    description:
      - JSON reports to merge, on the controller. A name may have the wildcards V(*), V(?) and V(**).
      - A name or pattern without any file is an error.
    type: list
    elements: str
    required: true
  servers:
    description:
      - SD Elements servers that have to be in the reports, by the names that the audits gave them in their option
        C(server).
      - If one is missing, the audit is not whole, and the task fails, except if O(fail_on=never).
    type: list
    elements: str
    default: []
  fail_on:
    description:
      - The task fails if a finding fails with this severity or a higher one.
      - If it is not set, the strictest of the reports decides.
    type: str
    choices: [info, low, medium, high, critical, never]
  inconclusive:
    description:
      - Whether a rule that could not be decided counts as failed.
      - If it is not set, the strictest of the reports decides.
    type: str
    choices: [warn, fail]
  known_findings:
    description:
      - Whether findings that the baseline of their audit holds count as failed.
      - If it is not set, the strictest of the reports decides.
    type: str
    choices: [fail, accept]
extends_documentation_fragment:
  - securitycompass.sdelements.audit
seealso:
  - module: securitycompass.sdelements.sde_connection_audit
"""

EXAMPLES = r"""
- name: Make one report of the reports of all servers
  securitycompass.sdelements.sde_connection_audit_merge:
    documents: [reports/*.json]
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
    SD Elements audit failed: 3 findings of high or more (1 critical, 2 high); 4 lower, 1 waived, 12 inconclusive, 0
    errors. 42 connections, 11 rules.
verdict:
  description: V(pass) or V(fail).
  returned: if the reports could be merged
  type: str
  sample: fail
verdicts:
  description: How many findings have each verdict.
  returned: if the reports could be merged
  type: dict
  sample: {"pass": 380, "fail": 7, "waived": 1, "not_applicable": 40, "inconclusive": 12, "error": 0}
failed_by_severity:
  description: How many findings failed, by severity.
  returned: if the reports could be merged
  type: dict
  sample: {"critical": 1, "high": 2, "medium": 3, "low": 1, "info": 0}
servers:
  description: The SD Elements servers in the reports.
  returned: if the reports could be merged
  type: list
  elements: str
  sample: [sde-eu, sde-us]
missing_servers:
  description: Servers of O(servers), or of a report that was merged before, of which there is no report.
  returned: if the reports could be merged
  type: list
  elements: str
  sample: []
waivers:
  description: The waivers of all reports, each once, with their state.
  returned: if the reports could be merged
  type: list
  elements: dict
  sample: []
reports:
  description: The files that were written.
  returned: if the reports could be merged
  type: list
  elements: str
  sample: [/srv/merged/audit.html]
failure:
  description: What went wrong, if the reports could not be merged.
  returned: on failure
  type: dict
  contains:
    kind:
      description: V(option) or V(report).
      type: str
      returned: on failure
      sample: option
"""
