# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script that a Python programmer would write: a whole list by plain requests, in turn or by a pool of threads.

``python requests_script.py THREADS TASKS OUT``; the list's address and the page size come from the environment, as for
the plays. It is started as a file, so that it imports nothing but what such a script needs.
"""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import requests


def main(threads: int, tasks: int, out: str) -> None:
    """Read the list so many times, and write down the seconds and the ids."""
    started = time.monotonic()
    for _task in range(tasks):
        records = read_with_threads(threads) if threads > 1 else read_sequentially()
    seconds = time.monotonic() - started
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"seconds": seconds, "ids": [record["id"] for record in records]}, file)


def read_sequentially() -> list[dict]:
    """Follow the pages one by one."""
    with session() as client:
        records, url = [], first_url()
        while url:
            page = get(client, url)
            records += page["results"]
            url = page.get("next")
    return records


def read_with_threads(threads: int) -> list[dict]:
    """Read the first page, then all others side by side."""
    with session() as client, ThreadPoolExecutor(threads) as pool:
        first = get(client, first_url())
        records = first["results"]
        pages = range(2, -(-first.get("count", 0) // max(len(records), 1)) + 1)
        for page in pool.map(lambda number: get(client, f"{first_url()}&page={number}"), pages):
            records += page["results"]
    return records


def session() -> requests.Session:
    """A session that keeps its connections open, as many as there are threads."""
    client = requests.Session()
    client.trust_env = False
    client.headers["Authorization"] = f"Token {os.environ['SDE_API_KEY']}"
    client.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=32))
    return client


def get(client: requests.Session, url: str) -> dict:
    """One answer, decoded."""
    answer = client.get(url, timeout=600)
    answer.raise_for_status()
    return answer.json()


def first_url() -> str:
    """The address of the first page."""
    page_size = os.environ["SDE_BENCH_PAGE_SIZE"]
    url = os.environ["SDE_BENCH_LIST_URL"]
    return f"{url}?page_size={page_size}" if page_size else url


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
