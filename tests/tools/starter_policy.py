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
    tables = "\n".join([*_rules(policy), "", *_variables(policy)])
    return _SECTION.sub(lambda match: f"{match[1]}\n{tables}\n\n{match[2]}", page)


def _rules(policy: dict[str, Any]) -> list[str]:
    rows = [("rule", "severity", "requirement", "controls"), ("---",) * 4]
    for rule in policy["rules"]:
        controls = [
            f"{framework} {number}" for framework, numbers in rule.get("controls", {}).items() for number in numbers
        ]
        rows.append((f"`{rule['id']}`", rule["severity"], rule["title"], ", ".join(controls)))
    return [_row(row) for row in rows]


def _variables(policy: dict[str, Any]) -> list[str]:
    rows = [("variable", "default", "meaning"), ("---",) * 3]
    for name, default in policy["vars"].items():
        rows.append(
            (f"`{name}`", f"`{json.dumps(default)}`", policy["vars_schema"][name]["description"].replace("*", "\\*"))
        )
    return [_row(row) for row in rows]


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
