# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTML report in a real browser: content, filters, and hostile texts without effect."""

from __future__ import annotations

import copy
import itertools
import re
from collections import Counter
from functools import lru_cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.model import importance
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.findings import waiver_yaml
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.html import (
    NEXT_STEPS,
    STATIC_ROWS,
    STATIC_WAIVERS,
    render,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.text import escape_block
from tests import sample_reports
from tests.report_readers import all_findings
from tests.sample_reports import HOSTILE, SEVERITIES

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
VERDICTS = ("fail", "error", "inconclusive", "waived", "pass", "not_applicable")
ATTENTION = VERDICTS[:3]
# The rows of a page, and then some: no work of the browser may grow with the number of findings.
ROWS = 50
SMALL = sample_reports.small()
# In the order of the page.
FINDINGS = all_findings(SMALL)
FACTS = {connection["key"]: connection["facts"] for connection in SMALL["connections"]}
# Collected before the page's own scripts run; the policy of the page does not bind what tests add.
WATCH = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) => {
    violations.push(`${event.violatedDirective} ${event.blockedURI}`);
});
"""


# A browser does not ask which ansible-core made the file, and tests/unit measures the coverage of what makes it.
pytestmark = [pytest.mark.once, pytest.mark.no_cover]


@pytest.fixture(scope="module")
def browser(checker):
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=checker("chromium"), args=FLAGS) as chromium,
    ):
        yield chromium


@pytest.fixture(scope="module")
def context(browser: Browser):
    """All pages are opened in one context: each time another context has its turn, the browser starts a process."""
    return browser.new_context()


class Tab:
    """A page of the browser that shows one report after another: a new page costs more than most tests.

    A report may fetch nothing, complain of nothing and ask nothing.
    """

    def __init__(self, context: BrowserContext):
        self.address, self.sarif_validator_messages = "", []
        self.page = context.new_page()
        self.emulation = context.new_cdp_session(self.page)
        self.page.set_default_timeout(20_000)
        self.page.add_init_script(WATCH)
        self.page.route(self._is_foreign, lambda route: route.abort())
        self.page.on(
            "request",
            lambda request: (
                self.sarif_validator_messages.append(request.url) if self._is_foreign(request.url) else None
            ),
        )
        self.page.on("console", lambda message: self.sarif_validator_messages.append(message.text))
        self.page.on("pageerror", lambda error: self.sarif_validator_messages.append(str(error)))
        self.page.on(
            "dialog",
            lambda dialog: (self.sarif_validator_messages.append(f"dialog {dialog.message}"), dialog.dismiss()),
        )

    def _is_foreign(self, address: str) -> bool:
        return address.partition("#")[0] != self.address

    def show(self, file: Path, view: str, width: int, color_scheme: str, scripts: bool) -> Page:
        self.check()
        self.address = file.as_uri()
        # Undo what the test before this one did.
        self.page.mouse.move(0, 0)
        self.emulation.send("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        self.page.set_viewport_size({"width": width, "height": 800})
        self.page.emulate_media(media="null", color_scheme=color_scheme)
        self.page.goto(f"{self.address}{view}")
        return self.page

    def check(self) -> None:
        sarif_validator_messages, self.sarif_validator_messages = self.sarif_validator_messages, []
        assert not sarif_validator_messages
        assert not self.page.evaluate("window.violations ?? []")


@pytest.fixture(scope="module")
def tab(context: BrowserContext) -> Tab:
    return Tab(context)


@pytest.fixture
def show(tab: Tab, tmp_path: Path):
    """Open a document's report, in place of the one before it."""
    numbers = itertools.count()

    def show_report(
        document: dict | str, view: str = "", width: int = 1280, color_scheme: str = "light", scripts: bool = True
    ) -> Page:
        # A new name each time: the browser does not load the same file again for another view of it.
        file = tmp_path / f"{next(numbers)}.html"
        file.write_text(rendered(document), encoding="utf-8")
        return tab.show(file, view, width, color_scheme, scripts)

    yield show_report
    tab.check()


@lru_cache(maxsize=4)
def _rendered(name: str) -> str:
    return render(getattr(sample_reports, name)())


def rendered(document: dict | str) -> str:
    """A report; those of documents by name are made once."""
    return _rendered(document) if isinstance(document, str) else render(document)


def shown(page: Page) -> list[int]:
    """The places in the document of the findings on this page of the table."""
    return page.eval_on_selector_all("tr.finding", "rows => rows.map((row) => Number(row.dataset.finding))")


def all_shown(page: Page) -> list[int]:
    """The same, over all pages."""
    places = shown(page)
    following = page.locator(".pager").first.get_by_role("button", name="Next page")
    while following.is_visible() and following.get_attribute("aria-disabled") == "false":
        following.click()
        places += shown(page)
    return places


def field(page: Page, name: str):
    """A filter, by its label."""
    return page.locator("#filters").get_by_label(name, exact=True)


def places(document: dict, *conditions) -> list[int]:
    """The places of the findings of which all conditions hold."""
    return [
        place
        for place, finding in enumerate(all_findings(document))
        if all(condition(finding) for condition in conditions)
    ]


def needs_attention(finding: dict) -> bool:
    return finding["verdict"] in ATTENTION


def facts_of(document: dict, finding: dict) -> list[dict]:
    by_key = {connection["key"]: connection["facts"] for connection in document["connections"]}
    return [by_key[key] for key in finding["connections"]]


# ---------------------------------------------------------------------------------------------------------------
# What it says


def test_the_verdict_at_a_glance(show):
    page = show("small")
    assert page.title() == "Failed: SD Elements connection audit of sde.example.com, 2026-11-24, 18:00 UTC"
    assert page.get_by_role("heading", level=1).inner_text().strip() == "Audit of sde.example.com failed"
    link = page.get_by_role("banner").get_by_role("link", name="sde.example.com")
    assert link.get_attribute("href") == SMALL["server_urls"]["sde.example.com"]
    banner = page.get_by_role("banner").inner_text()
    for text in (
        "2 findings of high or higher",
        "sde.example.com",
        "2026-11-24, 18:00 UTC",
        "starter, our_policy.yml",
        "high or higher",
    ):
        assert text in banner
    tiles = page.locator(".tiles a").all_inner_texts()
    assert [tile.split()[0] for tile in tiles] == [
        str(SMALL["summary"]["verdict_counts"][verdict]) for verdict in VERDICTS
    ]


def test_a_passed_audit_says_so(show):
    page = show("passed")
    assert page.get_by_role("heading", level=1).inner_text().strip() == "Audit passed"
    assert page.title().startswith("Passed: ")
    assert page.locator("#rows").inner_text() == "Nothing needs attention."
    # The address of the server is unknown.
    assert page.locator("a[rel]").count() == 0
    page.get_by_role("button", name="Show all verdicts").click()
    assert shown(page) == [0, 1]


def test_an_empty_audit_is_not_an_error(show):
    page = show("empty")
    assert page.locator("#rows").inner_text() == "No finding matches these filters."
    assert page.locator(".rules > details").count() == 1


def sections(page: Page) -> list[str]:
    return page.get_by_role("main").get_by_role("heading", level=2).all_inner_texts()


def test_no_section_is_empty_and_waivers_follow_the_findings(show):
    assert sections(show("passed")) == ["Verdicts", "Overview", "Findings", "Rules"]
    everything = ["What changed", "New and fixed findings", "Overview", "Findings", "Waivers", "Rules"]
    page = show("small")
    assert sections(page) == ["Verdicts", *everything]
    links = page.get_by_role("navigation", name="Contents").get_by_role("link")
    assert links.all_inner_texts() == [name.replace("fixed findings", "fixed") for name in everything]
    for link in links.all():
        assert page.locator(link.get_attribute("href")).count() == 1
    assert page.get_by_role("region", name="By system").count() == 1
    assert show("empty").get_by_role("region", name="By system").count() == 0


def chart(page: Page, name: str) -> dict[str, list[int]]:
    rows = page.get_by_role("region", name=name).locator("tbody tr").all()
    return {
        row.locator("th").inner_text(): [int(cell) for cell in row.locator("td.number").all_inner_texts()]
        for row in rows
    }


def wait_until(page, expression: str) -> None:
    """Wait for an expression to be true. Playwright evaluates a text in the page, which its policy forbids."""
    for _attempt in range(500):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(20)
    pytest.fail(f"{expression} is not true after 10 seconds")


def test_the_charts_count_as_the_document_does(show):
    page = show("small")
    by_severity, by_system = Counter(), Counter()
    for finding in FINDINGS:
        by_severity[finding["severity"], finding["verdict"]] += 1
        for system in {facts["system"] for facts in facts_of(SMALL, finding)} or {"(no system)"}:
            by_system[system, finding["verdict"]] += 1
    assert chart(page, "By severity") == {
        severity.capitalize(): [by_severity[severity, verdict] for verdict in VERDICTS] for severity in SEVERITIES
    }
    systems = {system for system, _verdict in by_system}
    assert chart(page, "By system") == {
        system: [by_system[system, verdict] for verdict in VERDICTS] for system in systems
    }
    # The bars say the same: all of the width, in the order of the numbers.
    for drawing in page.locator("svg.bar").all():
        parts = [
            (part.get_attribute("class"), float(part.get_attribute("width"))) for part in drawing.locator("rect").all()
        ]
        assert [name for name, _width in parts] == sorted((name for name, _width in parts), key=VERDICTS.index)
        assert sum(width for _name, width in parts) == pytest.approx(100, abs=0.1)


def test_what_changed_and_the_waivers(show):
    page = show("small")
    assert page.locator(".changes").all_inner_texts()[0].split() == ["1", "changed", "1", "added", "1", "removed"]
    region = page.get_by_role("region", name="Old and new values")
    assert region.locator("tr").all_inner_texts() == [
        "Connection\tProject\tFact\tBefore\tNow",
        'ALM connection 1 "Jira Europe"\t3 · Customer Portal\tserver.host\tjira.example.com\tjira.example.net',
        "frequency\tdaily\tnull",
        'ALM connection 2 "Rally"\t1\tAdded',
        'ALM connection 9 "Old Jira"\t9 · Payments API\tRemoved',
    ]
    assert page.get_by_text("Not compared: params of 1 connection, because the parameters are hidden").count() == 1
    assert page.locator(".changes").all_inner_texts()[1].split() == ["6", "new", "3", "known", "2", "fixed"]
    page.get_by_text("Fixed since then").click()
    assert page.get_by_role("region", name="Fixed findings").locator("tbody tr").all_inner_texts() == [
        'Medium\tlast-sync\tALM connection 2 "Rally"',
        'High\talm-tls\tALM connection 9 "Old Jira"',
    ]
    rows = page.get_by_role("region", name="List of waivers").locator("tbody tr").all()
    # Those that somebody should look at come first.
    states = [row.locator("td").first.inner_text().split("\n") for row in rows]
    assert [list(filter(None, state)) for state in states] == [["Expired"], ["Active", "Ends soon"], ["Unused"]]
    for text in ("alm-tls", "alias: Jira S*", "Migration is under way.", "sec@example.com", "2026-12-05"):
        assert text in rows[1].inner_text()
    assert "labels: Old *" in rows[2].inner_text()
    assert "our_policy.yml, waiver 3" in rows[2].inner_text()


def test_a_finding_opens_to_all_that_is_known_of_it(show):
    page = show("small")
    page.get_by_role("button", name='Details of alm-tls, ALM connection 1 "Jira Europe"').click()
    panel = page.locator(".panel")
    texts = panel.inner_text()
    for text in (
        "Connects to jira.example.com without TLS",
        "server.scheme = http",
        "connection.server.scheme == 'https'",
        "The audit fails because of this finding.",
        "Known: the audit of 2026-11-17, 18:00 UTC found it as well.",
        "Passwords and tasks cross the network.",
        "connection.kind == 'alm'",
        "Set the connection's method to https.",
        FINDINGS[0]["fingerprint"],
    ):
        assert text in texts
    link = panel.get_by_role("link", name="https://docs.example.com")
    assert link.get_attribute("href") == "https://docs.example.com/tls?a=1&b=2"
    assert set(link.get_attribute("rel").split()) >= {"noopener", "noreferrer"}
    facts = dict(
        zip(
            panel.locator(".facts dt > bdi").all_inner_texts(),
            panel.locator(".facts dd").all_inner_texts(),
            strict=True,
        )
    )
    assert facts["params.alm_method"] == "http"
    assert facts["debug_mode"] == "false"
    assert facts["last_job.last_run"] == "2026-11-24T06:00:00Z"
    assert facts["secrets_set[0]"] == "alm_pass"
    # People read names of connections, not their keys.
    assert SMALL["connections"][0]["key"] not in rendered("small")
    server = panel.get_by_role("link", name="sde.example.com")
    assert server.get_attribute("href") == SMALL["server_urls"]["sde.example.com"]


def report_that_read(names: list[str], last_job: dict | None = None, **rule: object) -> dict:
    """Return a report with one finding, whose condition read these names."""
    facts = {"params": {"alm_server": "jira.example.com", "list": ["a", "b"], "nested": {"x": 1}}, "last_job": last_job}
    one = sample_reports.connection("alm", 1, **facts)
    new = sample_reports.rule("unseen", "A rule that nobody has seen", "high", **rule)
    observed = dict.fromkeys(names, "value")
    if rule:
        finding = sample_reports.item_finding(new, "label", [one], "fail", "", observed=observed)
    else:
        finding = sample_reports.finding(new, one, "fail", "", observed=observed)
    return sample_reports.report([new], [one], [finding])


GROUPED = {"group_by": ["project", "server.state", "server.url"]}


@pytest.mark.parametrize(
    "report, expected",
    [
        (report_that_read(["server.scheme"]), ["server.scheme"]),
        (report_that_read(["server.scheme", "frequency"]), ["frequency", "server.scheme"]),
        (report_that_read(["params"]), ["params.alm_server", "params.list[0]", "params.list[1]", "params.nested.x"]),
        (report_that_read(["params.list[1]", "params.li"]), ["params.list[1]"]),
        # A fact that has no keys, although the condition read one.
        (report_that_read(["last_job.succeeded"]), ["last_job"]),
        (report_that_read(["last_job.succeeded"], {"succeeded": False, "id": 1}), ["last_job.succeeded"]),
        (report_that_read(["allowed_servers", "audited_at", "server.host"]), ["server.host"]),
        (report_that_read(["item.key.project", "item.connections"], **GROUPED), ["project"]),
        (report_that_read(["item.key.server"], **GROUPED), ["server.state", "server.url"]),
        (report_that_read(["item.key"], **GROUPED), ["project", "server.state", "server.url"]),
        (report_that_read(["item.key.alias", "project"], **GROUPED), []),
        (report_that_read(["item.key"], group_by=["frequency"]), ["frequency"]),
        (report_that_read(["item.key.scheme"], group_by=["server"]), ["server.scheme"]),
        (report_that_read(["item.key.server.scheme"], group_by=["server"]), ["server.scheme"]),
        (report_that_read(["item.frequency", "project"], loop="projects"), []),
    ],
)
def test_exactly_the_facts_that_the_condition_read_are_highlighted(show, report, expected):
    page = show(report)
    page.locator("button.opener").click()
    facts = page.locator(".facts > div")
    names = facts.locator("dt > bdi").all_inner_texts()
    marks = [one.get_by_text("read", exact=True).count() for one in facts.all()]
    assert sorted(name for name, mark in zip(names, marks, strict=True) if mark) == expected
    # They are first, and their colour says the same.
    assert marks == sorted(marks, reverse=True)
    colors = page.eval_on_selector_all(".facts > div", "all => all.map((one) => getComputedStyle(one).backgroundColor)")
    assert len(set(zip(marks, colors, strict=True))) == len(set(marks)) == len(set(colors))


@pytest.mark.parametrize("name", ["small", "merged", "hostile"])
def test_each_failing_finding_has_a_waiver_to_copy(show, name):
    report = getattr(sample_reports, name)()
    facts = {connection["key"]: connection["facts"] for connection in report["connections"]}
    page = show(report, "#verdict=all")
    findings = all_findings(report)
    seen = 0
    for row in page.locator("tr.finding").all():
        finding = findings[int(row.get_attribute("data-finding"))]
        row.locator("button.opener").click()
        texts = page.locator(".panel pre").all_text_contents()
        waiver = waiver_yaml(finding, facts)
        assert texts == ([waiver] if waiver else [])
        seen += len(texts)
        row.locator("button.opener").click()
    assert seen


def test_a_finding_is_new_known_or_of_unknown_age(show):
    page = show("small", f"#finding={FINDINGS[6]['fingerprint']}")
    assert "New: the audit of 2026-11-17, 18:00 UTC has no such open finding." in page.locator(".panel").inner_text()
    page = show("merged")
    page.locator("button.opener").first.click()
    assert "Unknown, because this audit has no baseline." in page.locator(".panel").inner_text()


def test_without_script_the_number_of_waivers_is_bounded():
    report = sample_reports.big(connections=400, rules=12)
    assert len([one for one in report["findings"] if one["verdict"] == "fail"]) > STATIC_WAIVERS
    rows = rendered(report).partition('id="rows"')[2].partition("</tbody>")[0]
    assert rows.count('<tr role="row">') <= STATIC_ROWS
    assert rows.count("<pre") == STATIC_WAIVERS
    assert rows.count("What to do") > STATIC_WAIVERS


@pytest.mark.parametrize("is_allowed", [True, False])
def test_the_waiver_is_copied_or_selected(show, is_allowed):
    page = show("small", f"#finding={FINDINGS[0]['fingerprint']}")
    page.evaluate(
        """isAllowed => {
            const writeText = async (text) => { if (!isAllowed) throw new Error("forbidden"); window.copied = text; };
            Object.defineProperty(navigator, "clipboard", {value: {writeText}});
        }""",
        is_allowed,
    )
    page.get_by_role("button", name="Copy").click()
    message = "Copied." if is_allowed else "Selected: copy it with your browser."
    page.get_by_role("status").get_by_text(message).wait_for()
    copied = page.evaluate("window.copied" if is_allowed else "String(getSelection())")
    assert copied.strip() == waiver_yaml(FINDINGS[0], FACTS).strip()


@pytest.mark.parametrize("verdict, step", NEXT_STEPS.items())
def test_other_verdicts_say_what_to_do(show, verdict, step):
    page = show("small", f"#verdict={verdict}")
    page.locator("button.opener").first.click()
    panel = page.locator(".panel")
    assert step in panel.inner_text()
    assert panel.locator("pre").count() == 0


MERGED = sample_reports.merged()


def test_several_servers(show):
    page = show("merged")
    assert page.title().startswith("Failed: SD Elements connection audit of 2 servers")
    assert page.get_by_role("heading", level=1).inner_text().strip() == "Audit of 2 servers failed"
    assert "sde.example.org" in page.locator(".alert").inner_text()
    # The counts by server, first of all the server without a report.
    region = page.get_by_role("region", name="By server")
    rows = [row.split() for row in region.locator("tbody tr").all_inner_texts()]
    assert rows == [
        ["sde.example.org", "No", "report"],
        ["sde.example.net", "2", "0", "0", "0", "0", "0"],
        ["sde.example.com", "1", "0", "0", "0", "1", "0"],
    ]
    # A link leads only to a known address.
    links = page.locator("a[rel]")
    assert set(links.evaluate_all("all => all.map((one) => one.getAttribute('href'))")) == {
        MERGED["server_urls"]["sde.example.com"]
    }
    # The column has the server, so the subject need not.
    findings = all_findings(MERGED)
    for place, row in zip(shown(page), page.locator("tr.finding").all(), strict=True):
        server, subject = row.locator(".in-server").inner_text(), row.locator(".in-subject > bdi").inner_text()
        assert (server, subject) == (findings[place]["server"], findings[place]["subject"])
    field(page, "Server").select_option("sde.example.com")
    assert [findings[place]["subject"] for place in shown(page)] == ["Payments API"]
    view = page.evaluate("location.hash")
    assert shown(show("merged", view)) == shown(page)
    page = show("merged")
    page.get_by_role("region", name="By server").get_by_role("link", name="2", exact=True).click()
    assert page.locator(".in-server").all_inner_texts() == ["sde.example.net"] * 2
    page.get_by_role("button", name="Reset filters").click()
    wait_until(page, "document.querySelectorAll('tr.finding').length === 3")
    # A search finds the server of a connection.
    field(page, "Search").fill("example.net tls")
    assert [findings[place]["rule"] for place in shown(page)] == ["alm-tls"]
    page.locator("button.opener").click()
    assert page.locator(".panel a[rel]").count() == 0


def test_the_server_column_sorts(show):
    page = show("merged", "#verdict=all&sort=server")
    servers = page.locator(".in-server").all_inner_texts()
    assert servers == sorted(servers)
    page.locator("#table").get_by_role("button", name="Server").click()
    assert page.locator(".in-server").all_inner_texts() == sorted(servers, reverse=True)


def test_a_waived_finding_names_its_waiver(show):
    page = show("small", "#verdict=waived")
    page.locator("button.opener").click()
    for text in ("Migration is under way.", "sec@example.com until 2026-12-05", "active, our_policy.yml, waiver 1"):
        assert text in page.locator(".panel").inner_text()


def test_each_rule_tells_what_it_wants(show):
    page = show("small")
    for rule, details in zip(SMALL["rules"], page.locator(".rules > details").all(), strict=True):
        details.locator("summary").click()
        texts = details.inner_text()
        for text in (
            rule["id"],
            rule["title"],
            *rule["when"],
            *rule["that"],
            *rule["needs"],
            rule["remediation"],
            rule["loop"],
        ):
            assert (text or "") in texts
        counts = Counter(finding["verdict"] for finding in FINDINGS if finding["rule"] == rule["id"])
        figures = [int(figure.split()[0]) for figure in details.locator(".tally .verdict").all_inner_texts()]
        assert figures == [counts[verdict] for verdict in VERDICTS if counts[verdict]]


def governed() -> dict:
    """Return a report with limits of waivers, rules that were not evaluated, and failures that are not fixed."""
    report = copy.deepcopy(SMALL)
    clear, allowed, sync, debug, named, _connected = report["rules"]
    clear.update(waivable=False, controls={"ISO 27001": ["A.8.24", "A.8.21"]}, tags=["network"], was=["no-tls"])
    clear["overridden"] = [{"file": "our_policy.yml", "fields": ["severity", "message"]}]
    sync["state"], debug["state"] = "matches_nothing", "off"
    named.update(state="matches_nothing", may_apply_to_nothing=True)
    allowed["state"] = "no_subjects"
    report["not_selected"] = ["conflict-policy"]
    report["summary"].update(vacuous="fail", unused_waivers="fail")
    earlier = {"server": sample_reports.SERVER, "rule": "alm-tls", "severity": "high", "fingerprint": "0" * 32}
    report["baseline"]["not_fixed"] = [{**earlier, "subject": "ALM connection 7", "reason": "connection_removed"}]
    debugging = next(one for one in report["findings"] if one["rule"] == "no-debug-mode")
    debugging["expired_waiver"] = 1
    return report


@pytest.mark.parametrize("scripts", [True, False])
def test_states_of_rules_and_limits_of_waivers(show, scripts):
    page = show(governed(), scripts=scripts)
    assert "high or higher, known findings too, rules that match nothing, unused waivers" in page.locator(
        ".particulars"
    ).inner_text().replace("\n", " ")
    assert page.locator(".changes").all_inner_texts()[1].split("\n")[-1] == "no longer found, but not fixed"
    page.locator("summary", has_text="No longer found, but not fixed").click()
    rows = page.get_by_role("region", name="Findings that are not fixed").locator("tbody tr")
    assert [row.strip() for row in rows.all_inner_texts()] == ["High\talm-tls\tALM connection 7\tConnection removed"]
    states = page.locator(".tally .state")
    assert states.all_inner_texts() == ["Nothing to evaluate", "Matches nothing", "Turned off", "Matches nothing"]
    # A rule that matches nothing is a warning, unless the policy says that it may.
    assert [name.split()[1] for name in states.evaluate_all("all => all.map((one) => one.className)")] == [
        "unused",
        "expired",
        "unused",
        "unused",
    ]
    page.locator(".rules summary").first.click()
    body = page.locator(".rules .body").first.inner_text()
    for text in ("ISO 27001: A.8.24, A.8.21", "network", "no-tls", "our_policy.yml: severity, message", "not allow"):
        assert text in body
    assert "did not select: conflict-policy." in page.get_by_role("main").inner_text()
    expired = page.locator("#rows > tr", has_text="Waiver expired")
    assert expired.count() == 1
    assert "no-debug-mode" in expired.inner_text()
    # The rule alm-tls has no waiver to copy.
    waivers = sum(bool(waiver_yaml(one, FACTS)) and one["rule"] != "alm-tls" for one in SMALL["findings"])
    assert scripts or page.locator("#rows pre").count() == waivers


def test_an_opened_finding_names_its_expired_waiver_and_controls(show):
    page = show(governed())
    page.locator("#rows > tr", has_text="Waiver expired").locator("button").click()
    assert "Looking for a fault." in page.locator(".panel").inner_text()
    assert "ops@example.com until 2026-10-31 (expired, our_policy.yml, waiver 2)" in page.locator(".panel").inner_text()
    page = show(governed(), f"#finding={FINDINGS[0]['fingerprint']}")
    panel = page.locator(".panel")
    assert "The policy does not allow a waiver of this rule." in panel.inner_text()
    assert "ISO 27001: A.8.24, A.8.21" in panel.inner_text()
    assert panel.locator("pre").count() == 0
    field(page, "Search").fill("a.8.24 network")
    assert {FINDINGS[place]["rule"] for place in shown(page)} == {"alm-tls"}


def test_keys_that_a_later_version_adds_do_no_harm(show):
    later = copy.deepcopy(SMALL)
    later["version"] = "2.7"
    parts = [later, later["summary"], later["baseline"]]
    for name in ("rules", "connections", "findings", "other_verdicts", "waivers"):
        parts += later[name]
    for part in parts:
        part["added"] = {"later": [1, None]}
    usual = shown(show("small"))
    page = show(later)
    assert shown(page) == usual
    page.locator("button.opener").first.click()
    assert page.locator(".panel").count() == 1


# ---------------------------------------------------------------------------------------------------------------
# Filters and order


def test_first_it_shows_what_needs_attention(show):
    page = show("small")
    assert sorted(shown(page)) == places(SMALL, needs_attention)
    assert page.get_by_role("status").inner_text() == "9 findings, of 22 in all"
    order = [importance(FINDINGS[place]) for place in shown(page)]
    assert order == sorted(order)
    # Findings that fail the audit are marked, and those that the last audit did not find.
    rows = page.locator("tr.finding")
    for place, verdict, baseline in zip(
        shown(page),
        rows.locator(".in-verdict").all_inner_texts(),
        rows.locator(".in-baseline").all_inner_texts(),
        strict=True,
    ):
        assert ("Fails the audit" in verdict) == FINDINGS[place]["fails_audit"]
        assert baseline.lower() == FINDINGS[place]["baseline"]
    field(page, "Order").select_option("-severity")
    severities = [SEVERITIES.index(FINDINGS[place]["severity"]) for place in shown(page)]
    assert severities == sorted(severities)
    field(page, "Order").select_option("importance")
    assert [importance(FINDINGS[place]) for place in shown(page)] == order
    page.get_by_role("button", name="Show all verdicts").click()
    notable = [FINDINGS[place]["verdict"] in sample_reports.NOTABLE for place in shown(page)]
    assert notable == sorted(notable, reverse=True)
    assert not all(notable)


def test_an_inconclusive_finding_that_fails_the_audit_is_among_the_failures(show):
    report = copy.deepcopy(SMALL)
    report["summary"]["inconclusive"] = "fail"
    for one in report["findings"]:
        one["fails_audit"] = one["fails_audit"] or one["verdict"] == "inconclusive"
    findings = all_findings(report)
    page = show(report)
    order = [importance(findings[place]) for place in shown(page)]
    assert order == sorted(order)
    marked = page.locator("tr.finding", has_text="Fails the audit").count()
    assert marked == sum(one["fails_audit"] for one in findings)


FILTERS = {
    "search": (lambda page: field(page, "Search").fill("JIRA europe"), lambda one: '"Jira Europe"' in one["subject"]),
    "search in facts": (
        lambda page: field(page, "Search").fill("sandbox.example.net"),
        lambda one: "ALM connection 3" in one["subject"],
    ),
    "search in rules": (lambda page: field(page, "Search").fill("debug"), lambda one: one["rule"] == "no-debug-mode"),
    "search in messages": (lambda page: field(page, "Search").fill("undefined"), lambda one: one["verdict"] == "error"),
    "search in observed values": (
        lambda page: field(page, "Search").fill("4 items"),
        lambda one: one["label"] == "Payments API",
    ),
    "search in labels": (
        lambda page: field(page, "Search").fill("payments"),
        lambda one: one["label"] == "Payments API",
    ),
    "verdict": (lambda page: page.get_by_role("checkbox", name="Fail").uncheck(), lambda one: one["verdict"] != "fail"),
    "severity": (
        lambda page: page.get_by_role("checkbox", name="Medium").uncheck(),
        lambda one: one["severity"] != "medium",
    ),
    "rule": (lambda page: field(page, "Rule").select_option("last-sync"), lambda one: one["rule"] == "last-sync"),
    "system": (lambda page: field(page, "System").select_option("Veracode"), lambda one: "Analysis" in one["subject"]),
    "no system": (lambda page: field(page, "System").select_option("(no system)"), lambda one: not one["connections"]),
    "kind": (lambda page: field(page, "Kind").select_option("analysis"), lambda one: "Analysis" in one["subject"]),
    "project": (lambda page: field(page, "Project").fill("3"), lambda one: "ALM connection 1" in one["subject"]),
    "project of no connection": (
        lambda page: field(page, "Project").fill("payments api"),
        lambda one: one["label"] == "Payments API",
    ),
    "baseline": (lambda page: field(page, "Baseline").select_option("known"), lambda one: one["baseline"] == "known"),
}


def test_each_filter(show):
    page = show("small")
    views = {}
    for name, (act, condition) in FILTERS.items():
        act(page)
        wanted = places(SMALL, needs_attention, condition)
        assert 0 < len(wanted) < 9, name
        assert sorted(shown(page)) == wanted, name
        views[page.evaluate("location.hash")] = shown(page)
        page.get_by_role("button", name="Reset filters").click()
        wait_until(page, "document.querySelectorAll('tr.finding').length === 9")
        assert sorted(shown(page)) == places(SMALL, needs_attention), name
    # Each address leads to the same view, elsewhere and later.
    assert len(views) == len(FILTERS)
    for view, findings in views.items():
        assert view
        assert shown(show("small", view)) == findings, view


def test_filters_add_up(show):
    page = show("small")
    page.get_by_role("button", name="Show all verdicts").click()
    assert len(shown(page)) == len(FINDINGS)
    field(page, "Kind").select_option("alm")
    field(page, "Search").fill("rally tls")
    page.get_by_role("checkbox", name="High").check()
    assert shown(page) == places(SMALL, lambda one: one["rule"] == "alm-tls", lambda one: "Rally" in one["subject"])
    field(page, "Search").fill("no such words")
    assert page.locator("#rows").inner_text() == "No finding matches these filters."
    assert page.get_by_role("status").inner_text() == "0 findings, of 22 in all"


def test_a_number_of_a_chart_leads_to_its_findings(show):
    page = show("small")
    page.get_by_role("region", name="By system").get_by_role("row", name="Jira").get_by_role("link").last.click()
    wanted = places(
        SMALL,
        lambda one: one["verdict"] == "pass",
        lambda one: "Jira" in {facts["system"] for facts in facts_of(SMALL, one)},
    )
    assert sorted(shown(page)) == wanted
    assert field(page, "System").input_value() == "Jira"
    assert page.evaluate("document.activeElement.id") == "findings"
    # A link within the page does not change the filters.
    page.get_by_role("navigation", name="Contents").get_by_role("link", name="Rules").click()
    assert sorted(shown(page)) == wanted


def test_a_late_hashchange_event_leaves_newer_filters_alone(show):
    page = show("small")
    field(page, "Search").fill("rally")
    wanted = shown(page)
    page.evaluate(
        "dispatchEvent(new HashChangeEvent('hashchange', {newURL: location.href.replace(/#.*/, '#findings')}))"
    )
    assert page.evaluate("document.activeElement.name") == "q"
    assert shown(page) == wanted


def test_a_link_to_one_finding_opens_it(show):
    waived = FINDINGS[2]
    page = show("small", f"#finding={waived['fingerprint']}")
    assert shown(page) == [2]
    assert waived["fingerprint"] in page.locator(".panel").inner_text()


@pytest.mark.parametrize("scripts", [True, False])
def test_projects_have_their_names_and_link_to_their_pages(show, scripts):
    """Those of connections, and those that findings without connections are about. Others have their number only."""
    page = show("small", scripts=scripts)
    cells = page.locator("td.in-project")
    assert set(cells.all_inner_texts()) == {"1", "3 · Customer Portal", "9 · Payments API"}
    base = f"{SMALL['server_urls']['sde.example.com']}/bunits/retail/banking/"
    links = cells.get_by_role("link").evaluate_all("all => all.map((one) => one.getAttribute('href'))")
    assert set(links) == {f"{base}customer-portal", f"{base}payments-api"}


SORTED = {
    "Severity": lambda one: -SEVERITIES.index(one["severity"]),
    "Verdict": lambda one: VERDICTS.index(one["verdict"]),
    "Rule": lambda one: one["rule"],
    "Subject": lambda one: one["subject"].lower(),
    "System": lambda one: next((facts["system"].lower() for facts in facts_of(SMALL, one)), "(no system)"),
    "Project": lambda one: one["projects"][0],
    "Baseline": lambda one: ("new", "known").index(one["baseline"]),
}


def test_each_column_sorts_both_ways(show):
    page = show("small")
    for column, key in SORTED.items():
        header = page.locator("#table").get_by_role("columnheader", name=column, exact=True)
        seen = set()
        for _click in range(2):
            header.get_by_role("button").click()
            keys = [key(FINDINGS[place]) for place in shown(page)]
            direction = header.get_attribute("aria-sort")
            assert keys == sorted(keys, reverse=direction == "descending"), column
            assert keys[0] != keys[-1], column
            assert page.locator("th[aria-sort]").count() == 1, column
            seen.add(direction)
        assert seen == {"ascending", "descending"}, column


def test_pages_of_a_long_list(show):
    document = sample_reports.big(connections=45, rules=4)
    page = show(document, "#verdict=all&sort=subject")
    assert len(shown(page)) == ROWS
    first = shown(page)
    below = page.get_by_role("navigation", name="Pages of findings, below the table")
    below.get_by_role("button", name="Next page").click()
    assert page.get_by_role("status").inner_text() == "51 to 100 of 180 findings, of 180 in all"
    assert not set(first) & set(shown(page))
    # The top of the table comes into view, and the focus goes with it.
    above = page.get_by_role("navigation", name="Pages of findings, above the table")
    assert above.get_by_role("button", name="Next page").evaluate("button => button === document.activeElement")
    second, view = shown(page), page.evaluate("location.hash")
    above.get_by_role("button", name="First page").click()
    assert shown(page) == first
    assert sorted(all_shown(page)) == list(range(180))
    assert above.get_by_role("button", name="Last page").get_attribute("aria-disabled") == "true"
    assert shown(show(document, view)) == second


# ---------------------------------------------------------------------------------------------------------------
# Keyboard, other eyes, other media


def test_the_keyboard_is_enough(show):
    page = show("small")
    reached = []

    def tab_to(name: str) -> None:
        for _step in range(90):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                "(({outlineStyle}, node) => [node.labels?.[0]?.textContent || node.ariaLabel || "
                "node.textContent, outlineStyle])"
                "(getComputedStyle(document.activeElement), document.activeElement)"
            )
            assert focused[1] != "none", f"no focus is seen on {focused[0]}"
            reached.append(focused[0].strip())
            if reached[-1] == name:
                return
        pytest.fail(f"{name} is not reached: {reached}")

    tab_to("Skip to the findings")
    page.keyboard.press("Enter")
    wait_until(page, "document.activeElement.id === 'findings'")
    tab_to("Search")
    page.keyboard.type("jira europe")
    wait_until(page, "document.querySelectorAll('tr.finding').length === 3")
    tab_to("Inconclusive")
    page.keyboard.press("Space")
    tab_to("Rule")
    # 'Rule' is the filter first; its other bearer is the head of the column.
    page.keyboard.type("last")
    assert [FINDINGS[place]["rule"] for place in shown(page)] == ["last-sync"]
    tab_to("Rule")
    page.keyboard.press("Enter")
    assert page.locator("#table").get_by_role("columnheader", name="Rule").get_attribute("aria-sort") == "ascending"
    tab_to('Details of last-sync, ALM connection 1 "Jira Europe"')
    page.keyboard.press("Enter")
    assert page.locator(".panel").inner_text()
    opener = page.locator("button.opener")
    assert opener.get_attribute("aria-expanded") == "true"
    assert page.locator(f"#{opener.get_attribute('aria-controls')}").count() == 1
    page.keyboard.press("Enter")
    assert page.locator(".panel").count() == 0
    assert opener.get_attribute("aria-expanded") == "false"


LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "narrow": {"color_scheme": "light", "width": 360},
    "narrow and dark": {"color_scheme": "dark", "width": 360},
}


@pytest.mark.parametrize(
    "name, look",
    [
        ("small", "light"),
        ("small", "dark"),
        ("small", "narrow"),
        ("passed", "light"),
        ("hostile", "light"),
        ("merged", "light"),
        # These add combinations to those above.
        pytest.param("small", "narrow and dark", marks=pytest.mark.slow),
        pytest.param("passed", "dark", marks=pytest.mark.slow),
        pytest.param("hostile", "narrow", marks=pytest.mark.slow),
        pytest.param("merged", "narrow and dark", marks=pytest.mark.slow),
    ],
)
def test_axe_finds_no_barrier(show, checker, name, look):
    page = show(name, "#verdict=all", **LOOKS[look])
    page.evaluate(
        """() => {
            [...document.querySelectorAll("button.opener")].slice(0, 3).forEach((button) => button.click());
            document.querySelectorAll("details").forEach((details) => { details.open = true; });
        }"""
    )
    # Not as a script element: the page's policy would refuse it.
    page.evaluate(Path(checker("axe-core/axe.min.js")).read_text(encoding="utf-8"))
    result = page.evaluate(
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], "
        "resultTypes: ['violations']})"
    )
    assert result["passes"]
    assert [
        (violation["id"], violation["nodes"][0]["html"], violation["nodes"][0]["failureSummary"])
        for violation in result["violations"]
    ] == []


@pytest.mark.parametrize("name", ["small", "hostile", "merged"])
@pytest.mark.parametrize("width", [360, 820])
def test_nothing_is_wider_than_the_screen(show, name, width):
    page = show(name, width=width)
    page.locator("button.opener").first.click()
    page.locator(".rules summary").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_verdicts_are_never_told_by_colour_alone(show):
    page = show("small", "#verdict=all")
    for place, row in zip(shown(page), page.locator("tr.finding").all(), strict=True):
        finding = FINDINGS[place]
        verdict = row.locator(".in-verdict .verdict").inner_text()
        assert verdict.strip() == finding["verdict"].replace("_", " ").capitalize()
        assert row.locator(".in-verdict use").get_attribute("href") == f"#icon-{finding['verdict']}"
        assert row.locator(".in-severity").inner_text().strip() == finding["severity"].capitalize()


def test_without_javascript_the_essential_is_there(show):
    page = show("small", scripts=False)
    assert page.get_by_role("heading", level=1).inner_text().strip() == "Audit of sde.example.com failed"
    assert chart(page, "By severity")["Critical"] == [1, 0, 1, 0, 2, 0]
    assert page.get_by_text("Filters need JavaScript.").is_visible()
    assert not page.locator("#filters").is_visible()
    rows = page.locator("#rows > tr").all()
    wanted = sorted(filter(needs_attention, SMALL["findings"]), key=importance)
    assert len(rows) == len(wanted)
    waivers = 0
    for row, finding in zip(rows, wanted, strict=True):
        text = row.inner_text()
        assert finding["subject"] in text
        assert ("Fails the audit" in text) == finding["fails_audit"]
        assert finding["message"] in text or finding["observed"]
        for one in finding["observed"]:
            assert f"{one['name']} = {one['value']}" in text
        waiver = waiver_yaml(finding, FACTS)
        assert row.locator("pre").all_text_contents() == ([waiver] if waiver else [])
        waivers += bool(waiver)
    assert waivers
    row = page.locator("#rows tr", has_text="Connects to jira.example.com")
    row.get_by_text("What to do").click()
    assert row.get_by_text("Set the connection's method to https.").is_visible()
    page.locator(".rules summary").first.click()
    assert page.locator(".rules").get_by_text("Set the connection's method to https.").is_visible()


@pytest.fixture
def as_jenkins_serves(context):
    """Open a report without styles and scripts, as Jenkins serves the files of a build."""
    page = context.new_page()
    headers = {
        "Content-Security-Policy": "sandbox; default-src 'none'; img-src 'self'; style-src 'self'",
        "Content-Type": "text/html; charset=utf-8",
    }

    def serve(name: str) -> Page:
        page.route("**/*", lambda route: route.fulfill(body=rendered(name), headers=headers))
        page.goto("http://ci.example.com/report.html")
        return page

    yield serve
    page.close()


def test_without_style_the_report_is_a_plain_document(as_jenkins_serves):
    page = as_jenkins_serves("small")
    assert page.evaluate("getComputedStyle(document.body).marginTop") == "8px", "the style is not blocked"
    assert page.get_by_role("heading", level=1).inner_text().strip() == "Audit of sde.example.com failed"
    # Drawings are as small as text, and bars have the colours of their verdicts.
    for height in page.eval_on_selector_all("svg", "all => all.map((one) => one.getBoundingClientRect().height)"):
        assert height <= 16
    fills = page.eval_on_selector_all("svg.bar rect", "all => all.map((one) => getComputedStyle(one).fill)")
    assert fills
    assert "rgb(0, 0, 0)" not in fills
    # All elements that need the script are hidden.
    for hidden in ("#filters", "#table button", ".pager button", ".to-findings", ".about .scripted-only"):
        assert not any(one.is_visible() for one in page.locator(hidden).all()), hidden
    # Line ends or spaces separate the words.
    rows = page.locator("#rows > tr").all_inner_texts()
    assert len(rows) == len(places(SMALL, needs_attention))
    row = next(one for one in rows if "alm-tls" in one)
    cells = [cell.strip().split("\n") for cell in row.split("\t")]
    assert [[one.strip() for one in cell] for cell in cells] == [
        ["High"],
        ["Fail", "Fails the audit"],
        ["ALM traffic is encrypted", "alm-tls"],
        [
            'ALM connection 1 "Jira Europe"',
            "Connects to jira.example.com without TLS",
            "server.scheme = http",
            "What to do",
        ],
        ["Jira"],
        ["3 · Customer Portal"],
        ["Known"],
    ]
    summary = " ".join(page.locator(".rules summary").first.inner_text().split())
    assert summary == "ALM traffic is encrypted alm-tls High 1 fail 1 waived 1 pass 1 not applicable"
    tiles = [" ".join(tile.split()) for tile in page.locator(".tiles li").all_inner_texts()]
    assert tiles[:3] == ["6 Fail", "1 Error", "2 Inconclusive"]


def test_a_script_that_fails_leaves_the_essential(context, tmp_path):
    report = re.sub(r'(id="data">).', r"\1!", rendered("small"))
    (tmp_path / "broken.html").write_text(report, encoding="utf-8")
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((tmp_path / "broken.html").as_uri())
    assert len(errors) == 1
    assert page.locator("#rows > tr").count() == len(places(SMALL, needs_attention))
    assert page.locator("#rows").is_visible()
    assert page.get_by_text("Filters need JavaScript.").is_visible()
    page.close()


def test_paper_gets_all_that_was_chosen_and_every_rule(show):
    document = sample_reports.big(connections=60, rules=4)
    page = show(document, "#verdict=all", color_scheme="dark")
    page.evaluate(
        "addEventListener('beforeprint', () => { window.printed = document.querySelectorAll('tr.finding').length; })"
    )
    assert page.pdf().startswith(b"%PDF")
    assert page.evaluate("printed") == len(all_findings(document))
    assert len(shown(page)) == ROWS
    assert page.locator(".rules details[open]").count() == 0

    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.get_by_role("heading", level=1).is_visible()
    assert page.locator(".rules .body").last.is_visible()
    for hidden in ("#filters", ".pager", "button.opener", ".skip"):
        assert not page.locator(hidden).first.is_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--ink')") == "#18202b"


# ---------------------------------------------------------------------------------------------------------------
# Hostile texts

# All that the page is made of. No text of a server's may add to it.
ELEMENTS = set(
    "a bdi body button circle code datalist dd del details div dl dt fieldset footer form g h1 h2 h3 head "
    "header html input ins label "
    "legend li link main meta nav option p path pre rect script section select span style summary svg symbol "
    "table tbody td th "
    "thead time title tr ul use".split()
)


def test_hostile_texts_are_texts(show):
    document = sample_reports.hostile()
    page = show(document, "#verdict=all")
    texts = ""
    for number in range(3):
        page.eval_on_selector_all("button.opener", "buttons => buttons.forEach((button) => button.click())")
        texts += page.evaluate("document.body.textContent")
        names = set(page.evaluate("[...new Set([...document.querySelectorAll('*')].map((one) => one.localName))]"))
        assert names <= ELEMENTS, names - ELEMENTS
        assert page.locator("script").count() == 3
        links = page.eval_on_selector_all("a", "links => links.map((link) => link.getAttribute('href'))")
        assert {link.partition(":")[0] for link in links if not link.startswith("#")} <= {"https"}
        attributes = set(
            page.evaluate("[...new Set([...document.querySelectorAll('*')].flatMap((one) => one.getAttributeNames()))]")
        )
        assert not {name for name in attributes if name.startswith("on") or name == "style"}
        if number < 2:
            page.get_by_role("button", name="Next page").first.click()
    for name, text in HOSTILE.items():
        assert escape_block(text)[:4000] in texts, name
    hidden = set(texts) & set("\x00\x01\x08\x1b\x7f\x85\u061c\u200b\u200f\u2028\u202e\u2066\u2069\ufeff\u00ad")
    assert not hidden
    assert "15,009 more characters in the JSON report" in texts


@pytest.mark.parametrize("scripts", [True, False])
def test_an_address_of_a_server_that_is_not_a_web_page_is_not_a_link(show, scripts):
    report = copy.deepcopy(MERGED)
    report["server_urls"] = dict.fromkeys(report["servers"], "javascript:alert(1)")
    page = show(report, scripts=scripts)
    if scripts:
        page.locator("button.opener").first.click()
    assert page.locator("a[rel]").count() == 0
    assert page.get_by_role("region", name="By server").get_by_text("sde.example.com").is_visible()


def test_hostile_texts_cannot_change_the_direction_of_others(show):
    page = show("hostile", "#verdict=all")
    page.locator("button.opener").first.click()
    # In every cell and description, text of a server has its own element.
    loose = page.evaluate(
        """() => [...document.querySelectorAll(
                "#rows td, .facts dt, .facts dd, .waivers td, .rules .title, .rules code, .lead")]
            .filter((one) => !one.closest("thead"))
            .flatMap((one) => [...one.childNodes])
            .filter((node) => node.nodeType === Node.TEXT_NODE && node.data.trim())
            .map((node) => node.data)"""
    )
    assert [text for text in loose if not re.fullmatch(r"[\d,]+", text)] == []
    assert page.evaluate("getComputedStyle(document.querySelector('#rows bdi')).unicodeBidi") == "isolate"


def test_hostile_texts_without_javascript(show):
    page = show("hostile", scripts=False)
    assert page.locator("script").count() == 3
    assert page.locator("img, iframe, b, strong, em, h4").count() == 0
    rows = "\n".join(page.locator("#rows tr").all_inner_texts())
    for text in (
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "{{ 7 * 7 }}{% raw %}",
        "=cmd|' /C calc'!A0",
        "user\\u202egnp.exe",
    ):
        assert text in rows


def test_hostile_texts_can_be_filtered_by(show):
    document = sample_reports.hostile()
    page = show(document)
    options = field(page, "System").locator("option").all_inner_texts()
    assert len(options) == len(HOSTILE) + 2
    for option in options[1:]:
        field(page, "System").select_option(option)
        assert shown(page), option
        assert len(shown(page)) == (len(HOSTILE) if option == "(no system)" else 3)


@pytest.mark.parametrize(
    "view",
    [
        "#q=<img src=x onerror=alert(1)>&verdict=all",
        "#verdict=x&severity=&sort=constructor&page=-3&rule=__proto__",
        "#=%E0%A4%A",
        "#a=1#b",
    ],
)
def test_a_hostile_address_is_harmless(show, view):
    page = show("small", view)
    assert page.locator("img").count() == 0
    page.get_by_role("button", name="Reset filters").click()
    wait_until(page, "document.querySelectorAll('tr.finding').length === 9")


def test_the_policy_of_the_page_holds(context, tmp_path):
    """The other tests rely on this: were there an injection, the browser would refuse it, and they would know."""
    (tmp_path / "report.html").write_text(rendered("small"), encoding="utf-8")
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto((tmp_path / "report.html").as_uri())
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            document.body.append(Object.assign(script, {textContent: "window.injected = true"}));
            document.body.append(Object.assign(document.createElement("img"), {src: "https://evil.example/x.png"}));
            const html = '<p style="color: red" onclick="window.injected = true">x</p>';
            document.body.insertAdjacentHTML("beforeend", html);
            document.body.lastChild.click();
        }"""
    )
    wait_until(page, "violations.length >= 4")
    assert page.evaluate("window.injected") is None
    refused = {violation.split()[0] for violation in page.evaluate("violations")}
    assert refused == {"script-src-elem", "img-src", "style-src-attr", "script-src-attr"}
    page.close()


# ---------------------------------------------------------------------------------------------------------------
# Scale


def test_the_file_holds_texts_once():
    report = rendered("big").encode()
    findings = 5_000 * 12
    assert len(report) < 70 * findings
    # The facts are most of it: more rules cost little.
    few, many = (len(rendered(sample_reports.big(500, rules)).partition('id="data">')[2].encode()) for rules in (4, 8))
    assert (many - few) / (4 * 500) < 24


# The quick size is many pages of findings, and the other one what the collection promises to be quick for.
SIZES = pytest.mark.parametrize("connections", [1_000, pytest.param(5_000, marks=pytest.mark.slow)])


@SIZES
def test_a_key_stroke_costs_as_much_with_many_findings_as_with_few(show, connections):
    """Not in milliseconds, which are this machine's, but in elements: a page of rows, whatever is behind it."""
    work = {}
    for name, document in (("few", sample_reports.big(60, 12)), ("many", sample_reports.big(connections, 12))):
        page = show(document)
        page.get_by_role("button", name="Show all verdicts").click()
        page.evaluate(
            """() => {
                window.added = 0;
                new MutationObserver((records) => {
                    for (const record of records) {
                        for (const node of record.addedNodes) {
                            added += 1 + (node.querySelectorAll?.("*").length ?? 0);
                        }
                    }
                }).observe(document, {childList: true, subtree: true});
            }"""
        )
        field(page, "Search").press_sequentially("rule")
        assert len(shown(page)) == ROWS
        work[name] = page.evaluate("added")
        assert page.evaluate("document.querySelectorAll('*').length") < 5_000
    assert work["many"] == pytest.approx(work["few"], rel=0.25)


@SIZES
def test_what_is_shown_of_many_is_right(show, connections):
    document = sample_reports.big(connections)
    page = show(document)
    verdicts = document["summary"]["verdict_counts"]
    assert (
        page.get_by_role("status")
        .inner_text()
        .endswith(f" of {verdicts['fail'] + verdicts['inconclusive']:,} findings, of {12 * connections:,} in all")
    )
    field(page, "Search").fill("host17.example.com")
    field(page, "Rule").select_option("rule-07")
    wanted = places(
        document,
        needs_attention,
        lambda one: one["rule"] == "rule-07",
        lambda one: facts_of_big(document, one)["params"]["alm_server"] == "host17.example.com",
    )
    assert wanted
    assert sorted(all_shown(page)) == wanted


def facts_of_big(document: dict, finding: dict) -> dict:
    """Connections of the big document are numbered from one."""
    return document["connections"][int(finding["connections"][0].rpartition("/")[2]) - 1]["facts"]
