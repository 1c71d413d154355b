#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Documentation only: the action plugin of the same name does the work.

from __future__ import annotations

DOCUMENTATION = r"""
module: sde_connection_audit
short_description: Audit connections of SD Elements by a policy
version_added: 1.0.0
author:
  - The securitycompass.sdelements authors (@securitycompass)
description:
  - Gathers the connections of an SD Elements server, evaluates every rule of a policy for each of them, writes reports,
    and passes or fails.
  - The policy is evaluated on the controller. The connections are gathered there too if the task runs on C(localhost)
    with the connection V(local); otherwise the modules M(securitycompass.sdelements.sde_alm_connection_info) and
    M(securitycompass.sdelements.sde_analysis_connection_info) gather them on the host of the task, such as a bastion.
  - With O(connections) or O(connections_file), the module audits saved facts, without a request.
  - If the policy reads projects or connectors, as V(starter) does, they are gathered as well. Without the permission to
    read them, the rules that need them are inconclusive.
  - Fails if a finding of the severity O(fail_on) or higher fails. The message is the verdict in one line.
  - A rule is inconclusive, and never passes, if the token cannot see a value that it needs.
  - Results and reports do not contain credentials.
options:
  kinds:
    description:
      - The kinds of connections to gather. Defaults to both.
      - It cannot be combined with O(connections) or O(connections_file).
    type: list
    elements: str
    choices: [alm, analysis]
  include_projects:
    description:
      - Whether to gather projects. If it is not set, they are gathered if a selected rule reads C(projects) or
        C(connection.project_facts).
      - Reports then have the names of projects, and link to their pages.
      - It cannot be combined with O(connections) or O(connections_file).
    type: bool
  include_connectors:
    description:
      - Whether to gather connectors. If it is not set, they are gathered if a selected rule reads C(connectors) or
        C(connection.connector_facts).
      - It cannot be combined with O(connections) or O(connections_file).
    type: bool
  connections:
    description:
      - The connections to audit, as RV(securitycompass.sdelements.sde_alm_connection_info#module:connections) and
        RV(securitycompass.sdelements.sde_analysis_connection_info#module:connections) return them. Join the lists with
        C(+).
      - All connections must be of one SD Elements server. They are masked again.
      - Without O(connections) and O(connections_file), the connections are gathered.
    type: list
    elements: dict
  projects:
    description:
      - The projects of the server, as RV(securitycompass.sdelements.sde_project_info#module:projects) returns them.
        They replace those in O(connections_file).
      - It requires O(connections) or O(connections_file). Without projects, rules that need them are inconclusive.
    type: list
    elements: dict
  connectors:
    description:
      - The connectors of the server, as RV(securitycompass.sdelements.sde_alm_connector_info#module:connectors) and
        RV(securitycompass.sdelements.sde_analysis_connector_info#module:connectors) return them. They replace those in
        O(connections_file).
      - It requires O(connections) or O(connections_file). Without connectors, rules that need them are inconclusive.
    type: list
    elements: dict
  connections_file:
    description:
      - JSON or YAML file with connections, which is a list, a saved result of one of the modules, or a mapping with the
        keys C(connections), C(projects) and C(connectors).
      - Ansible searches for relative paths next to the playbook, and then in its current directory, also those of
        O(policy) and O(baseline). The file may be encrypted with Ansible Vault.
      - It cannot be combined with O(connections).
    type: path
  policy:
    description:
      - Policy files (YAML or JSON), merged in this order. V(starter) is the policy of this collection.
      - A later file can set variables of earlier files, override or disable their rules, and add rules and waivers.
      - All files are validated before any rule is evaluated. Each error names the file, the rule and the field.
      - The JSON Schema of policies is
        U(https://securitycompass.github.io/ansible-collection-sdelements/schemas/policy-1.schema.json).
    type: list
    elements: str
    default: [starter]
  policy_vars:
    description:
      - Values for the variables of the policy, by name. Unknown names are an error.
    type: dict
    default: {}
  rules:
    description:
      - IDs of the rules to evaluate. An empty list means all.
      - Reports list the rules that O(rules), O(skip_rules) and O(rule_tags) exclude. Unknown IDs and tags are errors.
    type: list
    elements: str
    default: []
  skip_rules:
    description: IDs of the rules to skip.
    type: list
    elements: str
    default: []
  rule_tags:
    description: Tags of rules. Only rules with one of them are evaluated. An empty list means all.
    type: list
    elements: str
    default: []
  server:
    description:
      - Name of the SD Elements server. For a URL, the name is host and port, and reports link to the URL.
      - Defaults to the host and port of the gathered server.
      - Reports contain the name. Fingerprints depend on it.
    type: str
  baseline:
    description:
      - JSON report of an earlier audit. Findings are marked as new or known, and fixed findings are listed. Facts of
        connections that changed since then are in RV(changes) and in the reports, and rules read the former ones as
        C(previous).
      - A report of another O(server) is an error. If it is about several servers and this one is new, all findings are
        new, and the task warns.
      - A JSON or YAML file with connections, as for O(connections_file), is compared with the facts only.
      - Added and removed connections are known only of kinds that both audits gathered. Files with connections, and
        O(connections), may be a selection.
      - Facts that change with each synchronisation are not compared, nor are those that the token could not see.
    type: path
  fail_on:
    description:
      - The task fails if a finding of this severity or a higher one fails.
      - The task also fails if a rule cannot be evaluated, since the audit is then incomplete.
      - With V(never), the task fails only if the audit is impossible, for example if the policy is invalid.
    type: str
    choices: [info, low, medium, high, critical, never]
    default: high
  inconclusive:
    description:
      - Whether an inconclusive finding is a warning, or counts as a failing one.
      - With V(fail), an audit without any connection fails as well.
    type: str
    choices: [warn, fail]
    default: warn
  known_findings:
    description:
      - Whether known findings, which are also in the O(baseline), count for O(fail_on).
      - A finding is new if it was inconclusive or waived in the baseline and fails now, or if its severity is higher.
      - V(accept) requires O(baseline).
    type: str
    choices: [fail, accept]
    default: fail
  vacuous:
    description:
      - Whether a rule that matches nothing is a warning, or fails the audit. The conditions of such a rule exclude all
        connections.
      - If it is not set, the policy decides; the default is V(warn). This does not apply to rules with
        C(may_apply_to_nothing).
    type: str
    choices: [warn, fail]
attributes:
  action_group:
    description: Use C(group/securitycompass.sdelements.sdelements) in C(module_defaults) to set options of the server.
    support: full
    membership: [securitycompass.sdelements.sdelements]
  diff_mode:
    description: Returns details on what has changed, in diff mode.
    support: partial
    details: Returns the facts of connections that changed since the O(baseline). Ansible prints them if a report is
      written. Reports differ in each run.
extends_documentation_fragment:
  - securitycompass.sdelements.sdelements
  - securitycompass.sdelements.audit
notes:
  - The conditions C(that) and C(when) of a rule are conditionals as in a task, with all tests, filters and lookups of
    Ansible, and with the variables of the play. Write them without braces. The result must be a boolean.
  - They can use C(connection), or C(item) in a rule with C(loop) or C(group_by); C(connections), C(projects) and
    C(connectors), the lists of all; the variables of the policy; and C(audited_at), the time of the audit.
  - In a rule about each connection, C(previous) has the facts of the same connection in the O(baseline). It is null if
    the connection is new, and without O(baseline), which turns a rule with C(previous is not none) in C(when) off.
  - C(baseline) has the C(kinds) of which both audits gathered all connections, and these C(connections) then. Those
    that are gone have C(removed=true). It is null without O(baseline).
  - C(connection.project_facts) and C(connection.connector_facts) are the facts of the connection's project and
    connector. They are null if they do not exist. Each project and each connector has its C(connections).
  - Data of the server and variables of a policy are never evaluated as templates.
seealso:
  - module: securitycompass.sdelements.sde_alm_connection_info
  - module: securitycompass.sdelements.sde_analysis_connection_info
  - module: securitycompass.sdelements.sde_project_info
  - module: securitycompass.sdelements.sde_alm_connector_info
  - module: securitycompass.sdelements.sde_analysis_connector_info
"""

EXAMPLES = r"""
- name: Audit all connections, write a report, and continue with any verdict
  securitycompass.sdelements.sde_connection_audit:
    fail_on: never
    reports:
      html: /tmp/sde-audit/report.html

- name: Gather the ALM connections
  securitycompass.sdelements.sde_alm_connection_info:
    include_last_job: true
  register: alm

- name: Audit these connections, and fail only for critical findings
  securitycompass.sdelements.sde_connection_audit:
    connections: "{{ alm.connections }}"
    server: sde.example.com
    policy_vars:
      conflict_policies: [alm, timestamp]
      allowed_servers: ['*.example.com', '*.example.net']
    fail_on: critical
    reports:
      junit: /tmp/sde-audit/report.xml
  register: audit
  failed_when: false

- name: Show the summary
  ansible.builtin.debug:
    var: audit.msg
"""

RETURN = r"""
msg:
  description: The audit in one line, with its policies and reports, or why it could not be completed.
  returned: always
  type: str
  sample: >-
    SD Elements audit of sde.example.com failed: 3 findings of high or higher (1 critical, 2 high); 4 lower, 1 waived,
    12 inconclusive, 0 errors. 42 connections, 16 rules, 24 projects seen. Policy: starter. Reports:
    /tmp/sde-audit/report.html.
verdict:
  description: The verdict of the audit.
  returned: when the audit is complete
  type: str
  choices: [pass, fail]
  sample: fail
verdict_counts:
  description: Number of findings by verdict.
  returned: when the audit is complete
  type: dict
  contains:
    pass:
      description: Findings that pass.
      returned: success
      type: int
      sample: 380
    fail:
      description: Findings that fail.
      returned: success
      type: int
      sample: 7
    waived:
      description: Failing findings that a valid waiver accepts.
      returned: success
      type: int
      sample: 1
    not_applicable:
      description: Connections and items to which the rule does not apply.
      returned: success
      type: int
      sample: 40
    inconclusive:
      description: Findings for which a needed fact is missing.
      returned: success
      type: int
      sample: 12
    error:
      description: Findings whose rule cannot be evaluated.
      returned: success
      type: int
      sample: 0
failed_by_severity:
  description: Number of failing findings by severity, without waived ones.
  returned: when the audit is complete
  type: dict
  sample: {critical: 1, high: 2, medium: 3, low: 1, info: 0}
findings:
  description:
    - The 100 most important findings. RV(findings_omitted) is the number of further ones in the JSON report.
    - Findings that fail the audit are first, and new ones before known ones. Then errors precede failing findings,
      these inconclusive ones, and these waived ones, each by severity. With O(inconclusive=fail), inconclusive findings
      are sorted as failing ones.
  returned: when the audit is complete
  type: list
  elements: dict
  contains:
    server:
      description: Name of the SD Elements server. Null if it is unknown.
      returned: success
      type: str
      sample: sde.example.com
    rule:
      description: ID of the rule.
      returned: success
      type: str
      sample: tls
    severity:
      description: Severity of the rule.
      returned: success
      type: str
      sample: high
    verdict:
      description: V(fail), V(waived), V(inconclusive) or V(error).
      returned: success
      type: str
      sample: fail
    connections:
      description:
        - The connections, by server, kind and ID. A rule with C(loop) may have none or several, one with C(group_by)
          several. The list contains the first 100.
      returned: success
      type: list
      elements: str
      sample: [sde.example.com/alm/3]
    connections_omitted:
      description: The number of connections that are missing from the list.
      returned: success
      type: int
      sample: 0
    projects:
      description: IDs of the first 100 projects that it is about.
      returned: success
      type: list
      elements: int
      sample: [3]
    subject:
      description: A readable name of the connection or item.
      returned: success
      type: str
      sample: ALM connection 3 "Payments API to JIRA"
    label:
      description: Name of the item of a rule with C(loop) or C(group_by). Null for other rules.
      returned: success
      type: str
      sample: project 3
    message:
      description: The rule's message about a failing finding, the fact that is missing, or the error.
      returned: success
      type: str
      sample: Connects to jira.example.com without TLS
    condition:
      description: The condition that is false. Null for other verdicts than V(fail) and V(waived).
      returned: success
      type: str
      sample: connection.server.scheme == 'https'
    observed:
      description: The values that the condition read, as text. Variables of the play are never among them.
      returned: success
      type: list
      elements: dict
      contains:
        name:
          description: Path of the fact, which begins below C(connection), or of the item or the policy's variable.
          returned: success
          type: str
          sample: server.scheme
        value:
          description: The value. Of a list or a mapping, the number of its members.
          returned: success
          type: str
          sample: http
    fingerprint:
      description: Identifies the rule and the connection or item in every run. It does not depend on the alias.
      returned: success
      type: str
      sample: 361753f459d294b4f43bca90b352503c
    waiver:
      description: Index in the report's waivers, of which RV(waivers) contains 100. Null if the finding is not waived.
      returned: success
      type: int
      sample: 0
    expired_waiver:
      description: Index of a waiver that has expired and would waive the finding. Null if there is none.
      returned: success
      type: int
      sample: 1
    baseline:
      description: V(new) or V(known). Null without O(baseline), and if the finding is waived.
      returned: success
      type: str
      sample: new
    fails_audit:
      description: Whether the audit fails because of this finding.
      returned: success
      type: bool
      sample: true
    line:
      description: The finding on one line, for logs and messages.
      returned: success
      type: str
      sample: >-
        new, fail, high: tls: ALM connection 3 "Payments API to JIRA": Connects to jira.example.com without TLS
        (server.scheme = http)
findings_omitted:
  description: The number of findings that only the JSON report contains. If there are any, the task warns.
  returned: when the audit is complete
  type: int
  sample: 0
fixed:
  description:
    - Failing findings of the O(baseline) that were evaluated again and pass, the 100 most severe ones.
    - RV(not_fixed) has the others that are no longer findings.
  returned: when the audit is complete
  type: list
  elements: dict
  contains:
    server:
      description: Name of the SD Elements server. Null if it is unknown.
      returned: success
      type: str
      sample: sde.example.com
    rule:
      description: ID of the rule.
      returned: success
      type: str
      sample: tls
    severity:
      description: Severity that the finding had.
      returned: success
      type: str
      sample: high
    subject:
      description: A readable name of the connection or item.
      returned: success
      type: str
      sample: ALM connection 8 "Quote Engine tickets"
    fingerprint:
      description: The identifier of the finding, as in RV(findings).
      returned: success
      type: str
      sample: 65b00b4e44463b1edc1e0b89e2602096
not_fixed:
  description:
    - Failing findings of the O(baseline) that are no longer findings for another reason, the 100 most severe ones.
  returned: when the audit is complete
  type: list
  elements: dict
  contains:
    server:
      description: Name of the SD Elements server. Null if it is unknown.
      returned: success
      type: str
      sample: sde.example.com
    rule:
      description: ID of the rule.
      returned: success
      type: str
      sample: tls
    severity:
      description: Severity that the finding had.
      returned: success
      type: str
      sample: high
    subject:
      description: A readable name of the connection or item.
      returned: success
      type: str
      sample: ALM connection 8 "Quote Engine tickets"
    fingerprint:
      description: The identifier of the finding, as in RV(findings).
      returned: success
      type: str
      sample: 65b00b4e44463b1edc1e0b89e2602096
    reason:
      description:
        - V(waived), V(rule_gone), V(not_applicable), V(connection_removed) or V(item_removed).
        - V(not_looked_at) if this audit did not gather the connection, or did not select the rule.
      returned: success
      type: str
      sample: connection_removed
not_fixed_omitted:
  description: The number of these findings that only the JSON report contains.
  returned: when the audit is complete
  type: int
  sample: 0
fixed_omitted:
  description: The number of fixed findings that only the JSON report contains.
  returned: when the audit is complete
  type: int
  sample: 0
changes:
  description: The first 100 connections that changed, were added or were removed since the O(baseline).
  returned: when the audit is complete
  type: list
  elements: dict
  contains:
    server:
      description: Name of the SD Elements server. Null if it is unknown.
      returned: success
      type: str
      sample: sde.example.com
    key:
      description: The connection, by server, kind and ID.
      returned: success
      type: str
      sample: sde.example.com/alm/3
    subject:
      description: A readable name of the connection.
      returned: success
      type: str
      sample: ALM connection 3 "Payments API to JIRA"
    project:
      description: ID of its project. Null if it does not have one.
      returned: success
      type: int
      sample: 3
    change:
      description: V(changed), V(added) or V(removed).
      returned: success
      type: str
      sample: changed
    facts:
      description: The first 100 facts that changed. Empty if the connection was added or removed.
      returned: success
      type: list
      elements: dict
      contains:
        name:
          description: Path of the fact.
          returned: success
          type: str
          sample: server.host
        old:
          description: The value in the baseline, masked. Null if it did not have one.
          returned: success
          type: raw
          sample: jira.example.com
        new:
          description: The current value, masked. Null if it does not have one.
          returned: success
          type: raw
          sample: jira.example.net
    facts_omitted:
      description: The number of facts that are missing from the list.
      returned: success
      type: int
      sample: 0
    line:
      description: The change on one line, for logs and messages.
      returned: success
      type: str
      sample: >-
        changed: sde.example.com, ALM connection 3 "Payments API to JIRA": server.host: jira.example.com ->
        jira.example.net
changes_omitted:
  description: The number of connections that changed and that only the JSON report contains.
  returned: when the audit is complete
  type: int
  sample: 0
diff:
  description: The same facts as two texts, C(before) and C(after).
  returned: in diff mode, with O(baseline)
  type: dict
  sample: {before: 'frequency: daily', after: 'frequency: weekly'}
waivers:
  description: The first 100 waivers of the policy.
  returned: when the audit is complete
  type: list
  elements: dict
  contains:
    rules:
      description: IDs of the rules.
      returned: success
      type: list
      elements: str
      sample: [tls]
    servers:
      description: The names of the servers that it is for. Null for all.
      returned: success
      type: list
      elements: str
      sample: ['*.example.com']
    connections:
      description: The waived connections, as a list of values for each key. Null for all.
      returned: success
      type: dict
      sample: {alias: ['Payments*']}
    labels:
      description: The labels of the waived items of a rule with C(loop) or C(group_by). Null for all.
      returned: success
      type: list
      elements: str
      sample: ['project 3']
    reason:
      description: The reason for the exception.
      returned: success
      type: str
      sample: The server moves in March.
    owner:
      description: The person or team that is responsible.
      returned: success
      type: str
      sample: appsec@example.com
    expires:
      description: The last day of the waiver.
      returned: success
      type: str
      sample: '2027-01-31'
    file:
      description: The policy file of the waiver.
      returned: success
      type: str
      sample: our_policy.yml
    number:
      description: Its position among the waivers of the file, from 1.
      returned: success
      type: int
      sample: 1
    ends_soon:
      description: Whether it ends within 14 days.
      returned: success
      type: bool
      sample: false
    state:
      description:
        - V(expired), V(active), or V(unused) if no failing finding matches it.
        - A waiver that matches an inconclusive finding is active, although that finding stays inconclusive.
      returned: success
      type: str
      sample: active
    findings:
      description: Number of failing findings that it waives, or would waive if it had not expired.
      returned: success
      type: int
      sample: 1
waivers_omitted:
  description: The number of waivers that only the JSON report contains.
  returned: when the audit is complete
  type: int
  sample: 0
report_files:
  description: The files that were written. If the task failed, their content is the error.
  returned: always
  type: list
  elements: str
  sample: [/tmp/sde-audit/report.html, /tmp/sde-audit/report.xml]
failure:
  description:
    - The error of an audit that could not be completed. RV(msg) is the message.
    - The same as RV(securitycompass.sdelements.sde_alm_connection_info#module:failure) if the connections could not be
      gathered.
  returned: failure of the audit itself
  type: dict
  contains:
    kind:
      description:
        - The kind of failure.
        - V(option) means that an option or its file is invalid.
        - V(policy) means that the policy has errors, is not valid YAML, or does not contain rules. RV(msg) has a line
          for each error.
        - V(report) means that a report cannot be written.
        - The other kinds are those of the modules that gather connections.
      returned: failure
      type: str
      sample: policy
    status:
      description: HTTP status of the response. Null without a response.
      returned: failure
      type: int
      sample: 401
    method:
      description: HTTP method of the request. Null without a request.
      returned: failure
      type: str
      sample: GET
    url:
      description: URL of the request, without its query. Null without a request.
      returned: failure
      type: str
      sample: https://sde.example.com/api/v2/connections/alm/
"""
