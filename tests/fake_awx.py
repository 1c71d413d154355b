# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fake of AWX's API for the modules of awx.awx: empty except for its organization.

It neither checks nor runs anything. It keeps all that it receives, so that a test can look at it.
"""

from __future__ import annotations

import contextlib
import http.server
import itertools
import json
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

API = "/api/v2/"
# The kinds of resource that can be started; all are listed among the unified job templates, too.
UNIFIED_JOB_TEMPLATES = {
    "job_templates": "job_template",
    "workflow_job_templates": "workflow_job_template",
    "projects": "project",
}


class FakeAwx:
    """The resources by kind, and their associations."""

    def __init__(self) -> None:
        self.kinds: dict[str, list[dict[str, Any]]] = {}
        self.related: dict[str, list[int]] = {}
        self.surveys: dict[int, dict[str, Any]] = {}
        self.changes: list[str] = []  # method and path of each request that changes something
        self._ids = itertools.count(1)
        self.add("organizations", {"name": "Default"})

    def add(self, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        number = next(self._ids)
        url = f"{API}{kind}/{number}/"
        item = {
            "id": number,
            "url": url,
            "type": UNIFIED_JOB_TEMPLATES.get(kind, kind.rstrip("s")),
            "related": {},
            **fields,
        }
        if kind == "projects":
            item |= {"status": "successful", "scm_revision": "", "summary_fields": {}}
        if "survey_enabled" in fields or kind == "workflow_job_templates":
            item["related"]["survey_spec"] = f"{url}survey_spec/"
        self.kinds.setdefault(kind, []).append(item)
        return item

    def find(self, kind: str, **wanted: Any) -> list[dict[str, Any]]:
        """The resources whose fields have these values, as texts."""
        kinds = UNIFIED_JOB_TEMPLATES if kind == "unified_job_templates" else [kind]
        items = [item for one in kinds for item in self.kinds.get(one, [])]
        return [item for item in items if all(str(item.get(name)) == str(value) for name, value in wanted.items())]

    def get(self, kind: str, name: str) -> dict[str, Any]:
        (item,) = self.find(kind, name=name)
        return item

    def names(self, kind: str) -> list[str]:
        return [item["name"] for item in self.kinds.get(kind, [])]

    def respond(self, method: str, target: str, body: Any) -> tuple[int, Any]:
        path, query = urlsplit(target).path.removeprefix(API).strip("/"), dict(parse_qsl(urlsplit(target).query))
        kind, number, part = (*path.split("/", 2), None, None)[:3]
        if method != "GET":
            self.changes.append(f"{method} {path}")
        if number is None:
            return self._list(method, kind, query, body)
        item = next(one for one in self.kinds[kind] if one["id"] == int(number))
        if part == "survey_spec":
            return self._survey(method, item["id"], body)
        if part is not None:
            return self._association(method, path, body)
        if method == "PATCH":
            item.update(body)
        return 200, self._without_secrets(item)

    def _list(self, method: str, kind: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if method == "POST":
            return 201, self._without_secrets(self.add(kind, body))
        found = [self._without_secrets(item) for item in self.find(kind, **query)]
        return 200, {"count": len(found), "next": None, "results": found}

    def _survey(self, method: str, number: int, body: Any) -> tuple[int, Any]:
        if method == "POST":
            self.surveys[number] = body
        return 200, self.surveys.get(number, {})

    def _association(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        linked = self.related.setdefault(path, [])
        if method == "POST":
            linked.append(body["id"])
            return 204, None
        items = [item for kind in self.kinds.values() for item in kind if item["id"] in linked]
        return 200, {"count": len(items), "next": None, "results": [self._without_secrets(item) for item in items]}

    def _without_secrets(self, item: dict[str, Any]) -> dict[str, Any]:
        """Without secrets, as AWX shows a credential."""
        if "credential_type" not in item:
            return item
        fields = self.find("credential_types", id=item["credential_type"])[0]["inputs"]["fields"]
        secret = {field["id"] for field in fields if field.get("secret")}
        return item | {
            "inputs": {name: "$encrypted$" if name in secret else value for name, value in item["inputs"].items()}
        }


@contextlib.contextmanager
def running() -> Iterator[tuple[FakeAwx, str]]:
    """A fake AWX, and its address."""
    awx = FakeAwx()

    class Handler(http.server.BaseHTTPRequestHandler):
        def _respond(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, content = awx.respond(self.command, self.path, body)
            sent = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do_PATCH = do_DELETE = _respond

        def log_message(self, *_args):
            """Say nothing."""

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    try:
        yield awx, f"http://127.0.0.1:{httpd.server_port}"
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()
