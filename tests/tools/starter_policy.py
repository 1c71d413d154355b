# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the tables of the starter policy into docs/starter_policy.md: `python -m tests.tools.starter_policy`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
POLICY = ROOT / "plugins" / "plugin_utils" / "_audit" / "data" / "starter_policy.yml"
PAGE = ROOT / "docs" / "starter_policy.md"
_SECTION = re.compile(r"(<!-- generated from the starter policy.*?-->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> None:
    """Replace the section of the page."""
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def with_tables(page: str) -> str:
    """Return the page with the tables of the present policy."""
    policy = yaml.safe_load(POLICY.read_text(encoding="utf-8"))
    tables = "\n\n".join(_table(*rows) for rows in (_rules(policy), _controls(policy), _variables(policy)))
    return _SECTION.sub(lambda match: f"{match[1]}\n{tables}\n\n{match[2]}", page)


def _rules(policy: dict[str, Any]) -> list[tuple[str, ...]]:
    rules = ((f"`{rule['id']}`", rule["severity"], rule["title"]) for rule in policy["rules"])
    return [("rule", "severity", "requirement"), *rules]


def _controls(policy: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return the rules of each control, by framework."""
    rules: dict[tuple[str, str], list[str]] = {}
    for rule in policy["rules"]:
        for framework, controls in rule.get("controls", {}).items():
            for control in controls:
                rules.setdefault((framework, control), []).append(f"`{rule['id']}`")
    return [("framework", "control", "rules"), *((*control, ", ".join(rules[control])) for control in sorted(rules))]


def _variables(policy: dict[str, Any]) -> list[tuple[str, ...]]:
    schema = policy["vars_schema"]
    variables = (
        (f"`{name}`", f"`{json.dumps(default)}`", schema[name]["description"].replace("*", "\\*"))
        for name, default in policy["vars"].items()
    )
    return [("variable", "default", "meaning"), *variables]


def _table(head: tuple[str, ...], *rows: tuple[str, ...]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *rows))


if __name__ == "__main__":
    main()
