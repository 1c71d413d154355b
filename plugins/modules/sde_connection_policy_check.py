#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Documentation only: the action plugin of the same name does the work.

from __future__ import annotations

DOCUMENTATION = r"""
module: sde_connection_policy_check
short_description: Check a policy of audits by its schema and its tests
version_added: 1.0.0
author:
  - The securitycompass.sdelements authors (@securitycompass)
description:
  - Finds errors in policies of M(securitycompass.sdelements.sde_connection_audit), and evaluates the C(tests) of the
    policies.
  - Runs on the controller, without a server, and requires only ansible-core.
  - With O(connections) or O(connections_file), also counts the verdicts of each rule on these connections, and warns
    about rules that match nothing. Failing findings do not fail the task.
  - Warns about expired waivers.
  - Fails if the policy has an error, such as an unknown fact, or if a test fails. The message has a line for each.
options:
  policy:
    description:
      - Policy files (YAML or JSON), merged in this order.
      - V(starter) is the policy of this collection, and V(starter_tests) are the tests of that policy.
    type: list
    elements: str
    default: [starter]
  policy_vars:
    description:
      - Values for the variables of the policy, by name. The C(vars) of a test take precedence.
    type: dict
    default: {}
  connections:
    description:
      - Connections as RV(securitycompass.sdelements.sde_alm_connection_info#module:connections) and
        RV(securitycompass.sdelements.sde_analysis_connection_info#module:connections) return them. Join the lists with
        C(+).
    type: list
    elements: dict
  connections_file:
    description:
      - JSON or YAML file with connections, which is a list, a saved result of one of the modules, or a mapping with the
        keys C(connections), C(projects) and C(connectors).
      - It cannot be combined with O(connections).
    type: path
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
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what it would return without it.
    support: full
  diff_mode:
    description: Returns details on what has changed, in diff mode.
    support: none
    details: The module does not change anything.
  idempotent:
    description: When run twice in a row outside check mode, the second invocation reports no change.
    support: full
  action:
    description: Indicates this has a corresponding action plugin, which runs on the controller.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: none
notes:
  - A test has C(rule), the ID of a rule, and C(expect), which is the verdict V(pass), V(fail), V(inconclusive),
    V(not_applicable) or V(error). A list has the verdict of each connection, or of each item of a rule with C(loop) or
    C(group_by); one verdict is that of all of them.
  - A test can have C(connection) or C(connections), with the facts that matter to it, and C(vars), values of variables.
    Missing facts are those of a good connection to Jira, whose last job succeeded an hour before C(audited_at). That is
    always 2026-01-15T12:00:00Z.
  - Missing keys of C(params), C(server) and C(last_job) are added as well. Without C(server) and C(validate_certs),
    these facts are derived from C(params). C(id) and C(project) of the first connection are 1, of the second 2, and so
    on.
  - A test can also have C(projects) and C(connectors), or null for unknown ones. Without them, each connection has a
    good project and a good connector, whose facts C(project_facts) and C(connector_facts) of the connection can change.
  - Tests of disabled rules are skipped. An audit does not evaluate tests.
seealso:
  - module: securitycompass.sdelements.sde_connection_audit
"""

EXAMPLES = r"""
- name: Check the policy of this repository and its tests
  securitycompass.sdelements.sde_connection_policy_check:
    policy: [starter, policy.yml, policy_tests.yml]

# A test in policy_tests.yml:
#
# tests:
#   - rule: own-hosts
#     connection: {server: {host: jira.example.net}}
#     expect: fail

- name: Show what the rules of the starter policy find in saved connections
  securitycompass.sdelements.sde_connection_policy_check:
    connections_file: connections.json
  register: check

- name: Show each rule
  ansible.builtin.debug:
    msg: "{{ check.rules | map(attribute='line') }}"
"""

RETURN = r"""
msg:
  description: The result in one line, or each error or failed test on a line.
  returned: always
  type: str
  sample: 'Valid policy (starter, starter_tests): 16 rules, 82 tests passed.'
tests:
  description: The failed tests.
  returned: when the policy has no errors
  type: list
  elements: dict
  contains:
    file:
      description: The policy file of the test.
      returned: success
      type: str
      sample: policy_tests.yml
    number:
      description: Its position among the tests of the file, from 1.
      returned: success
      type: int
      sample: 3
    rule:
      description: ID of the rule.
      returned: success
      type: str
      sample: own-hosts
    expected:
      description: The expected verdicts.
      returned: success
      type: list
      elements: str
      sample: [fail]
    actual:
      description: The verdicts of the rule.
      returned: success
      type: list
      elements: str
      sample: [inconclusive]
    message:
      description: The test with both verdicts, and the reason for the actual one.
      returned: success
      type: str
      sample: >-
        policy_tests.yml: test 3: rule own-hosts: expected fail, got inconclusive (the parameters are hidden from the
        token).
tests_passed:
  description: Number of tests that pass.
  returned: when the policy has no errors
  type: int
  sample: 57
tests_skipped:
  description: Number of tests whose rule is disabled.
  returned: when the policy has no errors
  type: int
  sample: 0
rules:
  description: The rules of the policy.
  returned: when the policy has no errors
  type: list
  elements: dict
  contains:
    id:
      description: ID of the rule.
      returned: success
      type: str
      sample: tls
    title:
      description: The requirement in one line.
      returned: success
      type: str
      sample: Traffic to the tool is encrypted
    severity:
      description: Severity of the rule.
      returned: success
      type: str
      sample: high
    tests:
      description: Number of its tests.
      returned: success
      type: int
      sample: 5
    state:
      description:
        - V(evaluated), V(off) if a condition that reads no connection is false, V(no_subjects) if there is nothing to
          evaluate, or V(matches_nothing) if the conditions exclude all connections.
        - Null without connections.
      returned: success
      type: str
      sample: evaluated
    verdict_counts:
      description: Number of connections or items by verdict. Null without connections.
      returned: success
      type: dict
      sample: {fail: 3, error: 0, inconclusive: 2, waived: 0, pass: 12, not_applicable: 1}
    line:
      description: The rule on one line, for logs.
      returned: success
      type: str
      sample: 'tls: 5 tests; 3 fail, 2 inconclusive, 12 pass, 1 not applicable'
schema:
  description: Path of the JSON Schema of policies on the controller, for editors.
  returned: when the policy has no errors
  type: str
  sample: >-
    /srv/ansible_collections/securitycompass/sdelements/plugins/plugin_utils/_audit/data/policy.schema.json
failure:
  description: The error, if the policy has errors or a test fails.
  returned: on failure
  type: dict
  contains:
    kind:
      description: V(option) or V(policy).
      type: str
      returned: on failure
      sample: policy
"""
