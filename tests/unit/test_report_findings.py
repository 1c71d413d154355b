# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts that all formats have about a finding, and the waivers that they offer, each applied by the audit."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import example, given, strategies as st

from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.model import (
    AuditedFacts,
    Evaluation,
    Policy,
    Report,
    VerdictOptions,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.policy import PolicyError, load_policy
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.report import Scope, build_report
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.findings import (
    explanation,
    waiver_yaml,
)
from tests import sample_reports
from tests.report_readers import invisible_characters

SERVER, OTHER_SERVER = "[::1]:8443", "sde.example.net"
RULES = [
    {"id": "null", "title": "T", "severity": "high", "that": "false"},
    {"id": "items", "title": "T", "severity": "high", "that": "false", "loop": "x"},
]
CONNECTIONS = [sample_reports.connection(kind, id_)["facts"] for kind, id_ in (("alm", 1), ("alm", 2), ("analysis", 1))]
LABELS = ("Payments API", "Payments", "null", "1.0", 'a "b": [c] # d', "- {{ e }}", "f\u2028\u202e\x85\ng", " h ", "'")


def load(*waivers: str) -> Policy:
    contents = {
        "p.yml": {"rules": RULES},
        **{f"{number}.yml": yaml.safe_load(one) for number, one in enumerate(waivers)},
    }
    return load_policy(list(contents), lambda name: contents[name], {})


def audit(policy: Policy, labels=LABELS, server: str | None = SERVER) -> Report:
    """The report of an audit in which every rule fails."""
    of_connections, of_items = policy.rules
    evaluations = [
        *(Evaluation(of_connections, None, [one], verdict="fail", message="m") for one in CONNECTIONS),
        *(Evaluation(of_items, None, [], label, label, "fail", "m") for label in labels),
    ]
    options, time = VerdictOptions("high", "warn", "fail"), "2026-11-24T18:00:00Z"
    return build_report(
        policy,
        AuditedFacts(CONNECTIONS),
        evaluations,
        options,
        states={rule.id: "evaluated" for rule in policy.rules},
        scope=Scope(server, None, None),
        audited_at=time,
        baseline=None,
    )


def offered(report: Report, finding: dict) -> str | None:
    return waiver_yaml(finding, {one["key"]: one["facts"] for one in report["connections"]})


def completed(text: str) -> str:
    for name, value in (("reason", "r"), ("owner", "o"), ("expires", "2026-12-31")):
        text = re.sub(rf"(?m)^(    {name}:).*", rf"\1 '{value}'", text)
    return text


def waived(report: Report) -> list[str]:
    return [one["fingerprint"] for one in report["findings"] if one["verdict"] == "waived"]


@pytest.mark.parametrize("server", [SERVER, None])
def test_offered_waiver_matches_its_finding_only(server):
    report = audit(load(), server=server)
    assert len(report["findings"]) == len(CONNECTIONS) + len(LABELS)
    for finding in report["findings"]:
        text = offered(report, finding)
        assert not invisible_characters(text) and "\t" not in text
        policy = load(completed(text))
        assert waived(audit(policy, server=server)) == [finding["fingerprint"]]
        assert bool(waived(audit(policy, server=OTHER_SERVER))) is (server is None)


def test_offered_waiver_as_text():
    report = sample_reports.small()
    assert offered(report, report["findings"][0]) == (
        "waivers:\n"
        '  - rules: ["alm-tls"]\n'
        '    servers: ["sde.example.com"]\n'
        '    connections: {kind: "alm", id: 1}\n'
        "    reason:  # why the finding is accepted\n"
        "    owner:  # the responsible person or team\n"
        "    expires:  # the last day, as YYYY-MM-DD\n"
    )
    assert '    labels: ["Payments API"]\n' in offered(report, report["findings"][-1])


def test_offered_waiver_is_refused_until_it_is_complete():
    report = audit(load())
    with pytest.raises(PolicyError) as caught:
        load(offered(report, report["findings"][0]))
    assert all(f"waiver 1: {name} " in str(caught.value) for name in ("reason", "owner", "expires"))


@pytest.mark.parametrize("label", ["*", "Payments ?", "long " * 61])
def test_offered_waiver_never_widens(label):
    """A label with wildcards would match other items. Without labels the waiver would match all items."""
    report = audit(load(), [label])
    text = completed(offered(report, report["findings"][-1]))
    assert "    labels: []  # not copied, because " in text
    with pytest.raises(PolicyError, match="waiver 1: labels is empty"):
        load(text)
    server = "sde-*.example.com"
    report = audit(load(), server=server)
    assert "    servers: []  # not copied" in offered(report, report["findings"][0])


@given(st.text(min_size=1, max_size=300))
@example("".join(map(chr, range(300))).replace("*", "").replace("?", ""))
def test_offered_waiver_keeps_any_label(label):
    report = audit(load(), [label])
    [waiver] = yaml.safe_load(offered(report, report["findings"][-1]))["waivers"]
    assert waiver["labels"] == ([] if set(label) & set("*?") else [label])
    assert set(waiver) == {"rules", "servers", "labels", "reason", "owner", "expires"}


def test_no_waiver_is_offered_of_other_verdicts():
    """A waiver excuses nothing that cannot be decided, and an error of a whole rule has no subject."""
    for report in (sample_reports.small(), sample_reports.broken_loop(), sample_reports.hostile()):
        for finding in report["findings"]:
            assert (offered(report, finding) is not None) is (finding["verdict"] == "fail")
    report = sample_reports.broken_loop()
    assert offered(report, {**report["findings"][0], "verdict": "fail"}) is None


@pytest.mark.parametrize(
    "message, observed, expected",
    [
        (
            "Not encrypted",
            {"server.scheme": "http", "server.port": "80"},
            "Not encrypted (server.scheme = http, server.port = 80)",
        ),
        ('"T" is not met: frequency is weekly', {"frequency": "weekly"}, '"T" is not met: frequency is weekly'),
        ("frequency is weekly", {"frequency": "weekly", "command": "x"}, "frequency is weekly (command = x)"),
        ("last_job of ALM connection 1 is unknown", {}, "last_job of ALM connection 1 is unknown"),
        ("", {"frequency": "weekly"}, "(frequency = weekly)"),
    ],
)
def test_explanation_states_each_value_once(message, observed, expected):
    finding = {"message": message, "observed": [{"name": name, "value": value} for name, value in observed.items()]}
    assert explanation(finding) == expected
