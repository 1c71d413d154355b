# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Django settings of the embedded API, applied in code: no settings module, no environment variable."""

from __future__ import annotations

import secrets

# In memory, and shared by the connections of all threads of this process.
DATABASE = "file:sdelements_demo?mode=memory&cache=shared"


def configure(package: str) -> None:
    """Set Django up, once per process. `package` is the dotted name under which this package was imported."""
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY=secrets.token_hex(32),
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=f"{package}.urls",
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": DATABASE,
                # Without it, a reader could meet the table lock of a dataset that is just being loaded.
                "OPTIONS": {"init_command": "PRAGMA read_uncommitted = 1"},
            }
        },
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "rest_framework",
            "rest_framework.authtoken",
            package,
        ],
        # Tables are made from the models as they are: quicker than migrations, and there is nothing to migrate.
        MIGRATION_MODULES={"auth": None, "contenttypes": None, "authtoken": None},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        MIDDLEWARE=[f"{package}.middleware.demo_server", "django.middleware.common.CommonMiddleware"],
        REST_FRAMEWORK={
            "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
            "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
            "DEFAULT_THROTTLE_CLASSES": [f"{package}.throttling.FirstRequestsThrottle"],
        },
        USE_TZ=True,
        USE_I18N=False,
        # Answers of 4xx and 5xx are what this server is for: only a traceback is news.
        LOGGING={
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"tracebacks": {"()": "django.utils.log.CallbackFilter", "callback": _has_traceback}},
            "handlers": {"console": {"class": "logging.StreamHandler", "filters": ["tracebacks"]}},
            "loggers": {"django": {"handlers": ["console"], "level": "ERROR", "propagate": False}},
        },
        LOGGING_CONFIG="logging.config.dictConfig",
    )
    django.setup()


def _has_traceback(record) -> bool:
    return bool(record.exc_info)
