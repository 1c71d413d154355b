# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load a dataset into the embedded database."""

from __future__ import annotations

import functools
import json
import threading
from datetime import datetime, timezone

from . import database
from .dataset import SEED, complete_records

_LOCK = threading.Lock()
_loaded: str | None = None


def load(dataset: list[dict] | None = None, now: datetime | None = None) -> list[dict]:
    """Replace the records by those of a dataset (None: the seed data) and return them in full.

    Keys that a record lacks get plausible values, and times are relative to now (None: this very hour).
    Loading what is already there does nothing.
    """
    # The database is one for the process, and so is what it holds.
    global _loaded  # noqa: PLW0603 (see above) # pylint: disable=global-statement
    hour = (now or current_time()).replace(minute=0, second=0, microsecond=0)
    records, wanted = _prepare_seed(hour) if dataset is None else _prepare(dataset, hour)
    with _LOCK:
        if wanted != _loaded:
            _loaded = None
            _replace(records)
            _loaded = wanted
    return records


def current_time() -> datetime:
    """The time by the clock of this machine."""
    return datetime.now(timezone.utc)


def _prepare(dataset: list[dict], hour: datetime) -> tuple[list[dict], str]:
    """The records in full, and a text that is equal for equal records only."""
    records = complete_records(dataset, hour)
    return records, json.dumps(records, sort_keys=True)


@functools.lru_cache(maxsize=4)
def _prepare_seed(hour: datetime) -> tuple[list[dict], str]:
    return _prepare(SEED, hour)


def _replace(records: list[dict]) -> None:
    from django.db import transaction

    from .models import MODELS

    with transaction.atomic():
        for kind, model in MODELS.items():
            model.objects.all().delete()
            model.objects.bulk_create(
                model(**{key: value for key, value in record.items() if key != "kind"})
                for record in records
                if record["kind"] == kind
            )
    database.close_connection()
