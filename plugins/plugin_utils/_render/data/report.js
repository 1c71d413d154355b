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
  const OBSERVED = 3; // values in a row
  const ATTENTION = ["fail", "error", "inconclusive"];
  const SVG = "http://www.w3.org/2000/svg";

  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);
  const verdicts = data.verdicts.map(([name]) => name);
  const severities = data.severities.map(([name]) => name);
  const words = Object.fromEntries([...data.verdicts, ...data.severities]);
  const number = new Intl.NumberFormat("en");

  const headers = [...document.querySelectorAll("th[data-sort]")];
  const hasColumn = (name) => headers.some((header) => header.dataset.sort === name);
  const COLUMNS = headers.length + 1; // and the one that opens a finding

  // ------------------------------------------------------------------------------------------------------------
  // The findings. Rows and facts without names keep the file small: see _script_data() in Python.

  function unpack(fact) {
    if (!Array.isArray(fact)) {
      return fact;
    }
    const [keys, ...members] = fact.map(unpack);
    return keys === null ? members : Object.fromEntries(data.keys[keys].map((key, index) => [key, members[index]]));
  }
  const connections = data.connections.map((one) => {
    const facts = unpack(one.facts);
    return { ...one, facts, kind: String(facts.kind ?? null) };
  });
  const findings = data.findings.map(([rule, verdict, places, message, fingerprint, reading, rank, baseline, waiver, expiredWaiver, subject, server, ownWaiver, ownProjects], index) => ({
    index,
    rule: data.rules[rule],
    ruleIndex: rule,
    verdict,
    places, // of its connections
    message,
    fingerprint: fingerprint ?? "",
    reading: data.readings[reading] ?? [], // texts: the failed condition, and the names and values that it read
    rank: rank ?? 100, // by importance: there are fewer than 100 ranks, and a finding without a rank passes
    fails: rank < data.failingRanks,
    baseline: baseline ?? "",
    waiver: waiver ?? null,
    expiredWaiver: expiredWaiver ?? null,
    subject: subject ?? connections[places[0]].subject,
    hasOwnSubject: Boolean(subject),
    server: places.length ? connections[places[0]].server : server,
    ownWaiver: data.texts[ownWaiver] ?? null,
    ownProjects: ownProjects ?? null, // of an item without connections
  }));
  const connectionsOf = (finding) => finding.places.map((place) => connections[place]);
  const serverOf = (one) => data.servers[one.server] ?? null;
  const messageOf = (finding) => data.texts[finding.message];
  function observedOf(finding) {
    const [, ...texts] = finding.reading.map((index) => data.texts[index]);
    return texts.flatMap((name, index) => (index % 2 ? [] : [[name, texts[index + 1]]]));
  }
  const distinct = (texts) => [...new Set(texts)].filter(Boolean);
  const hasNoConnection = (finding) => finding.places.length === 0;
  const systemsOf = (finding) => (hasNoConnection(finding) ? [data.noSystem] : distinct(connectionsOf(finding).map((one) => one.system)));
  // Indexes of texts, with the URLs of their pages.
  const projectsOf = (finding) => finding.ownProjects ?? [...new Set(connectionsOf(finding).map((one) => one.project))].filter((one) => one !== null);
  const projectText = (index) => data.projects[index]?.[0] ?? "";

  // A fact may be nested: each of its values, with the path to it as conditions write it.
  function* leaves(fact, path = "") {
    const isList = Array.isArray(fact);
    const members = fact !== null && typeof fact === "object" ? Object.entries(fact) : null;
    if (!members?.length) {
      yield [path, members ? (isList ? "[]" : "{}") : fact];
      return;
    }
    for (const [key, value] of members) {
      yield* leaves(value, isList ? `${path}[${key}]` : path ? `${path}.${key}` : key);
    }
  }
  const values = (fact) => (fact !== null && typeof fact === "object" ? Object.values(fact).flatMap(values) : [fact]);

  // ------------------------------------------------------------------------------------------------------------
  // The view: the filters, and the same in the address

  const form = byId("filters");
  const DEFAULTS = { q: "", rule: "", server: "", system: "", kind: "", project: "", baseline: "", sort: "importance", finding: "", page: 1 };
  const SIMPLE = Object.keys(DEFAULTS).filter((name) => form.elements[name]);
  let view = { ...DEFAULTS, verdict: ATTENTION, severity: severities };

  const checked = (name) => [...form.querySelectorAll(`input[name=${name}]:checked`)].map((box) => box.value);
  const same = (left, right) => left.length === right.length && left.every((one) => right.includes(one));

  function readForm() {
    view = { ...DEFAULTS, verdict: checked("verdict"), severity: checked("severity") };
    for (const name of SIMPLE) {
      view[name] = form.elements[name].value;
    }
    view.sort = view.sort || DEFAULTS.sort;
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
    connections: connections.map((one) => lower([serverOf(one)?.[0], one.subject, one.system, projectText(one.project), ...values(one.facts)].join("\n"))),
    rules: data.rules.map((rule) => lower([rule.id, rule.title, rule.description, rule.remediation, ...rule.that, ...rule.controls, ...rule.tags].join("\n"))),
    texts: data.texts.map(lower),
    waivers: data.waivers.map((waiver) => lower(waiver.join("\n"))),
  }));

  // Each text is searched once for a word. A finding matches if one of its texts matches.
  function finder(word) {
    const has = (texts) => texts.map((text) => text.includes(word));
    const found = Object.fromEntries(Object.entries(searched()).map(([name, texts]) => [name, has(texts)]));
    return (finding) =>
      found.rules[finding.ruleIndex] ||
      found.texts[finding.message] ||
      finding.reading.some((index) => found.texts[index]) ||
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
    if (view.server) {
      wanted.push((finding) => serverOf(finding)?.[0] === view.server);
    }
    if (view.system === data.noSystem) {
      wanted.push(hasNoConnection);
    } else if (view.system) {
      wanted.push(ofConnections((one) => one.system === view.system));
    }
    if (view.kind) {
      wanted.push(ofConnections((one) => one.kind === view.kind));
    }
    const project = lower(view.project.trim());
    if (project) {
      // A number selects one project, not all projects whose number begins with it.
      const isIt = /^\d+$/.test(project) ? (text) => text.split(" ")[0] === project : (text) => text.includes(project);
      const results = data.projects.map(([text]) => isIt(lower(text)));
      wanted.push((finding) => projectsOf(finding).some((one) => results[one]));
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
    importance: () => (finding) => finding.rank,
    severity: () => (finding) => -finding.rule.severity,
    verdict: () => (finding) => finding.verdict,
    rule: () => textRank((finding) => finding.rule.id),
    subject: () => textRank((finding) => short(finding.subject)),
    server: () => textRank((finding) => serverOf(finding)?.[0] ?? ""),
    system: () => textRank((finding) => first(finding)?.system ?? data.noSystem),
    project: () => textRank((finding) => projectText(projectsOf(finding)[0])),
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
  const line = (...children) => element("div", { class: "line" }, ...children);
  const lines = (texts) => texts.map((text) => line(bdi(text)));

  function icon(name) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("fill", "currentColor");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS(SVG, "use");
    use.setAttribute("href", `#${name}`);
    svg.append(use);
    return svg;
  }

  const verdict = (name) => element("span", { class: `verdict ${name}` }, icon(`icon-${name}`), words[name]);
  const severity = (name) => element("span", { class: `severity ${name}` }, icon(`level-${name}`), words[name]);
  const mark = (text) => element("span", { class: "mark" }, text);
  const badge = (state) => (state ? element("span", { class: `since ${state}` }, state === "new" ? "New" : "Known") : "");

  function link([text, url]) {
    // html.py passes only URLs of web pages.
    return url ? element("a", { href: url, rel: "noopener noreferrer external", target: "_blank" }, bdi(text)) : bdi(text);
  }

  // ------------------------------------------------------------------------------------------------------------
  // One finding

  const reading = ([name, value]) => element("div", { class: "observed" }, element("code", {}, bdi(short(name)), " = ", bdi(short(value))));
  const more = (count) => (count > 0 ? `and ${number.format(count)} more` : null);

  function row(finding) {
    const { rule } = finding;
    const observed = observedOf(finding);
    // The default message has the title and the observed values, which the row shows anyway.
    const message = observed.length && !rule.hasMessage ? "" : messageOf(finding);
    const subject = short(finding.subject);
    const systems = systemsOf(finding);
    const projects = projectsOf(finding).map((one) => data.projects[one]);
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
      cell("in-verdict", verdict(verdicts[finding.verdict]), finding.fails ? line(mark("Fails the audit")) : null, finding.expiredWaiver === null ? null : line(mark("Waiver expired"))),
      cell("in-rule", bdi(short(rule.title)), element("div", { class: "id" }, bdi(rule.id))),
      cell(
        "in-subject",
        bdi(subject),
        message ? element("div", { class: "message" }, bdi(short(message))) : null,
        ...observed.slice(0, OBSERVED).map(reading),
        more(observed.length - OBSERVED),
      ),
      hasColumn("server") ? cell("in-server", bdi(serverOf(finding)?.[0] ?? "")) : null,
      cell("in-system", ...lines(systems.slice(0, 3)), more(systems.length - 3)),
      cell("in-project", ...projects.slice(0, 3).map((one) => line(link(one))), more(projects.length - 3)),
      hasColumn("baseline") ? cell("in-baseline", badge(finding.baseline)) : null,
    );
  }

  function described(list, term, ...children) {
    if (children.length) {
      list.append(element("div", {}, element("dt", {}, term), element("dd", {}, ...children)));
    }
  }

  const codes = (texts) => texts.map((text) => line(element("code", {}, bdi(text))));
  const prose = (text) => (text ? [element("span", { class: "prose" }, bdi(text))] : []);

  function aboutRule(rule) {
    const list = element("dl", { class: "rule" });
    described(list, "Why", ...prose(rule.description));
    described(list, "For each item of", ...codes(rule.loop ? [rule.loop] : []));
    described(list, "For each group by", ...codes(rule.group_by));
    described(list, "Applies when", ...codes(rule.when));
    described(list, "Requires", ...codes(rule.that));
    described(list, "Inconclusive without", ...codes(rule.needs));
    described(list, "Controls", ...lines(rule.controls));
    described(list, "Tags", ...lines(rule.tags));
    return list;
  }

  function aboutFinding(finding) {
    const list = element("dl", { class: "rule" });
    const [condition] = finding.reading;
    const server = serverOf(finding);
    described(list, "Message", ...prose(messageOf(finding)));
    described(list, "Observed", ...observedOf(finding).map(reading));
    described(list, "Condition that is false", ...codes(condition === undefined ? [] : [data.texts[condition]]));
    described(list, "Subject", bdi(finding.subject));
    described(list, "Server", ...(server ? [link(server)] : []));
    described(list, "Effect", ...(finding.fails ? ["The audit fails because of this finding."] : []));
    described(list, "Since when", ...since(finding));
    described(list, "Waiver", ...aboutWaiver(finding.waiver));
    described(list, "Expired waiver", ...aboutWaiver(finding.expiredWaiver));
    if (finding.fingerprint) {
      described(list, "Fingerprint", element("a", { href: `#finding=${finding.fingerprint}`, class: "fingerprint" }, finding.fingerprint));
    }
    return list;
  }

  function aboutWaiver(index) {
    if (index === null) {
      return [];
    }
    const [reason, owner, expires, state, name] = data.waivers[index];
    return [...prose(reason), line(bdi(owner), " until ", bdi(expires), ` (${state}, `, bdi(name), ")")];
  }

  function since(finding) {
    if (!data.baselineAt && ATTENTION.includes(verdicts[finding.verdict])) {
      return ["Unknown, because this audit has no baseline."];
    }
    const sentences = {
      new: `New: the audit of ${data.baselineAt} has no such open finding.`,
      known: `Known: the audit of ${data.baselineAt} found it as well.`,
    };
    return finding.baseline ? [sentences[finding.baseline]] : [];
  }

  function nextStep(finding) {
    const { rule } = finding;
    const name = verdicts[finding.verdict];
    const list = element("dl", { class: "rule" });
    described(list, "Remediation", ...prose(data.nextSteps[name] ?? rule.remediation));
    described(list, "References", ...rule.references.map((reference) => line(link(reference))));
    described(list, "Waiver", ...(name === "fail" ? readyWaiver(finding) : []));
    return list;
  }

  // A waiver of an item has a label, which needs escapes. All others fit the template of their server.
  function waiverOf(finding) {
    if (finding.ownWaiver || finding.places.length !== 1) {
      return finding.ownWaiver;
    }
    const { kind, id } = first(finding).facts;
    const filled = { RULE: finding.rule.id, KIND: kind, "id: 0": `id: ${id}` };
    return data.waiverTemplates[finding.server ?? 0].replace(/RULE|KIND|id: 0/g, (name) => filled[name]);
  }

  function readyWaiver(finding) {
    if (!finding.rule.waivable) {
      return ["The policy does not allow a waiver of this rule."];
    }
    const waiver = waiverOf(finding);
    if (!waiver) {
      return [];
    }
    const text = element("pre", { class: "waiver" }, waiver);
    const button = element("button", { type: "button" }, "Copy");
    const status = element("span", { role: "status", class: "status" });
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text.textContent);
        status.textContent = "Copied.";
      } catch {
        // The browser or the server of this file may forbid it.
        getSelection().selectAllChildren(text);
        status.textContent = "Selected: copy it with your browser.";
      }
    });
    return [data.waiverAdvice, text, line(button, " ", status)];
  }

  function factValue(value) {
    if (value === null || value === "") {
      return element("span", { class: "empty" }, value === null ? "null" : "empty");
    }
    return bdi(value);
  }

  // Whether a path is a place or below it.
  const isAt = (path, place) => path === place || path.startsWith(`${place}.`) || path.startsWith(`${place}[`);

  // The paths of the facts that the failed condition read. The item of a loop is not a connection.
  function readFacts(finding) {
    const names = observedOf(finding).map(([name]) => name);
    const { loop, group_by: grouped } = finding.rule;
    return grouped.length ? names.flatMap((name) => groupedFacts(name, grouped)) : loop ? [] : names;
  }

  // The facts of a group are in item.key; a single fact may be item.key itself.
  function groupedFacts(name, grouped) {
    if (!isAt(name, "item.key")) {
      return [];
    }
    const rest = name.slice("item.key".length);
    const path = rest.slice(1);
    const within = rest ? grouped.filter((fact) => isAt(fact, path)) : grouped;
    if (within.length || grouped.some((fact) => isAt(path, fact))) {
      return within.length ? within : [path];
    }
    return grouped.length === 1 ? [`${grouped[0]}${rest}`] : [];
  }

  function facts(connection, names) {
    // The condition may read a key of a fact that has none.
    const isRead = (path) => names.some((name) => name === "connection" || isAt(path, name) || isAt(name, path));
    const list = element("dl", { class: "facts" });
    const rows = [...leaves(connection.facts)].map(([path, value]) => [isRead(path), path, value]);
    for (const [is, path, value] of [...rows.filter(([is]) => is), ...rows.filter(([is]) => !is)]) {
      const note = is ? element("span", { class: "read" }, "read") : null;
      list.append(element("div", { class: is ? "is-read" : null }, element("dt", {}, bdi(path), note), element("dd", {}, factValue(value))));
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
      element("section", {}, element("h3", {}, "What to do"), nextStep(finding)),
      element("section", { class: "wide" }, element("h3", {}, "The rule"), aboutRule(rule)),
    );
    const all = element("section", { class: "wide" });
    const names = readFacts(finding);
    for (const connection of about.slice(0, OPENED)) {
      const title = element("summary", {}, "Facts of ", bdi(short(connection.subject)));
      const note = names.length ? element("p", { class: "note" }, "The condition read the marked facts.") : null;
      all.append(element("details", { open: about.length === 1 }, title, note, facts(connection, names)));
    }
    if (about.length > OPENED) {
      all.append(element("p", { class: "note" }, `And ${number.format(about.length - OPENED)} more connections: the JSON report lists them all.`));
    }
    panel.append(all);
    const cell = element("td", { role: "cell", colspan: COLUMNS }, panel);
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
    return element("tr", { role: "row" }, element("td", { role: "cell", class: "nothing", colspan: COLUMNS }, text));
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
    for (const header of headers) {
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
    for (const anchor of document.querySelectorAll("a[data-view]")) {
      anchor.href = `#${anchor.dataset.view}`;
    }
    pagers.forEach(makePager);
    for (const header of headers) {
      const button = element("button", { type: "button" }, header.textContent);
      button.addEventListener("click", () => sortBy(header.dataset.sort));
      header.replaceChildren(button);
    }
    headers[0].before(element("th", { role: "columnheader", scope: "col", class: "opener" }, element("span", { class: "unseen" }, "Details")));
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
