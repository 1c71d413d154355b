# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serve the embedded SD Elements API from the command line: ``python -m tests.demo_server``."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from . import FAULTS, FILTERS, GENERATIONS, PAGING_STYLES, DemoServer


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options; each is the argument of the same name of DemoServer."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.demo_server",
        description="An SD Elements API with invented data, for demos and tests.",
        epilog=f"Faults: {', '.join(FAULTS)}.",
    )
    parser.add_argument("--generation", choices=GENERATIONS, default="5.2", help="the release to imitate (%(default)s)")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME[:N]", help="for ever, or N times")
    parser.add_argument("--paging", choices=PAGING_STYLES, help="another way of paging than the release's own")
    parser.add_argument("--filters", choices=FILTERS, help="whether the server filters (the release's own way)")
    parser.add_argument("--old-path", action="store_true", help="newest: the old ALM path answers, too")
    parser.add_argument("--tls", action="store_true", help="https with the certificate of a private CA")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="wait before each answer")
    parser.add_argument("--token", help="the token that may see everything (a random one)")
    parser.add_argument("--ready-file", metavar="FILE", help="where to write url and tokens as JSON, once it listens")
    parser.add_argument("--max-seconds", type=float, default=3600.0, help="stop after this time (%(default)s)")
    return parser.parse_args(argv)


def announce(server: DemoServer) -> None:
    """Print what a client needs, as lines for a shell."""
    print("# An SD Elements API with invented data, until you press Ctrl-C. Paste these lines into a second terminal:")
    print(f"export SDE_HOST={server.url}")
    print(f"export SDE_API_KEY={server.token}")
    if server.ca_path:
        print(f"export SDE_CA_PATH={shlex.quote(server.ca_path)}")
    print(f"# The user of this token may not see parameters:\n# export SDE_API_KEY={server.limited_token}")
    sys.stdout.flush()


def write_ready_file(server: DemoServer, path: str) -> None:
    """Write the file whole or not at all, readable by its owner only."""
    ready = {name: getattr(server, name) for name in ("url", "token", "limited_token", "forbidden_token", "ca_path")}
    part = f"{path}.{os.getpid()}.part"
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        json.dump(ready, stream)
    Path(part).replace(path)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGINT, SIGTERM or the end of the time."""
    options = parse(argv)
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    try:
        with DemoServer(
            generation=options.generation,
            faults=options.fault,
            paging=options.paging,
            filters=options.filters,
            tls=options.tls,
            port=options.port,
            latency=options.latency,
            old_path=options.old_path,
            token=options.token,
        ) as server:
            announce(server)
            if options.ready_file:
                write_ready_file(server, options.ready_file)
            done.wait(options.max_seconds)
    except (ValueError, OSError) as error:
        print(f"demo_server: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
