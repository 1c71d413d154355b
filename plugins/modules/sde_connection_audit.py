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
  - With O(connections) or O(connections_file) it audits facts that were gathered before, and asks no server.
  - Fails if there is a failing finding of the severity O(fail_on) or more. The message is the whole audit in one line.
  - A rule is inconclusive, and never passes, if the token cannot see a value that it needs.
  - Results and reports hold no credentials.
options:
  kinds:
    description:
      - The kinds of connections to gather. Both if it is not set.
      - It cannot be combined with O(connections) or O(connections_file).
    type: list
    elements: str
    choices: [alm, analysis]
  connections:
    description:
      - The connections to audit, as RV(securitycompass.sdelements.sde_alm_connection_info#module:connections) and
        RV(securitycompass.sdelements.sde_analysis_connection_info#module:connections) return them. Lists are joined by
        C(+).
      - They are those of one SD Elements server. They are masked again.
      - Without O(connections) and O(connections_file), the connections are gathered.
    type: list
    elements: dict
  connections_file:
    description:
      - JSON or YAML file with connections. It holds a list, or a saved result of one of the modules.
      - A relative path is searched for as Ansible searches for files, next to the playbook first, and then in the
        directory where Ansible was started. This is so for O(policy) and O(baseline), too. A file may be encrypted by
        Ansible Vault.
      - It cannot be combined with O(connections).
    type: path
  policy:
    description:
      - Policy files (YAML or JSON), merged in this order. The word V(starter) is the policy that comes with this
        collection.
      - A later file sets variables of earlier ones, disables rules of theirs, and adds rules and waivers.
      - A mistake in a policy names file, rule and field, and is found before any rule is evaluated.
      - The JSON Schema of policies is C(plugins/plugin_utils/_audit/data/policy.schema.json) in the collection.
    type: list
    elements: str
    default: [starter]
  policy_vars:
    description:
      - Variables of the policies, by name, with values that replace those in the files. Other names are an error.
    type: dict
    default: {}
  server:
    description:
      - Name of the SD Elements server in reports. Of an address, host and port are kept.
      - If it is not set, host and port of the server that the connections were gathered from.
      - It stands in reports, and in the fingerprints by which findings of several servers are told apart.
    type: str
  baseline:
    description:
      - JSON report of an earlier audit. Findings are marked as new or known, and fixed ones are listed.
      - If it is of another O(server), a warning says so, since then all findings are new.
    type: path
  fail_on:
    description:
      - The lowest severity of failing findings with which the task fails.
      - Rules that cannot be evaluated always make it fail, since then the audit is not whole.
      - With V(never) it fails only if the audit cannot be made.
    type: str
    choices: [info, low, medium, high, critical, never]
    default: high
  inconclusive:
    description:
      - Whether an inconclusive finding is only warned of, or counts like a failing one.
      - With V(fail), an audit without any connection fails as well.
    type: str
    choices: [warn, fail]
    default: warn
  known_findings:
    description:
      - Whether findings that the O(baseline) has as well count for O(fail_on).
      - What was inconclusive or waived in the baseline and fails now is new, and so is what is found again with a
        higher severity.
      - V(accept) requires O(baseline).
    type: str
    choices: [fail, accept]
    default: fail
attributes:
  action_group:
    description: Use C(group/securitycompass.sdelements.sdelements) in C(module_defaults) to set options of the server.
    support: full
    membership: [securitycompass.sdelements.sdelements]
extends_documentation_fragment:
  - securitycompass.sdelements.sdelements
  - securitycompass.sdelements.audit
notes:
  - A rule's C(that) and C(when) are conditionals as in a task, with all of Ansible's tests, filters and lookups, and
    with the variables of the play. They are written without braces, and must give true or false, nothing else.
  - They know C(connection), or C(item) in a rule with C(loop); the whole set as C(connections); the variables of the
    policy; and C(audited_at), the time of the audit.
  - What came from the server or from a policy's variables is never a template.
seealso:
  - module: securitycompass.sdelements.sde_alm_connection_info
  - module: securitycompass.sdelements.sde_analysis_connection_info
"""

EXAMPLES = r"""
- name: Audit all connections, write a report, and go on whatever is found
  securitycompass.sdelements.sde_connection_audit:
    fail_on: never
    reports:
      html: /tmp/sde-audit/report.html

- name: Gather the ALM connections
  securitycompass.sdelements.sde_alm_connection_info:
    include_last_job: true
  register: alm

- name: Audit these, and fail for critical findings only
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
  failed_when: audit.verdict is not defined

- name: Show the result of the audit
  ansible.builtin.debug:
    var: audit.msg
"""

RETURN = r"""
failure:
  description:
    - Why the audit could not be made. Not returned if it was made and failed, see RV(verdict) for that.
    - The fields and kinds are those of RV(securitycompass.sdelements.sde_alm_connection_info#module:failure), and
      V(policy) for an invalid policy.
  returned: when the audit could not be made
  type: dict
  sample: {kind: authentication, status: 401, method: GET, url: 'https://sde.example.com/api/v2/connections/alm/'}
msg:
  description: The whole audit in one line, or why it could not be made.
  returned: always
  type: str
  sample: >-
    SD Elements audit failed: 3 findings of high or more (1 critical, 2 high); 4 lower, 1 waived, 12 inconclusive, 0
    errors. 42 connections, 11 rules.
verdict:
  description: Whether the audit passes.
  returned: when the audit was made
  type: str
  choices: [pass, fail]
  sample: fail
verdicts:
  description: How many findings there are of each verdict.
  returned: when the audit was made
  type: dict
  contains:
    pass:
      description: What holds.
      returned: success
      type: int
      sample: 380
    fail:
      description: What does not hold.
      returned: success
      type: int
      sample: 7
    waived:
      description: What does not hold, and is excused by a waiver that is in force.
      returned: success
      type: int
      sample: 1
    not_applicable:
      description: What the rule does not apply to.
      returned: success
      type: int
      sample: 40
    inconclusive:
      description: What cannot be decided, since a fact is lacking that the rule needs.
      returned: success
      type: int
      sample: 12
    error:
      description: What cannot be evaluated.
      returned: success
      type: int
      sample: 0
failed_by_severity:
  description: How many failing findings there are of each severity; waived ones are not among them.
  returned: when the audit was made
  type: dict
  sample: {critical: 1, high: 2, medium: 3, low: 1, info: 0}
findings:
  description: All findings but those that hold and those that do not apply, ordered by rule, then by connection.
  returned: when the audit was made
  type: list
  elements: dict
  contains:
    rule:
      description: ID of the rule.
      returned: success
      type: str
      sample: alm-tls
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
        - The connections that it is about, by server, kind and ID. A rule with C(loop) may have none, or several.
      returned: success
      type: list
      elements: str
      sample: [sde.example.com/alm/3]
    subject:
      description: What it is about, for people.
      returned: success
      type: str
      sample: alm 3 "Payments API to JIRA"
    label:
      description: Name of the item of a rule with C(loop). Null for other rules.
      returned: success
      type: str
      sample: project 3
    message:
      description: Which expression is false, which fact is lacking, or what went wrong.
      returned: success
      type: str
      sample: connection.server.scheme == 'https' is false
    fingerprint:
      description: The same in every run for one rule and one connection or item, whatever its alias.
      returned: success
      type: str
      sample: 361753f459d294b4f43bca90b352503c
    waiver:
      description: Index into RV(waivers). Null if it is not waived.
      returned: success
      type: int
      sample: 0
    baseline:
      description: V(new) or V(known). Null without O(baseline), and if it is waived.
      returned: success
      type: str
      sample: new
worst:
  description:
    - The worst findings, a line each, for logs and messages. At most 100.
    - Errors come first, then what fails, by severity, then what cannot be decided; with O(inconclusive=fail) among what
      fails.
  returned: when the audit was made
  type: list
  elements: str
  sample:
    - >-
      fail, high: alm-tls (ALM traffic is encrypted): alm 3 "Payments API to JIRA": connection.server.scheme == 'https'
      is false
fixed:
  description: Failing findings of the O(baseline) that are no more.
  returned: when the audit was made
  type: list
  elements: dict
  sample:
    - rule: alm-tls
      severity: high
      subject: alm 8 "Quote Engine tickets"
      fingerprint: 65b00b4e44463b1edc1e0b89e2602096
waivers:
  description: The waivers of the policy.
  returned: when the audit was made
  type: list
  elements: dict
  contains:
    rules:
      description: IDs of the rules.
      returned: success
      type: list
      elements: str
      sample: [alm-tls]
    connections:
      description: Which connections are meant, each key with a list. Null for all.
      returned: success
      type: dict
      sample: {alias: ['Payments*']}
    labels:
      description: Which items of a rule with C(loop) are meant, by their labels. Null for all.
      returned: success
      type: list
      elements: str
      sample: ['project 3']
    reason:
      description: Why there is an exception.
      returned: success
      type: str
      sample: The server moves in March.
    owner:
      description: Who answers for it.
      returned: success
      type: str
      sample: appsec@example.com
    expires:
      description: The last day on which it holds.
      returned: success
      type: str
      sample: '2027-01-31'
    file:
      description: The policy file that has it.
      returned: success
      type: str
      sample: our_policy.yml
    state:
      description:
        - V(expired), V(active), or V(unused) if nothing fails that it would excuse.
        - One that matches an inconclusive finding is active, though it does not excuse it.
      returned: success
      type: str
      sample: active
    findings:
      description: How many failing findings it excuses, or would if it had not expired.
      returned: success
      type: int
      sample: 1
reports:
  description: Paths of the files that were written.
  returned: when the audit was made
  type: list
  elements: str
  sample: [/tmp/sde-audit/report.html, /tmp/sde-audit/report.xml]
failure:
  description: What went wrong if the audit could not be made, for playbooks; RV(msg) says the same for people.
  returned: failure of the audit itself
  type: dict
  contains:
    kind:
      description:
        - A word for the kind of failure.
        - V(option) means that an option, or a file that it names, is of no use.
        - V(policy) means that the policy has mistakes, of which RV(msg) has one a line, is no YAML, or has no rules.
        - V(report) means that a report cannot be written.
      returned: failure
      type: str
      sample: policy
    status:
      description: Always null, as no request is made.
      returned: failure
      type: int
    method:
      description: Always null, as no request is made.
      returned: failure
      type: str
    url:
      description: Always null, as no request is made.
      returned: failure
      type: str
"""
