# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of servers and files that are aimed at a log, a report or the audit itself."""

from __future__ import annotations

import copy
import csv
import io
import json
import re
from functools import partial
from unittest.mock import Mock

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError, SDElementsError
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit import policy_yaml, task
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.connections import server_name
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.expressions import (
    expression_error,
    facts_in,
    message_error,
    names_in,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.failure import failure_reported
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.observed import observe
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.policy import PolicyError, load_policy
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.policy_yaml import parse_policy
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.schema import errors_by
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.templating import Engine
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._files import TaskFiles
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.text import escape_log_line
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.write import FORMATS
from tests import sample_reports
from tests.report_readers import invisible_characters

RULE = {"id": "r", "title": "R", "severity": "low", "that": "connection.id > 0"}
ATTACK = "zz\n::error::forged\x1b[2K\u202eab ::warning file=a::b ##[error]c ##vso[task.complete]d"


def not_found(_folder: str, name: str) -> str:
    raise OptionError(f"{name} not found.")


def files_of(folder) -> TaskFiles:
    return TaskFiles(lambda _folder, name: str(folder / name), DataLoader())


def write_policy(folder, **fields) -> str:
    (folder / "p.yml").write_text(yaml.safe_dump({"rules": [RULE], **fields}), encoding="utf-8")
    return "p.yml"


def assert_no_command(text: str) -> None:
    assert not any(part in text for part in ("::error", "::warning", "##[", "##vso[")), text
    assert invisible_characters(text) == set() and "\n" not in text


# ---------------------------------------------------------------------------------------------------------------
# The log


@pytest.mark.parametrize(
    "text, shown",
    [
        ("::error::x", r"\x3a:error\x3a:x"),
        ("a ::set-output name=x::y", r"a \x3a:set-output name=x\x3a:y"),
        ("##[error]x", r"\x23#[error]x"),
        ("##vso[task.complete]", r"\x23#vso[task.complete]"),
        ("a\n\x1b\u202e", r"a\n\x1b\u202e"),
        ("fe80::1, a::1, ## title, [a]: b", "fe80::1, a::1, ## title, [a]: b"),
    ],
)
def test_log_line_has_no_command(text, shown):
    assert escape_log_line(text) == shown


def audit(folder, connections, policy) -> dict:
    arguments = {"connections": connections, "policy": [policy], "server": "sde", "reports": {}}
    options = {name: spec.get("default") for name, spec in task.AUDIT_ARGUMENTS.items()} | arguments
    engine = Templar(DataLoader())
    return task.audit(options, files_of(folder), list, templar=engine, task_vars={}, check_mode=True, diff_mode=False)


def test_warnings_of_an_audit_have_no_commands(tmp_path):
    connections = [{**sample_reports.connection("alm", 1)["facts"], "alias": ATTACK}]
    connections[0].pop("server", None)
    policy = write_policy(tmp_path, rules=[{**RULE, "that": "connection.alias.nothing.at_all"}])
    result = audit(tmp_path, connections, policy)
    warnings = [one for one in result["warnings"] if "cannot be evaluated" in one]
    assert warnings and "forged" in warnings[0]
    for warning in result["warnings"]:
        assert_no_command(warning)

    given = {"connections": connections, "connections_file": None, "projects": None, "connectors": None}
    options = {"policy": [policy], "policy_vars": {}, **given}
    checked = task.check_policy(options, files_of(tmp_path), templar=Templar(DataLoader()), task_vars={})
    assert checked["failed"] and len(checked["warnings"]) == 1
    assert_no_command(checked["warnings"][0])
    lines = checked["msg"].splitlines()
    assert len(lines) == 2 and "forged" in lines[1] and invisible_characters(lines[1]) == set()


def merged(folder, **reports) -> dict:
    for name, report in reports.items():
        (folder / f"{name}.json").write_text(json.dumps(report), encoding="utf-8")
    none = dict.fromkeys(("fail_on", "inconclusive", "known_findings"))
    options = {**none, "report_files": [f"{folder}/*.json"], "servers": [], "reports": {}}
    return task.merge(options, check_mode=True)


def test_warnings_of_a_merge_have_no_commands(tmp_path):
    failed = sample_reports.failed()
    failed["summary"]["message"] = f"Failed:\n{ATTACK}"
    failed.update(servers=["other"], server_urls={})
    result = merged(tmp_path, a=sample_reports.small(), b=failed)
    assert any("Failed: zz" in one for one in result["warnings"])
    for warning in result["warnings"]:
        assert_no_command(warning)


def wrong_rule(report: dict) -> None:
    report["findings"][0]["rule"] = ATTACK


def wrong_key(report: dict) -> None:
    report["server_urls"] = {ATTACK: 1}


@pytest.mark.parametrize("change", [wrong_rule, wrong_key])
def test_message_about_an_edited_report_is_one_line(tmp_path, change):
    report = copy.deepcopy(sample_reports.small())
    change(report)
    with pytest.raises(OptionError, match="zz") as raised:
        merged(tmp_path, a=report)
    message = raised.value.as_failure()["msg"]
    assert "\n" not in message and invisible_characters(message) == set() and "Create the report again." in message


def test_each_error_of_a_policy_is_one_line(tmp_path):
    policy = {"rules": [{**RULE, "id": f"A{ATTACK}", ATTACK: 1}, {**RULE, ATTACK: 2}]}
    with pytest.raises(PolicyError) as raised:
        load_policy(["p.yml"], lambda name: policy, {})
    head, *errors = str(raised.value).split("\n")
    assert head == "Invalid policy (3 errors):" and len(errors) == 3
    assert all(one.startswith("p.yml: rule ") and invisible_characters(one) == set() for one in errors)


def test_name_of_a_parameter_starts_no_line(tmp_path):
    """The message about an unknown parameter suggests a name that the server sent."""
    facts = sample_reports.connection("alm", 1)["facts"]
    connection = {**facts, "params": {"alm_\n::error::proj": "X"}}
    policy = write_policy(tmp_path, rules=[{**RULE, "needs": ["params.alm_error_proj"]}])
    with pytest.raises(PolicyError, match="did you mean") as raised:
        audit(tmp_path, [connection], policy)
    assert len(str(raised.value).splitlines()) == 2


# ---------------------------------------------------------------------------------------------------------------
# Secrets


@pytest.mark.parametrize(
    "condition, variables, observed",
    [
        ("passwords[0] == 1", {"passwords": ["hunter2"]}, {"passwords[0]": "********"}),
        ("creds.jira == 1", {"creds": {"jira": "hunter2"}}, {"creds.jira": "********"}),
        (
            "api_tokens.list[0].x == 1",
            {"api_tokens": {"list": [{"x": "hunter2"}]}},
            {"api_tokens.list[0].x": "********"},
        ),
        (
            "item.value == item.name",
            {"item": {"name": "password", "value": "hunter2"}},
            {"item.value": "********", "item.name": "password"},
        ),
        ("item[n] == 1", {"item": ["--password", "hunter2"], "n": -1}, {"item[-1]": "********", "n": "-1"}),
        (
            "item.token['a']",
            {"item": {"token": {"a": "hunter2"}}},
            {"item.token.a": "********"},
        ),
        ("creds == 1", {"creds": ["hunter2"]}, {"creds": "1 item"}),
        ("creds.jira.absent", {"creds": {"jira": "hunter2"}}, {"creds.jira.absent": "undefined"}),
        # Harmless values and facts, which are masked already.
        ("limits.hours[1] > 3", {"limits": {"hours": [1, 2]}}, {"limits.hours[1]": "2"}),
        ("item.hosts['a.b']", {"item": {"hosts": {"a.b": "jira.example.com"}}}, {"item.hosts.a.b": "jira.example.com"}),
        (
            "connections[0].secrets_set[0]",
            {"connections": [{"secrets_set": ["alm_pass"]}]},
            {"connections[0].secrets_set[0]": "alm_pass"},
        ),
    ],
)
def test_observed_value_is_masked_by_all_names_around_it(condition, variables, observed):
    assert {one["name"]: one["value"] for one in observe(condition, variables)} == observed


def test_observed_value_at_any_depth():
    value: dict = {"x": "hunter2"}
    for _number in range(60):
        value = {"x": value}
    found = observe("item" + ".x" * 61, {"item": value})
    assert [one["value"] for one in found] == ["********"]


def test_observing_reads_no_other_connections(monkeypatch):
    """A group may contain thousands of connections, and so may each of its failures."""
    masked = []
    path = "ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.observed.redact"
    monkeypatch.setattr(path, lambda value: masked.append(json.dumps(value)) or (value, []))
    observe("item.key == 1", {"item": {"key": 2, "connections": [{"params": {"a": "x"}}] * 1000}})
    assert masked == ['{"item": {"key": 2, "connections": null}}']


@pytest.mark.parametrize(
    "address, name",
    [
        ("https://admin:A@sde.example.com?key=B#C", "sde.example.com"),
        ("https://sde.example.com?token=S", "sde.example.com"),
        ("sde.example.com:8443#S", "sde.example.com:8443"),
        ("https://sde.example.com/a?mail=a@hunter2", "sde.example.com"),
        ("https://admin:A@sde.example.com/?key=B@hunter2", "sde.example.com"),
        ("https://admin:pa#ss?@sde.example.com/x", "sde.example.com"),
        ("admin:pa?ss@sde.example.com", "sde.example.com"),
        ("https://[::1]:8443/?a=b", "[::1]:8443"),
        ("production", "production"),
    ],
)
def test_server_name_has_neither_credentials_nor_query(address, name):
    assert server_name(address) == name


def failed_report(folder, arguments: dict, error: Exception | None = None) -> dict:
    path = folder / "r.json"
    arguments = {**arguments, "reports": {"json": str(path)}}
    files = TaskFiles(not_found, DataLoader())
    work = Mock(side_effect=error or OptionError("Wrong."))
    assert failure_reported(work, task.AUDIT_ARGUMENTS, arguments, files, check_mode=False)["failed"]
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "policy, shown",
    [
        ("https://me:hunter2@h.example.com/p.yml", ["https://********@h.example.com/p.yml"]),
        (["a.yml", {"vars": {"x": "hunter2"}}], ["a.yml"]),
        ({"vars": {"x": "hunter2"}}, ["starter"]),
        (None, ["starter"]),
    ],
)
def test_failed_report_has_only_names_of_policies(tmp_path, policy, shown):
    report = failed_report(tmp_path, {"policy": policy, "url": "https://sde.example.com?token=hunter2"})
    assert report["policies"] == shown and report["servers"] == ["sde.example.com"]
    assert "hunter2" not in json.dumps(report)


def test_missing_file_is_named_without_credentials():
    def find(folder: str, name: str) -> str:
        raise AnsibleError(f"{name} not found")

    with pytest.raises(OptionError) as raised:
        TaskFiles(find, DataLoader()).find("policy", "https://me:hunter2@h/p.yml")
    assert "hunter2" not in str(raised.value) and "file https://********@h/p.yml not found" in str(raised.value)


# ---------------------------------------------------------------------------------------------------------------
# Audits that could not be completed


def test_server_of_a_failed_audit_is_in_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SDE_HOST", " ")
    monkeypatch.setenv("SDE_SERVER", "https://sde.example.com/sde")
    assert failed_report(tmp_path, {})["server_urls"] == {"sde.example.com": "https://sde.example.com/sde"}
    assert failed_report(tmp_path, {"url": "other.example.com"})["servers"] == ["other.example.com"]
    refused = SDElementsError("tls", "No trust.", url="https://third.example.com/api/v2/")
    assert failed_report(tmp_path, {}, refused)["servers"] == ["third.example.com"]
    # Other connections than that server's.
    assert failed_report(tmp_path, {"connections_file": "c.json"})["servers"] == []
    assert failed_report(tmp_path, {"connections": [{"id": 1}]})["servers"] == []
    monkeypatch.delenv("SDE_SERVER")
    assert failed_report(tmp_path, {})["servers"] == []


@pytest.mark.parametrize(
    "name, lines",
    [
        ("markdown", ["* `p.yml`: first.", "* `p.yml`: second."]),
        ("html", ["<li><bdi>p.yml: first.</bdi></li>", "<li><bdi>p.yml: second.</bdi></li>"]),
    ],
)
def test_each_error_of_a_policy_has_its_own_line_in_reports(tmp_path, name, lines):
    report = failed_report(tmp_path, {"server": "sde"}, PolicyError(["p.yml: first.", "p.yml: second."]))
    message = (
        "SD Elements audit of sde could not be completed: Invalid policy (2 errors):\np.yml: first.\np.yml: second."
    )
    assert report["summary"]["message"] == message
    text = FORMATS[name](report)
    assert [line for line in text.splitlines() if line in lines] == lines


# ---------------------------------------------------------------------------------------------------------------
# Policies that exceed limits


@pytest.mark.parametrize("field, least", [("longest_days", 1), ("notice_days", 0)])
@pytest.mark.parametrize("days", [36_501, 3_000_000, 99_999_999_999, 1e300])
def test_waiver_limits_are_bounded(field, least, days):
    waiver = {"rules": ["r"], "reason": "r", "owner": "o", "expires": "2027-01-31"}
    policy = {"rules": [RULE], "waivers": [waiver], "waiver_limits": {field: days}}
    with pytest.raises(PolicyError, match=f"waiver_limits.{field} must be 36500 or less, not "):
        load_policy(["p.yml"], lambda name: policy, {})
    policy["waiver_limits"][field] = 36_500
    assert getattr(load_policy(["p.yml"], lambda name: policy, {}).limits, field) == 36_500
    policy["waiver_limits"][field] = least - 1
    with pytest.raises(PolicyError, match=f"waiver_limits.{field} must be {least} or more"):
        load_policy(["p.yml"], lambda name: policy, {})


def test_enumeration_of_several_types():
    (error,) = errors_by("7", {"enum": ["a", 7, True, None, [1]]}, ("x",))
    assert str(error) == 'x must be one of a, 7, true, null, [1], not "7"; did you mean 7?'


TOO_DEEP = {
    "parentheses": lambda number: "(" * number + "connection.id" + ")" * number,
    "lists": lambda number: "[" * number + "connection.id" + "]" * number,
    "calls": lambda number: "f(" * number + "connection.id" + ")" * number,
    "not": lambda number: "not " * number + "connection.id",
    "and": lambda number: " and ".join(["connection.id"] * number),
    "attributes": lambda number: "connection" + ".a" * number,
    "filters": lambda number: "connection.id" + " | string" * number,
    "else": lambda number: "1 if 2 else " * number + "connection.id",
}


@pytest.mark.no_cover
@pytest.mark.parametrize("name", TOO_DEEP)
@pytest.mark.parametrize("number", [101, 400, 3000])
def test_deep_condition_is_one_clear_error(name, number):
    condition = TOO_DEEP[name](number)
    assert expression_error(condition, "connection") == "is nested too deeply; simplify it"
    assert message_error(f"{{{{ {condition} }}}}", {"connection"}) == "is nested too deeply; simplify it"
    policy = {"rules": [{**RULE, "that": condition}]}
    compile_error = Engine(Templar(DataLoader()), {}, {}).compile_error
    with pytest.raises(PolicyError, match=r"^Invalid policy \(1 error\):\n.*nested too deeply; simplify it\.$"):
        load_policy(["p.yml"], lambda name: policy, {}, compile_error)


@pytest.mark.parametrize("name", ["parentheses", "lists", "calls"])
def test_brackets_are_limited_whatever_the_caller_leaves_of_the_stack(name):
    assert expression_error(TOO_DEEP[name](30), "connection") is None
    assert expression_error(TOO_DEEP[name](31), "connection") == "is nested too deeply; simplify it"


@pytest.mark.parametrize("name", TOO_DEEP)
def test_accepted_condition_is_read_by_a_deep_caller(name):
    """The limit is far below the depth at which Python fails, because an audit and the compiler need some of it."""
    condition = TOO_DEEP[name](25 if name in ("parentheses", "lists", "calls") else 90)
    assert expression_error(condition, "connection") is None

    def read(frames: int) -> str | None:
        if frames:
            return read(frames - 1)
        assert names_in(condition) and (facts_in(condition) or name == "attributes")
        return Engine(Templar(DataLoader()), {}, {}).compile_error(condition, "connection")

    assert read(100) is None


def parsed(folder, text: str):
    (folder / "p.yml").write_text(text, encoding="utf-8")
    return files_of(folder).read("policy", "p.yml", partial(parse_policy, "p.yml"), kind="policy")


def bomb(levels: int, use: str) -> str:
    lines = ["a0: &a0 {k: v}"]
    lines += [f"a{level}: &a{level} {use.format(', '.join([f'*a{level - 1}'] * 10))}" for level in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize("use", ["[{}]", "{{<<: [{}]}}"])
def test_aliases_of_aliases_are_refused(tmp_path, use):
    with pytest.raises(SDElementsError, match=r"policy: p\.yml cannot be read: .* repeat more than 100,000 values"):
        parsed(tmp_path, bomb(9, use))
    assert parsed(tmp_path, bomb(3, use))["a0"] == {"k": "v"}


@pytest.mark.parametrize("copies, is_accepted", [(2, True), (3, False)])
def test_only_the_copies_of_values_count(tmp_path, monkeypatch, copies, is_accepted):
    monkeypatch.setattr(policy_yaml, "_MAX_REPEATED", 20)
    text = "x: &x [1, 2, 3, 4, 5, 6, 7]\n" + "".join(f"y{number}: *x\n" for number in range(copies))
    if is_accepted:
        assert parsed(tmp_path, text + "w: " + str(list(range(1000))))["y1"] == [1, 2, 3, 4, 5, 6, 7]
    else:
        with pytest.raises(SDElementsError, match="it refers to itself, or its aliases repeat more than 20 values"):
            parsed(tmp_path, text)


# ---------------------------------------------------------------------------------------------------------------
# Reports for other programs

FORMULA = re.compile("\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20]")


@pytest.mark.parametrize(
    "label",
    [
        "=1",
        " +1",
        "\uff1d1",
        "\uff0d1",
        "\uff0b1",
        "\uff20SUM(1)",
        "a;=HYPERLINK(1)",
        "a; -1",
        'a";"=1',
        'a;"=1',
        "a;;@x",
        "a;\uff1d1",
        "a;=1;=2",
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_no_cell_is_a_formula_wherever_spreadsheets_end_it(label, delimiter):
    """Python reads quotes as Excel does: within a cell that does not begin with one they are ordinary characters."""
    report = copy.deepcopy(sample_reports.small())
    for finding in report["findings"]:
        finding["subject"] = label
    text = FORMATS["csv"](report).removeprefix("\ufeff")
    cells = [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) for cell in row]
    assert len(cells) > 10 and [cell for cell in cells if FORMULA.match(cell)] == []


def test_all_cells_are_quoted_and_harmless_ones_unchanged():
    report = copy.deepcopy(sample_reports.small())
    for finding in report["findings"]:
        finding["subject"] = "a; b, c-d; e = f"
    text = FORMATS["csv"](report).removeprefix("\ufeff")
    assert all(line.startswith('"') and line.endswith('"') for line in text.splitlines())
    assert '"a; b, c-d; e = f"' in text and '"","' in text


def test_tags_in_sarif_are_escaped():
    report = copy.deepcopy(sample_reports.small())
    report["rules"][0]["tags"] = ["a\nb", "c\u202ed"]
    rule = json.loads(FORMATS["sarif"](report))["runs"][0]["tool"]["driver"]["rules"][0]
    assert rule["properties"]["tags"][3:5] == [r"a\nb", r"c\u202ed"]
