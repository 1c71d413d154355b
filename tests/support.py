# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short ways to the collection's functions, for tests."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import importlib
import json
import re
import ssl
import sys
import threading
import time
import types
from collections.abc import Callable
from datetime import datetime, timezone
from urllib.parse import urlsplit

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.conditional import Conditional
from ansible.template import Templar
from ansible.vars.manager import VariableManager

from ansible_collections.securitycompass.sdelements.plugins.module_utils._connections import ALM, ANALYSIS
from ansible_collections.securitycompass.sdelements.plugins.module_utils._connectors import (
    ALM_CONNECTORS,
    ANALYSIS_CONNECTORS,
)
from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import SDElementsError
from ansible_collections.securitycompass.sdelements.plugins.module_utils._gather import (
    Gathered,
    argument_spec,
    gather_facts,
)
from ansible_collections.securitycompass.sdelements.plugins.module_utils._projects import PROJECTS
from tests.conftest import COLLECTION, INFO_MODULES
from tests.demo_server import GENERATIONS, DemoServer

try:
    from ansible.template import trust_as_template  # ansible-core 2.19 and newer
except ImportError:
    trust_as_template = None

KINDS = ("alm", "analysis")
# All resources, by the kind of the embedded API's records.
RESOURCES = dict(zip(INFO_MODULES, (ALM, ANALYSIS, ALM_CONNECTORS, ANALYSIS_CONNECTORS, PROJECTS), strict=True))
# The oldest release, the newest and one in between. The slow tests run on all.
SOME_GENERATIONS = pytest.mark.parametrize(
    "generations",
    [(GENERATIONS[0], "4.8", GENERATIONS[-1]), pytest.param(GENERATIONS, marks=pytest.mark.slow)],
    ids=["some", "all"],
)
# The hour in which the server was started whose answers the documentation shows.
DOCUMENTED_HOUR = datetime(2026, 11, 24, 15, tzinfo=timezone.utc)
# For servers that accept any token.
TOKEN = "0123456789abcdef"


def validated(kind: str = "alm", /, **options) -> dict:
    """Options as ansible-core hands them to a module: checked, converted, with defaults."""
    result = ArgumentSpecValidator(argument_spec(RESOURCES[kind])).validate(options)
    assert not result.error_messages, result.error_messages
    return result.validated_parameters


def gather(server: DemoServer, kind: str = "alm", **options) -> Gathered:
    """Facts by way of the pure function, over a real socket."""
    options = {"url": server.url, "api_token": server.token, "retries": 0, **options}
    return gather_facts(RESOURCES[kind], validated(kind, **options))


def facts(server: DemoServer, kind: str, **options) -> list[dict]:
    """The facts of all records."""
    return gather(server, kind, **options).facts[RESOURCES[kind].name]


def connections(server: DemoServer, kind: str = "alm", **options) -> list[dict]:
    return facts(server, kind, **options)


def nowhere(url: str) -> types.SimpleNamespace:
    """Stands for a server that is not there."""
    return types.SimpleNamespace(url=url, token=TOKEN)


def failure_of(server: DemoServer, **options) -> SDElementsError:
    """The failure that these options lead to. It never holds the token."""
    with pytest.raises(SDElementsError) as raised:
        gather(server, **options)
    failure = raised.value.as_failure()
    assert failure["failure"]["kind"] == raised.value.kind
    assert server.token not in str(failure)
    return raised.value


def access(server: DemoServer, token: str | None = None) -> dict[str, str]:
    """The environment with which users run playbooks."""
    return {"SDE_HOST": server.url, "SDE_API_KEY": token or server.token}


def forward_proxy(server: DemoServer):
    """A proxy for plain http behind which every host is the demo server."""

    def relay(path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        behind = http.client.HTTPConnection(urlsplit(server.url).netloc)
        behind.request("GET", urlsplit(path)._replace(scheme="", netloc="").geturl(), headers=headers)
        answer = behind.getresponse()
        body = answer.read()
        behind.close()
        return answer.status, body

    return listening(relay)


def canned_server(body: bytes, status: int = 200, tls: ssl.SSLContext | None = None, **sent: str):
    """A server that answers every request with this body and these headers, as no framework does."""
    return listening(lambda path, headers: (status, body), sent, tls)


@contextlib.contextmanager
def listening(
    answer: Callable[[str, dict[str, str]], tuple[int, bytes]],
    sent: dict[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
):
    """A bare HTTP server on loopback. Notes in ``asked`` and ``headers`` what it is asked for."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            httpd.asked.append(self.path)
            httpd.headers.append(dict(self.headers))
            status, body = answer(self.path, dict(self.headers))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            for name, value in (sent or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            """Say nothing."""

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.url, httpd.token = f"{'https' if tls else 'http'}://127.0.0.1:{httpd.server_port}", TOKEN
    if tls:
        httpd.socket = tls.wrap_socket(httpd.socket, server_side=True)
    httpd.asked, httpd.headers = [], []
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield httpd
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


def templar_of(**variables):
    """ansible-core's templating with these variables, and the variables of every play on localhost."""
    loader = DataLoader()
    inventory = InventoryManager(loader=loader, sources=["localhost,"])
    manager = VariableManager(loader=loader, inventory=inventory)
    play = {**manager.get_vars(host=inventory.get_host("localhost")), **variables}
    return Templar(loader=loader, variables=play), play


def conditional(templar: Templar, expression: str, variables: dict) -> bool | None:
    """Evaluate a conditional as ansible-core does, strictly; None for an error."""
    templar.available_variables = variables
    try:
        if trust_as_template:
            return templar.evaluate_conditional(trust_as_template(expression))
        one = Conditional(loader=templar._loader)
        one.when = [expression]
        return one.evaluate_conditional(templar, variables)
    except Exception:  # noqa: BLE001 (each error of an expression counts)
        return None


def messages_of(printed: str, status: str = "fatal|failed") -> dict[str, str]:
    """The last message with this status, by host, out of what ansible-playbook printed."""
    results = re.finditer(rf"^(?:{status}): \[([^]]+)\].*?=> (?={{)", printed, re.MULTILINE)
    decoded = [(found[1], json.JSONDecoder().raw_decode(printed, found.end())[0]) for found in results]
    return {host: result["msg"] for host, result in decoded if "msg" in result}


def printing(names: list[str]) -> dict:
    """The task that prints registered results for printed_results(). It starts no module, as one that writes would."""
    return {"ansible.builtin.debug": {"msg": f"{{{{ [{', '.join(names)}] | to_json }}}}"}}


def printed_results(printed: str) -> list[dict]:
    """The results, as later tasks see them, out of what a run printed whose last task is printing()."""
    return json.loads(messages_of(printed, "ok")["localhost"])


def inventory_of(hosts: dict[str, dict]) -> str:
    """An inventory, as JSON, of hosts that are this machine, and their variables."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    return json.dumps({"all": {"hosts": hosts, "vars": local}})


def growth(work: Callable[[int], object], size: int) -> float:
    """How much longer four times the work takes, in CPU time: about 4 where time is linear, 16 where it is quadratic.

    The best of three runs counts, because other programs on the machine can only make a run longer. The long run is
    repeated only while the result is not below LINEAR. Coverage is not measured: it costs more than the work.
    """
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        return _least_growth(work, size)
    finally:
        sys.settrace(tracer)


def _least_growth(work: Callable[[int], object], size: int) -> float:

    def seconds(size: int) -> float:
        start = time.process_time()
        work(size)
        return time.process_time() - start

    short = min(seconds(size) for _run in range(3))
    least = float("inf")
    for _run in range(3):
        least = min(least, seconds(4 * size) / short)
        if least < LINEAR:
            break
    return least


LINEAR = 9  # what growth() stays below: far from 4, and farther from 16


def documented_options(module: str) -> dict[str, dict]:
    """Return the documented options of a module, with those of the fragments that it extends."""
    documentation = yaml.safe_load(importlib.import_module(f"{COLLECTION}.modules.{module}").DOCUMENTATION)
    options = dict(documentation.get("options", {}))
    for name in documentation.get("extends_documentation_fragment", ()):
        file, _dot, section = name.removeprefix("securitycompass.sdelements.").partition(".")
        fragment = importlib.import_module(f"{COLLECTION}.doc_fragments.{file}").ModuleDocFragment
        text = getattr(fragment, (section or "documentation").upper())
        options.update(yaml.safe_load(text).get("options", {}))
    return options
