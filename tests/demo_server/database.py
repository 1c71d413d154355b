# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The embedded database: its tables and its accounts."""

from __future__ import annotations

import atexit
import sqlite3
import threading

from . import settings

_LOCK = threading.Lock()
_accounts: dict[str, str] = {}


def open_database(package: str) -> None:
    """Set up Django, the tables and the accounts; the second call and all later ones do nothing."""
    with _LOCK:
        if _accounts:
            return
        # An in-memory database lives as long as one connection to it.
        anchor = sqlite3.connect(settings.DATABASE, uri=True, check_same_thread=False)
        atexit.register(anchor.close)
        settings.configure(package)
        from django.core.management import call_command

        call_command("migrate", run_syncdb=True, verbosity=0)
        _accounts.update({role: add_account(role) for role in ("full", "limited", "forbidden")})
        close_connection()


def token_of(role: str) -> str:
    """The random token of one of the accounts `full`, `limited` and `forbidden`."""
    return _accounts[role]


def add_account(role: str, token: str | None = None) -> str:
    """Make the user of a role, with real permissions and a real token, and return the token."""
    from django.contrib.auth.models import Permission, User
    from rest_framework.authtoken.models import Token

    known = Token.objects.filter(key=token).first()
    if known:
        return known.key
    address = f"{role}-{User.objects.count() + 1}@example.com"
    user = User.objects.create_user(address, address, first_name=role.title(), last_name="Demo")
    actions = {"full": ("view_", "edit_", "see_"), "limited": ("view_",), "forbidden": ()}[role]
    for permission in Permission.objects.filter(content_type__app_label="demo_server"):
        if permission.codename.startswith(actions):
            user.user_permissions.add(permission)
    return Token.objects.create(user=user, **({"key": token} if token else {})).key


def close_connection() -> None:
    """Close this thread's connection: Django itself leaves connections to in-memory databases open."""
    from django.db import connection

    if connection.connection is not None:
        connection.connection.close()
        connection.connection = None
