# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short ways to the collection's functions, for tests."""

from __future__ import annotations

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.securitycompass.sdelements.plugins.module_utils import _connections, _options
from tests.demo_server import DemoServer

KINDS = ("alm", "analysis")


def validated(**options) -> dict:
    """Options as ansible-core hands them to a module: checked, converted, with defaults."""
    spec = {**_options.CONNECTION_OPTIONS, **_options.QUERY_OPTIONS}
    result = ArgumentSpecValidator(spec, mutually_exclusive=_options.MUTUALLY_EXCLUSIVE).validate(options)
    assert not result.error_messages, result.error_messages
    return result.validated_parameters


def gather(server: DemoServer, kind: str = "alm", **options) -> _connections.Result:
    """Facts by way of the pure function, over a real socket."""
    options = {"url": server.url, "api_token": server.token, "retries": 0, **options}
    return _connections.gather(_connections.KINDS[kind], validated(**options))


def connections(server: DemoServer, kind: str = "alm", **options) -> list[dict]:
    return gather(server, kind, **options).facts["connections"]


def access(server: DemoServer, token: str | None = None) -> dict[str, str]:
    """The environment with which users run playbooks."""
    return {"SDE_HOST": server.url, "SDE_API_KEY": token or server.token}
