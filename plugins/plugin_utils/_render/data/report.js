// SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
// SPDX-License-Identifier: GPL-3.0-or-later
// Filters, sorts and opens the findings in the table. All text becomes text nodes, never markup. A key stroke filters
// the findings in memory; the document has only one page of rows.
(() => {
  "use strict";

  const PAGE = 50;
  const PRINTED = 1000;
  const OPENED = 20; // connections of one finding
  const SHORT = 200;
  const ATTENTION = ["fail", "error", "inconclusive"];
  const SVG = "http://www.w3.org/2000/svg";

  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);
  const verdicts = data.verdicts.map(([name]) => name);
  const severities = data.severities.map(([name]) => name);
  const words = Object.fromEntries([...data.verdicts, ...data.severities]);
  const number = new Intl.NumberFormat("en");

  // ------------------------------------------------------------------------------------------------------------
  // The findings. Rows without names keep the file small: see _script_data() in Python.

  const connections = data.connections.map((one) => ({ ...one, kind: String(one.facts.kind ?? null) }));
  const findings = data.findings.map(([rule, verdict, places, message, fingerprint, baseline, waiver, subject], index) => ({
    index,
    rule: data.rules[rule],
    ruleIndex: rule,
    verdict,
    places, // of its connections
    message,
    fingerprint: fingerprint ?? "",
    baseline: baseline ?? "",
    waiver: waiver ?? null,
    subject: subject ?? connections[places[0]].subject,
    hasOwnSubject: Boolean(subject),
  }));
  const connectionsOf = (finding) => finding.places.map((place) => connections[place]);
  const distinct = (texts) => [...new Set(texts)].filter(Boolean);
  const isWholeSet = (finding) => finding.places.length === 0;
  const systemsOf = (finding) => (isWholeSet(finding) ? [data.wholeSet] : distinct(connectionsOf(finding).map((one) => one.system)));
  const projectsOf = (finding) => distinct(connectionsOf(finding).map((one) => one.project));

  // A fact may be nested: each of its values, with the path to it.
  function* leaves(fact, path = "") {
    const members = fact !== null && typeof fact === "object" ? Object.entries(fact) : null;
    if (!members?.length) {
      yield [path, members ? (Array.isArray(fact) ? "[]" : "{}") : fact];
      return;
    }
    for (const [key, value] of members) {
      yield* leaves(value, path ? `${path}.${key}` : key);
    }
  }
  const values = (fact) => (fact !== null && typeof fact === "object" ? Object.values(fact).flatMap(values) : [fact]);

  // ------------------------------------------------------------------------------------------------------------
  // The view: the filters, and the same in the address

  const form = byId("filters");
  const SIMPLE = ["q", "rule", "system", "kind", "project", "baseline", "sort"];
  const DEFAULTS = { q: "", rule: "", system: "", kind: "", project: "", baseline: "", sort: "-severity", finding: "", page: 1 };
  let view = { ...DEFAULTS, verdict: ATTENTION, severity: severities };

  const checked = (name) => [...form.querySelectorAll(`input[name=${name}]:checked`)].map((box) => box.value);
  const same = (left, right) => left.length === right.length && left.every((one) => right.includes(one));

  function readForm() {
    view = { ...DEFAULTS, verdict: checked("verdict"), severity: checked("severity") };
    for (const name of SIMPLE) {
      view[name] = form.elements[name].value;
    }
    view.sort = view.sort || "-severity";
  }

  function writeForm() {
    for (const name of SIMPLE) {
      form.elements[name].value = view[name];
    }
    for (const name of ["verdict", "severity"]) {
      for (const box of form.querySelectorAll(`input[name=${name}]`)) {
        box.checked = view[name].includes(box.value);
      }
    }
  }

  function toAddress() {
    const given = new URLSearchParams();
    for (const [name, usual] of Object.entries(DEFAULTS)) {
      if (view[name] !== usual) {
        given.set(name, view[name]);
      }
    }
    for (const [name, all, usual] of [["verdict", verdicts, ATTENTION], ["severity", severities, severities]]) {
      if (!same(view[name], usual)) {
        given.set(name, same(view[name], all) ? "all" : view[name].join(",") || "none");
      }
    }
    return String(given).replaceAll("%2C", ",");
  }

  function fromAddress() {
    const given = new URLSearchParams(location.hash.slice(1));
    const listed = (name, all, usual) => {
      const text = given.get(name);
      return text === null ? usual : text === "all" ? all : all.filter((one) => text.split(",").includes(one));
    };
    // A link to one finding shows it whatever its verdict.
    const usual = given.has("finding") ? verdicts : ATTENTION;
    view = { ...DEFAULTS, verdict: listed("verdict", verdicts, usual), severity: listed("severity", severities, severities) };
    for (const name of Object.keys(DEFAULTS)) {
      view[name] = given.get(name) ?? DEFAULTS[name];
    }
    view.page = Math.max(1, Number.parseInt(view.page, 10) || 1);
    view.sort = Object.hasOwn(RANKS, view.sort.replace("-", "")) ? view.sort : DEFAULTS.sort;
  }

  function writeAddress() {
    const written = toAddress();
    try {
      history.replaceState(null, "", written ? `#${written}` : "#findings");
    } catch {
      // A sandboxed frame may not change its address.
    }
  }

  // ------------------------------------------------------------------------------------------------------------
  // Which findings, and in which order

  const lower = (text) => String(text).toLowerCase();
  function once(make) {
    let made;
    return () => (made ??= make());
  }
  const searched = once(() => ({
    connections: connections.map((one) => lower([one.key, one.subject, one.system, one.project, ...values(one.facts)].join("\n"))),
    rules: data.rules.map((rule) => lower([rule.id, rule.title, rule.description, rule.remediation, ...rule.that].join("\n"))),
    messages: data.messages.map(lower),
    waivers: data.waivers.map((waiver) => lower(waiver.join("\n"))),
  }));

  // Each text is searched once for a word. A finding matches if one of its texts matches.
  function finder(word) {
    const has = (texts) => texts.map((text) => text.includes(word));
    const found = Object.fromEntries(Object.entries(searched()).map(([name, texts]) => [name, has(texts)]));
    return (finding) =>
      found.rules[finding.ruleIndex] ||
      found.messages[finding.message] ||
      finding.places.some((place) => found.connections[place]) ||
      (finding.hasOwnSubject && lower(finding.subject).includes(word)) ||
      (finding.waiver !== null && found.waivers[finding.waiver]);
  }

  // Whether the condition is true for a connection of a finding; it is evaluated once for each connection.
  function ofConnections(condition) {
    const results = connections.map(condition);
    return (finding) => finding.places.some((place) => results[place]);
  }

  function conditions() {
    const wanted = [];
    if (view.finding) {
      wanted.push((finding) => finding.fingerprint === view.finding);
    }
    const verdictWanted = verdicts.map((name) => view.verdict.includes(name));
    const ruleWanted = data.rules.map((rule) => view.severity.includes(severities[rule.severity]) && (!view.rule || rule.id === view.rule));
    wanted.push((finding) => verdictWanted[finding.verdict] && ruleWanted[finding.ruleIndex]);
    if (view.baseline) {
      wanted.push((finding) => finding.baseline === view.baseline);
    }
    if (view.system === data.wholeSet) {
      wanted.push(isWholeSet);
    } else if (view.system) {
      wanted.push(ofConnections((one) => one.system === view.system));
    }
    if (view.kind) {
      wanted.push(ofConnections((one) => one.kind === view.kind));
    }
    const project = lower(view.project.trim());
    if (project) {
      // A number selects one project, not all projects whose number begins with it.
      const isIt = /^\d+$/.test(project) ? (one) => lower(one.project).split(" ")[0] === project : (one) => lower(one.project).includes(project);
      wanted.push(ofConnections(isIt));
    }
    wanted.push(...lower(view.q).split(/\s+/).filter(Boolean).map(finder));
    return wanted;
  }

  const collator = new Intl.Collator("en", { numeric: true });
  // Sorting text is slow, so each distinct text is ranked once, and the findings are sorted by rank.
  function textRank(textOf) {
    const texts = findings.map(textOf);
    const ranks = new Map([...new Set(texts)].sort(collator.compare).map((text, rank) => [text, rank]));
    return (finding) => ranks.get(texts[finding.index]);
  }
  // A finding is sorted by its first connection.
  const first = (finding) => connections[finding.places[0]];
  const RANKS = {
    severity: () => (finding) => -finding.rule.severity,
    verdict: () => (finding) => finding.verdict,
    rule: () => textRank((finding) => finding.rule.id),
    subject: () => textRank((finding) => short(finding.subject)),
    system: () => textRank((finding) => first(finding)?.system ?? data.wholeSet),
    project: () => textRank((finding) => first(finding)?.project ?? ""),
    baseline: () => (finding) => ["new", "known", ""].indexOf(finding.baseline),
  };
  // One number for each finding: its rank, then its severity and verdict, then its position in the report.
  const size = findings.length;
  const orders = new Map();
  function order(sort) {
    if (!orders.has(sort)) {
      const rank = RANKS[sort.replace("-", "")]();
      const sign = sort.startsWith("-") ? -1 : 1;
      const key = (finding) => ((sign * rank(finding) * 8 + finding.rule.severity) * 8 + finding.verdict) * size + finding.index;
      const keys = Float64Array.from(findings, key).sort();
      orders.set(sort, Array.from(keys, (one) => findings[((one % size) + size) % size]));
    }
    return orders.get(sort);
  }

  let matches = [];
  function filter() {
    matches = conditions().reduce((left, holds) => left.filter(holds), order(view.sort));
  }

  // ------------------------------------------------------------------------------------------------------------
  // Elements

  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== null && value !== false) {
        made.setAttribute(name, value === true ? "" : value);
      }
    }
    made.append(...children.filter((child) => child !== null));
    return made;
  }

  const bdi = (text) => element("bdi", {}, String(text));
  const short = (text) => (text.length > SHORT ? `${text.slice(0, SHORT)}…` : text);
  const lines = (texts) => texts.map((text) => element("span", { class: "line" }, bdi(text)));

  function icon(name) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS(SVG, "use");
    use.setAttribute("href", `#${name}`);
    svg.append(use);
    return svg;
  }

  const verdict = (name) => element("span", { class: `verdict ${name}` }, icon(`icon-${name}`), words[name]);
  const severity = (name) => element("span", { class: `severity ${name}` }, icon(`level-${name}`), words[name]);
  const badge = (state) => (state ? element("span", { class: `since ${state}` }, state === "new" ? "New" : "Known") : "");

  function link([text, url]) {
    // html.py passes only URLs of web pages.
    return url ? element("a", { href: url, rel: "noopener noreferrer external", target: "_blank" }, bdi(text)) : bdi(text);
  }

  // ------------------------------------------------------------------------------------------------------------
  // One finding

  function row(finding) {
    const { rule } = finding;
    const message = data.messages[finding.message];
    const subject = short(finding.subject);
    const systems = systemsOf(finding);
    const projects = projectsOf(finding);
    const cell = (name, ...children) => element("td", { role: "cell", class: name }, ...children);
    const opener = element("button", {
      type: "button",
      class: "opener",
      "aria-expanded": "false",
      "aria-label": `Details of ${rule.id}, ${subject}`,
    });
    return element(
      "tr",
      { role: "row", "data-finding": finding.index, class: "finding" },
      cell("opener", opener),
      cell("in-severity", severity(severities[rule.severity])),
      cell("in-verdict", verdict(verdicts[finding.verdict])),
      cell("in-rule", bdi(short(rule.title)), element("span", { class: "id" }, bdi(rule.id))),
      cell("in-subject", bdi(subject), message ? element("span", { class: "message" }, bdi(short(message))) : null),
      cell("in-system", ...lines(systems.slice(0, 3)), systems.length > 3 ? `and ${systems.length - 3} more` : null),
      cell("in-project", ...lines(projects.slice(0, 3)), projects.length > 3 ? `and ${projects.length - 3} more` : null),
      data.hasBaseline ? cell("in-baseline", badge(finding.baseline)) : null,
    );
  }

  function described(list, term, ...children) {
    if (children.length) {
      list.append(element("div", {}, element("dt", {}, term), element("dd", {}, ...children)));
    }
  }

  const codes = (texts) => texts.map((text) => element("code", {}, bdi(text)));
  const prose = (text) => (text ? [element("span", { class: "prose" }, bdi(text))] : []);

  function aboutRule(rule) {
    const list = element("dl", { class: "rule" });
    described(list, "Why", ...prose(rule.description));
    described(list, "For each item of", ...codes(rule.loop ? [rule.loop] : []));
    described(list, "For each group by", ...codes(rule.group_by));
    described(list, "Applies when", ...codes(rule.when));
    described(list, "Requires", ...codes(rule.that));
    described(list, "Inconclusive without", ...codes(rule.needs));
    described(list, "Remediation", ...prose(rule.remediation));
    described(list, "References", ...rule.references.map((reference) => element("span", { class: "line" }, link(reference))));
    return list;
  }

  function aboutFinding(finding) {
    const list = element("dl", { class: "rule" });
    described(list, "Subject", bdi(finding.subject));
    described(list, "Message", ...prose(data.messages[finding.message]));
    if (finding.waiver !== null) {
      const [reason, owner, expires, state, file] = data.waivers[finding.waiver];
      described(list, "Waiver", ...prose(reason));
      described(list, "Waived by", bdi(owner), " until ", bdi(expires), ` (${state}, in `, bdi(file), ")");
    }
    if (finding.fingerprint) {
      described(list, "Fingerprint", element("a", { href: `#finding=${finding.fingerprint}`, class: "fingerprint" }, finding.fingerprint));
    }
    return list;
  }

  function factValue(value) {
    if (value === null || value === "") {
      return element("span", { class: "empty" }, value === null ? "null" : "empty");
    }
    return bdi(value);
  }

  function facts(connection, rule) {
    const asked = [...rule.when, ...rule.that, ...rule.needs.map((name) => `connection.${name}`)].join("\n");
    const isAsked = (path) => {
      const place = asked.indexOf(`connection.${path}`);
      return place >= 0 && !/[\w.]/.test(asked[place + path.length + 11] || " ");
    };
    const list = element("dl", { class: "facts" });
    const rows = [...leaves(connection.facts)].map(([path, value]) => [isAsked(path), path, value]);
    for (const [is, path, value] of [...rows.filter(([is]) => is), ...rows.filter(([is]) => !is)]) {
      const note = is ? element("span", { class: "asked" }, "in the rule") : null;
      list.append(element("div", { class: is ? "is-asked" : null }, element("dt", {}, bdi(path), note), element("dd", {}, factValue(value))));
    }
    return list;
  }

  function details(finding) {
    const { rule } = finding;
    const about = connectionsOf(finding);
    const panel = element(
      "div",
      { class: "panel" },
      element("section", {}, element("h3", {}, "This finding"), aboutFinding(finding)),
      element("section", {}, element("h3", {}, "The rule"), aboutRule(rule)),
    );
    const all = element("section", { class: "connections" });
    for (const connection of about.slice(0, OPENED)) {
      const title = element("summary", {}, "Facts of ", bdi(short(connection.subject)), element("span", { class: "id" }, bdi(connection.key)));
      all.append(element("details", { open: about.length === 1 }, title, facts(connection, rule)));
    }
    if (about.length > OPENED) {
      all.append(element("p", { class: "note" }, `And ${number.format(about.length - OPENED)} more connections: the JSON report lists them all.`));
    }
    panel.append(all);
    const cell = element("td", { role: "cell", colspan: data.hasBaseline ? 8 : 7 }, panel);
    return element("tr", { role: "row", class: "details", id: `details-${finding.index}` }, cell);
  }

  function toggle(opener) {
    const tr = opener.closest("tr");
    const isOpen = opener.getAttribute("aria-expanded") === "true";
    opener.setAttribute("aria-expanded", String(!isOpen));
    tr.classList.toggle("open", !isOpen);
    if (isOpen) {
      tr.nextElementSibling.remove();
      opener.removeAttribute("aria-controls");
    } else {
      tr.after(details(findings[tr.dataset.finding]));
      opener.setAttribute("aria-controls", `details-${tr.dataset.finding}`);
    }
  }

  // ------------------------------------------------------------------------------------------------------------
  // The table

  const rows = byId("rows");
  const pagers = [...document.querySelectorAll(".pager")];
  const pages = () => Math.max(1, Math.ceil(matches.length / PAGE));

  function showRows(from, to) {
    const shown = matches.slice(from, to).map(row);
    rows.replaceChildren(...(shown.length ? shown : [nothing()]));
  }

  function nothing() {
    const isUsual = toAddress() === "" && size > 0;
    const text = isUsual ? "Nothing needs attention." : "No finding matches these filters.";
    return element("tr", { role: "row" }, element("td", { role: "cell", class: "nothing", colspan: data.hasBaseline ? 8 : 7 }, text));
  }

  function show() {
    view.page = Math.min(view.page, pages());
    const from = (view.page - 1) * PAGE;
    showRows(from, from + PAGE);
    const to = Math.min(from + PAGE, matches.length);
    const range = matches.length > PAGE ? `${number.format(from + 1)} to ${number.format(to)} of ` : "";
    const noun = matches.length === 1 ? "finding" : "findings";
    byId("count").textContent = `${range}${number.format(matches.length)} ${noun}, of ${number.format(size)} in all`;
    for (const pager of pagers) {
      pager.hidden = pages() === 1;
      pager.querySelector(".page-number").textContent = `Page ${number.format(view.page)} of ${number.format(pages())}`;
      for (const button of pager.querySelectorAll("button")) {
        button.setAttribute("aria-disabled", String(target(button.dataset.go) === view.page));
      }
    }
    for (const header of document.querySelectorAll("th[data-sort]")) {
      const isSorted = view.sort.replace("-", "") === header.dataset.sort;
      if (isSorted) {
        header.setAttribute("aria-sort", view.sort.startsWith("-") ? "descending" : "ascending");
      } else {
        header.removeAttribute("aria-sort");
      }
    }
    if (view.finding && matches.length === 1) {
      toggle(rows.querySelector("button.opener"));
    }
  }

  function refresh() {
    filter();
    show();
  }

  const target = (go) => ({ first: 1, previous: Math.max(1, view.page - 1), next: Math.min(pages(), view.page + 1), last: pages() })[go];

  function makePager(pager, place) {
    const button = (go, text) => element("button", { type: "button", "data-go": go, "aria-label": `${text} page` }, text);
    pager.append(button("first", "First"), button("previous", "Previous"), element("span", { class: "page-number" }), button("next", "Next"), button("last", "Last"));
    pager.addEventListener("click", (event) => {
      const pressed = event.target.closest("button");
      if (!pressed || pressed.getAttribute("aria-disabled") === "true") {
        return;
      }
      view.page = target(pressed.dataset.go);
      writeAddress();
      show();
      if (place > 0) {
        // The new page begins at the top: go there, with the keyboard, too.
        pagers[0].querySelector(`[data-go=${pressed.dataset.go}]`).focus();
        byId("table").scrollIntoView();
      }
    });
  }

  function changed() {
    readForm();
    writeAddress();
    refresh();
  }

  function sortBy(name) {
    const [usual, other] = name === "severity" ? [`-${name}`, name] : [name, `-${name}`];
    view = { ...view, sort: view.sort === usual ? other : usual, page: 1 };
    writeForm();
    writeAddress();
    refresh();
  }

  function start() {
    pagers.forEach(makePager);
    for (const header of document.querySelectorAll("th[data-sort]")) {
      const button = element("button", { type: "button" }, header.textContent);
      button.addEventListener("click", () => sortBy(header.dataset.sort));
      header.replaceChildren(button);
    }
    form.addEventListener("input", changed);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(changed));
    byId("everything").addEventListener("click", () => {
      form.querySelectorAll("input[name=verdict]").forEach((box) => {
        box.checked = true;
      });
      changed();
    });
    rows.addEventListener("click", (event) => {
      const tr = event.target.closest("tr.finding");
      if (tr && !event.target.closest("a") && !String(getSelection())) {
        toggle(tr.querySelector("button.opener"));
      }
    });
    addEventListener("hashchange", (event) => {
      // The event can come late. If the reader has filtered since, the address is newer than the event.
      if (event.newURL === location.href) {
        goToAddress();
      }
    });
    addEventListener("beforeprint", beforePrint);
    addEventListener("afterprint", afterPrint);
    if (location.hash.includes("=")) {
      goToAddress();
    } else {
      writeForm();
      refresh();
    }
    // Ready before the first key stroke.
    (window.requestIdleCallback || setTimeout)(searched);
  }

  // A link to a view of the table scrolls to the table; a link to a section does not change the filters.
  function goToAddress() {
    const hash = location.hash.slice(1);
    if (!hash.includes("=")) {
      return;
    }
    fromAddress();
    writeForm();
    refresh();
    byId("findings").scrollIntoView();
    byId("findings").focus({ preventScroll: true });
  }

  // ------------------------------------------------------------------------------------------------------------
  // Print all findings that the filters select, and all rules

  let closed = [];
  function beforePrint() {
    showRows(0, PRINTED);
    byId("unprinted").hidden = matches.length <= PRINTED;
    byId("unprinted").textContent = `And ${number.format(matches.length - PRINTED)} more: the JSON report lists them all.`;
    closed = [...document.querySelectorAll(".rules > details:not([open]), .card > summary")].map((one) => one.closest("details")).filter((one) => !one.open);
    closed.forEach((one) => {
      one.open = true;
    });
  }

  function afterPrint() {
    closed.forEach((one) => {
      one.open = false;
    });
    byId("unprinted").hidden = true;
    show();
  }

  // Until this class is set, the style hides the rows from the template, which the script replaces.
  document.documentElement.classList.add("ready");
  start();
})();
