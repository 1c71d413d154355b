# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fake of AWX's API for the modules of awx.awx: empty except for two organizations.

It keeps all that it receives, so that a test can look at it. It runs nothing. Each answer that is more than this is one
that AWX 24.6.1 gave.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

API = "/api/v2/"
# The token of a system administrator. The name of an organization is the token of its administrator.
SYSTEM = "system"
# The kinds of resource that can be started; all are listed among the unified job templates, too.
UNIFIED_JOB_TEMPLATES = {
    "job_templates": "job_template",
    "workflow_job_templates": "workflow_job_template",
    "projects": "project",
}
# Lists of more than one kind.
UNIFIED = {"unified_job_templates": [*UNIFIED_JOB_TEMPLATES], "unified_jobs": ["jobs", "project_updates"]}
RELATIONS = {
    "organization": ["organizations"],
    "inventory": ["inventories"],
    "credential_type": ["credential_types"],
    "execution_environment": ["execution_environments"],
    "project": ["projects"],
    "workflow_job_template": ["workflow_job_templates"],
    "unified_job_template": list(UNIFIED_JOB_TEMPLATES),
}
# These go with the resource to which they belong; all else only loses the link.
OWNERS = {
    "inventory": "hosts",
    "workflow_job_template": "workflow_job_template_nodes",
    "unified_job_template": "schedules",
}
# Fields that AWX shows though nobody set them.
DEFAULTS: dict[str, dict[str, Any]] = {
    "execution_environments": {"credential": None},
    "hosts": {"description": "", "enabled": True},
    "job_templates": {"ask_variables_on_launch": False},
    "projects": {"scm_revision": ""},
}
ENCRYPTED = "$encrypted$"
JSON_TYPES = {"string": str, "boolean": bool}
MESSAGES = dict.fromkeys(("started", "success", "error", "workflow_approval"))
WEBHOOK = {"username": "", "password": "", "disable_ssl_verification": False}


class _RefusalError(Exception):
    """An answer with another status than success."""

    def __init__(self, status: int, body: Any):
        super().__init__(status, body)
        self.status, self.body = status, body


class FakeAwx:
    """The resources by kind, and their associations."""

    def __init__(self) -> None:
        self.kinds: dict[str, list[dict[str, Any]]] = {}
        self.related: dict[str, list[int]] = {}
        self.surveys: dict[int, dict[str, Any]] = {}
        self.revisions = {"main": "1", "1.0.0": "1"}  # the branches and tags of the project's repository
        self.changes: list[str] = []  # method and path of each request that changes something
        self._last = 0
        for name in ("Default", "Other"):
            self._store("organizations", {"name": name})

    def find(self, kind: str, **wanted: Any) -> list[dict[str, Any]]:
        """The resources whose fields have these values, as texts. The names are those of AWX's filters."""
        items = [item for one in UNIFIED.get(kind, [kind]) for item in self.kinds.get(one, [])]
        return [item for item in items if all(self._matches(item, path, value) for path, value in wanted.items())]

    def get(self, kind: str, name: str) -> dict[str, Any]:
        (item,) = self.find(kind, name=name)
        return item

    def names(self, kind: str) -> list[str]:
        return [item["name"] for item in self.kinds.get(kind, [])]

    def respond(self, method: str, target: str, body: Any, token: str) -> tuple[int, Any]:
        path, query = urlsplit(target).path.removeprefix(API).strip("/"), dict(parse_qsl(urlsplit(target).query))
        kind, key, part = (*path.split("/", 2), None, None)[:3]
        try:
            if token != SYSTEM and not self.find("organizations", name=token):
                detail = (
                    "Authentication credentials were not provided. To establish a login session, visit /api/login/."
                )
                raise _RefusalError(401, {"detail": detail})
            if kind == "me":
                user = {"username": f"admin of {token}", "is_superuser": token == SYSTEM}
                return 200, {"count": 1, "next": None, "results": [user]}
            if kind == "credential_types" and method != "GET" and token != SYSTEM:
                raise _RefusalError(403, {"detail": "You do not have permission to perform this action."})
            if key is None and method == "GET":
                found = [self._shown(item) for item in self.find(kind, **query) if self._visible(item, token)]
                return 200, {"count": len(found), "next": None, "results": found}
            status, content = self._change(method, kind, key, part, body)
        except _RefusalError as refusal:
            return refusal.status, refusal.body
        if method != "GET":
            self.changes.append(f"{method} {path}")
        return status, content

    def extra_vars(self, template: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
        """The extra variables of a job: the template's, the survey's defaults as far as they are valid, the answers."""
        questions = self.surveys.get(template["id"], {}).get("spec", [])
        # The default of a multiselect is text, and an answer would be a list: it never counts.
        defaults = {one["variable"]: one["default"] for one in questions if one["type"] != "multiselect"}
        return {**json.loads(template.get("extra_vars") or "{}"), **defaults, **answers}

    def _change(self, method: str, kind: str, key: str | None, part: str | None, body: Any) -> tuple[int, Any]:
        if key is None:
            self._validate(kind, body, {})
            item = self._store(kind, body)
            return 201, self._shown(item, **self._started(kind, item, body))
        item = self._item(kind, unquote(key))
        if part == "survey_spec":
            return self._survey(method, item, body)
        if part == "launch":
            return self._launch(item, body)
        if part == "update":
            return 202, self._sync(item)
        if part is not None:
            return self._association(method, f"{kind}/{item['id']}/{part}", body)
        if method == "DELETE":
            return self._delete(kind, item)
        if method == "PATCH":
            self._validate(kind, body, item)
            changed = {name: value for name, value in body.items() if value != item.get(name)}
            item.update(body)
            return 200, self._shown(item, **self._started(kind, item, changed))
        return 200, self._shown(item)

    def _store(self, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        self._last += 1
        number = self._last
        kind_of_one = UNIFIED_JOB_TEMPLATES.get(kind, kind.rstrip("s"))
        item = {"id": number, "url": f"{API}{kind}/{number}/", "type": kind_of_one, **DEFAULTS.get(kind, {}), **fields}
        self.kinds.setdefault(kind, []).append(item)
        return item

    def _item(self, kind: str, key: str) -> dict[str, Any]:
        """A resource by its number, or by its name and that of its organization."""
        name, _separator, organization = key.partition("++")
        found = self.find(kind, name=name, organization__name=organization) if organization else self.find(kind, id=key)
        if not found:
            raise _RefusalError(404, {"detail": "Not found."})
        return found[0]

    def _validate(self, kind: str, fields: dict[str, Any], before: dict[str, Any]) -> None:
        if kind == "execution_environments" and not before and self.find(kind, name=fields["name"]):
            raise _RefusalError(400, {"name": ["Execution environment with this Name already exists."]})
        if kind == "job_templates" and not self.find("projects", id=fields["project"])[0]["scm_revision"]:
            raise _RefusalError(400, {"playbook": ["Playbook not found for project."]})
        if kind == "schedules" and (missing := self._unanswered(fields["unified_job_template"], {})):
            raise _RefusalError(400, {"variables_needed_to_start": missing})
        if kind == "credentials":
            self._validate_inputs(fields, before.get("inputs", {}))
        if kind == "inventories":
            fields["kind"] = fields["kind"] or ""
        if kind == "notification_templates":
            fields["notification_configuration"] = WEBHOOK | fields["notification_configuration"]
            fields["messages"] = (MESSAGES if before else {}) | fields["messages"]

    def _validate_inputs(self, fields: dict[str, Any], before: dict[str, Any]) -> None:
        """All inputs are replaced at once. A secret that is sent as it is shown stays as it is."""
        (kind,) = self.find("credential_types", id=fields["credential_type"])
        types = {field["id"]: field["type"] for field in kind["inputs"]["fields"]}
        for name, value in fields.get("inputs", {}).items():
            if name not in types:
                text = f"Additional properties are not allowed ('{name}' was unexpected)"
                raise _RefusalError(400, {"inputs": [text]})
            if not isinstance(value, JSON_TYPES[types[name]]):
                raise _RefusalError(400, {"inputs": {name: [f"{value!r} is not of type '{types[name]}'"]}})
            if value == ENCRYPTED and name not in before:
                raise _RefusalError(500, {})
            if value == ENCRYPTED:
                fields["inputs"][name] = before[name]

    def _survey(self, method: str, item: dict[str, Any], body: Any) -> tuple[int, Any]:
        if method == "POST":
            for number, question in enumerate(body["spec"]):
                default = question["default"]
                if not isinstance(default, str):
                    text = f"Default value {default} in survey question {number} expected to be string."
                    raise _RefusalError(400, {"error": text})
                if not set(default.split("\n")) <= set(question.get("choices", default.split("\n"))):
                    raise _RefusalError(400, {"error": "Default choice must be answered from the choices listed."})
            self.surveys[item["id"]] = body
        return 200, self.surveys.get(item["id"], {})

    def _launch(self, template: dict[str, Any], body: Any) -> tuple[int, Any]:
        answers = body.get("extra_vars", {})
        if missing := self._unanswered(template["id"], answers):
            raise _RefusalError(400, {"variables_needed_to_start": missing})
        job = {"name": template["name"], "unified_job_template": template["id"], "status": "pending"}
        return 201, self._store("jobs", {**job, "extra_vars": self.extra_vars(template, answers)})

    def _unanswered(self, template: int, answers: dict[str, Any]) -> list[str]:
        """A survey's default does not answer a question that is required."""
        questions = self.surveys.get(template, {}).get("spec", [])
        needed = [one["variable"] for one in questions if one["required"]]
        return [f"'{name}' value missing" for name in needed if name not in answers]

    def _started(self, kind: str, item: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
        """The update that AWX starts if a project has to be fetched from elsewhere."""
        if kind == "projects" and {"scm_url", "scm_branch"} & set(changed):
            return {"current_update": {"id": self._sync(item)["id"]}}
        return {}

    def _sync(self, project: dict[str, Any]) -> dict[str, Any]:
        revision = self.revisions.get(project["scm_branch"], "")
        if revision:
            project["scm_revision"] = revision
        status = "successful" if revision else "failed"
        ended = {"failed": not revision, "finished": "2026-01-05", "event_processing_finished": True}
        return self._store(
            "project_updates", {"status": status, "scm_revision": revision, "elapsed": 1, "started": "", **ended}
        )

    def _association(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        linked = self.related.setdefault(path, [])
        if method == "POST":
            (linked.remove if body.get("disassociate") else linked.append)(body["id"])
            return 204, None
        items = [item for kind in self.kinds.values() for item in kind if item["id"] in linked]
        return 200, {"count": len(items), "next": None, "results": [self._shown(item) for item in items]}

    def _delete(self, kind: str, item: dict[str, Any]) -> tuple[int, Any]:
        if kind == "credential_types" and self.find("credentials", credential_type=item["id"]):
            raise _RefusalError(403, {"detail": "Credential types that are in use cannot be deleted"})
        self.kinds[kind].remove(item)
        for linked in self.related.values():
            linked[:] = [number for number in linked if number != item["id"]]
        for relation, kinds in RELATIONS.items():
            if kind not in kinds:
                continue
            for other in [
                one for all_of_kind in self.kinds.values() for one in all_of_kind if one.get(relation) == item["id"]
            ]:
                other[relation] = None
            owned = self.kinds.get(OWNERS.get(relation, ""), [])
            owned[:] = [one for one in owned if one[relation] is not None]
        return (202 if kind == "inventories" else 204), None

    def _matches(self, item: dict[str, Any], path: str, wanted: Any) -> bool:
        name, _separator, rest = path.partition("__")
        value = item.get(name)
        if rest == "in":
            return str(value) in str(wanted).split(",")
        if rest == "startswith":
            return str(value).startswith(wanted)
        if rest:
            return any(
                self._matches(one, rest, wanted) for kind in RELATIONS[name] for one in self.find(kind, id=value)
            )
        return str(value) == str(wanted)

    def _visible(self, item: dict[str, Any], token: str) -> bool:
        """An administrator of an organization sees what belongs to it or to none."""
        owner = item["name"] if item["type"] == "organization" else self._owner(item)
        return token == SYSTEM or owner in (None, token)

    def _owner(self, item: dict[str, Any]) -> str | None:
        return next((one["name"] for one in self.find("organizations", id=item.get("organization"))), None)

    def _shown(self, item: dict[str, Any], **summary: Any) -> dict[str, Any]:
        """A resource as AWX shows it: with the names of what it belongs to, and without secrets."""
        for relation, kinds in RELATIONS.items():
            for one in [one for kind in kinds for one in self.find(kind, id=item.get(relation))]:
                summary[relation] = {"id": one["id"], "name": one["name"]}
        links = {part: f"{item['url']}{part}/" for part in ("survey_spec", "launch", "update")}
        shown = {**item, "summary_fields": summary, "related": links}
        if "credential_type" in item:
            fields = self.find("credential_types", id=item["credential_type"])[0]["inputs"]["fields"]
            secret = {field["id"] for field in fields if field.get("secret")}
            shown["inputs"] = {
                name: ENCRYPTED if name in secret and value else value for name, value in item["inputs"].items()
            }
        return shown


@contextlib.contextmanager
def running(awx: FakeAwx | None = None) -> Iterator[tuple[FakeAwx, str]]:
    """A fake AWX, and its address."""
    awx = awx or FakeAwx()
    lock = threading.Lock()

    class Handler(http.server.BaseHTTPRequestHandler):
        def _respond(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            with lock:
                status, content = awx.respond(self.command, self.path, body, token)
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
