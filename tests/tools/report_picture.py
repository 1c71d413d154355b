# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the picture in README.md: the HTML report of an audit of the demo's data, in headless Chromium.

Run 'python -m tests.tools.report_picture' when the report has changed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests import demo

PICTURE = demo.ROOT / "docs" / "images" / "audit_report.png"
SIZE = {"width": 1280, "height": 1000}


def take_screenshot(report: Path, picture: Path) -> None:
    """Write the picture of the top of a report: the verdict, and the findings by severity."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = chromium.new_page(viewport=SIZE, device_scale_factor=1.25)
        page.goto(report.as_uri())
        chart = page.locator(".chart").first.bounding_box()
        page.screenshot(path=picture, clip={"x": 0, "y": 0, **SIZE, "height": chart["y"] + chart["height"] + 20})
        chromium.close()


def main() -> int:
    """Audit the embedded SD Elements API, which fails, and write the picture."""
    with tempfile.TemporaryDirectory() as folder, demo.embedded_server() as access:
        variables = {
            "connection_audit_report_dir": folder,
            "connection_audit_report_formats": ["html"],
            # The port of the embedded server is another one each time.
            "connection_audit_server": "sde.example.com",
        }
        status, _output = demo.run_playbook("audit", access, variables, Path(folder))
        if status == demo.FAILED_HOSTS:
            take_screenshot(Path(folder) / "audit.html", PICTURE)
    return 0 if status == demo.FAILED_HOSTS else 1


if __name__ == "__main__":
    sys.exit(main())
