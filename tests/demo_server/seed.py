# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load a dataset into the embedded database."""
from __future__ import annotations

import functools
import json
import threading

from . import database
from .dataset import SEED, complete

_LOCK = threading.Lock()
_loaded: str | None = None


def load(dataset: list[dict] | None = None) -> list[dict]:
    """Replace the records by those of a dataset (None: the seed data) and return them in full.

    Keys that a record lacks get plausible values. Loading what is already there does nothing.
    """
    # The database is one for the process, and so is what it holds.
    global _loaded  # pylint: disable=global-statement
    records, wanted = _seed() if dataset is None else _prepared(dataset)
    with _LOCK:
        if wanted != _loaded:
            _loaded = None
            _replace(records)
            _loaded = wanted
    return records


def _prepared(dataset: list[dict]) -> tuple[list[dict], str]:
    """The records in full, and a text that is equal for equal records only."""
    records = complete(dataset)
    return records, json.dumps(records, sort_keys=True)


@functools.cache
def _seed() -> tuple[list[dict], str]:
    return _prepared(SEED)


def _replace(records: list[dict]) -> None:
    from django.db import transaction

    from .models import MODELS

    with transaction.atomic():
        for kind, model in MODELS.items():
            model.objects.all().delete()
            model.objects.bulk_create(
                model(**{key: value for key, value in record.items() if key != "kind"})
                for record in records if record["kind"] == kind
            )
    database.close_connection()
