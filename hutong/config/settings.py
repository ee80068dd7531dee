"""Django's settings, made from the environment by `environment.py`."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

from hutong.config import environment, mail, providers, settings_file
from hutong.kernel import database

settings_file.adopt(os.environ)
_values = environment.read()
_running_tests = _values["HUTONG_MODE"] == "test"
# A trial stands on the open web as well: it differs in what it may send messages and payments to, nowhere else.
_production = _values["HUTONG_MODE"] in ("production", "trial")

PACKAGE = Path(__file__).resolve().parent.parent
HUTONG_MODE = _values["HUTONG_MODE"]
HUTONG_HOME = Path(_values["HUTONG_HOME"]).resolve()
HUTONG_SITE_URL = _values["HUTONG_SITE_URL"].rstrip("/")
HUTONG_LIVE_URL = _values["HUTONG_LIVE_URL"].rstrip("/")
HUTONG_SITE_NAME = _values["HUTONG_SITE_NAME"]
HUTONG_OPERATOR_NAME = _values["HUTONG_OPERATOR_NAME"]
HUTONG_OPERATOR_EMAIL = _values["HUTONG_OPERATOR_EMAIL"]
HUTONG_EMBEDDED = not _values["DATABASE_URL"]
HUTONG_SMS = _values["HUTONG_SMS"]
HUTONG_SMS_URL = _values["HUTONG_SMS_URL"]
HUTONG_SMS_TOKEN = _values["HUTONG_SMS_TOKEN"]
HUTONG_SMS_FROM = _values["HUTONG_SMS_FROM"]
HUTONG_VOICE = environment.voice_of(_values)
HUTONG_VOICE_URL = _values["HUTONG_VOICE_URL"]
HUTONG_PHONE_COUNTRY = _values["HUTONG_PHONE_COUNTRY"]
HUTONG_PROVIDERS = providers.names_in(_values["HUTONG_PROVIDERS"])
HUTONG_DISPUTES_BORNE_BY = _values["HUTONG_DISPUTES_BORNE_BY"]
HUTONG_PROVIDER_KEYS = providers.keys(_values)
HUTONG_SANDBOX_URL = _values["HUTONG_SANDBOX_URL"].rstrip("/")
HUTONG_SANDBOX_PAGES_URL = _values["HUTONG_SANDBOX_PAGES_URL"].rstrip("/") or HUTONG_SANDBOX_URL
HUTONG_LAN_CERTIFICATE = _values["HUTONG_LAN_CERTIFICATE"]
HUTONG_COMMISSION_PPM = int(_values["HUTONG_COMMISSION_PPM"])
HUTONG_VOUCHER_KEY = int(_values["HUTONG_VOUCHER_KEY"])
HUTONG_WRITE_OFF_LIMIT = int(_values["HUTONG_WRITE_OFF_LIMIT"])
HUTONG_HOLDBACK_DAYS = int(_values["HUTONG_HOLDBACK_DAYS"])
HUTONG_PAYOUT_MINIMUM = int(_values["HUTONG_PAYOUT_MINIMUM"])
HUTONG_PAYOUT_SECOND_ABOVE = int(_values["HUTONG_PAYOUT_SECOND_ABOVE"])
HUTONG_PAYOUT_DRAFTS = _values["HUTONG_PAYOUT_DRAFTS"]
HUTONG_PAYOUT_COOLING_DAYS = int(_values["HUTONG_PAYOUT_COOLING_DAYS"])
HUTONG_BANK_HOLDER = _values["HUTONG_BANK_HOLDER"] or _values["HUTONG_OPERATOR_NAME"]
HUTONG_BANK_IBAN = _values["HUTONG_BANK_IBAN"].replace(" ", "")
HUTONG_BANK_BIC = _values["HUTONG_BANK_BIC"]
HUTONG_DEFAULT_REGION = _values["HUTONG_DEFAULT_REGION"]
HUTONG_TRUSTED_PROXIES = int(_values["HUTONG_TRUSTED_PROXIES"])
HUTONG_WORKERS = int(_values["HUTONG_WORKERS"])
HUTONG_POOL = int(_values["HUTONG_POOL"])
HUTONG_ADDRESS_LIMIT = int(_values["HUTONG_ADDRESS_LIMIT"])
HUTONG_ACTOR_LIMIT = int(_values["HUTONG_ACTOR_LIMIT"])
HUTONG_METRICS_TOKEN = _values["HUTONG_METRICS_TOKEN"]
if not _running_tests:
    # Where each web process counts for all of them; the library reads it from the environment alone.
    _counters = HUTONG_HOME / "run" / "metrics"
    _counters.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(_counters))
HUTONG_PUSH_HOST = _values["HUTONG_PUSH_HOST"]
HUTONG_SEARCH_URL = _values["HUTONG_SEARCH_URL"]
HUTONG_BASEMAPS = HUTONG_HOME / "basemaps"

SECRET_KEY = environment.secret_key(_values)
HUTONG_SANDBOX_SECRET = _values["HUTONG_SANDBOX_SECRET"] or environment.derived_secret(SECRET_KEY, "sandbox")
DEBUG = _values["HUTONG_DEBUG"] == "1"
ALLOWED_HOSTS = [
    urlparse(HUTONG_SITE_URL).hostname or "",
    # Supervisors ask this machine itself whether the site is well; a proxy in front passes on only its own names.
    "127.0.0.1",
    *([] if _production else ["localhost", "testserver"]),
]
CSRF_TRUSTED_ORIGINS = [HUTONG_SITE_URL]

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_htmx",
    "ninja",
    "procrastinate.contrib.django",
    "hutong.kernel",
    "hutong.town.people",
    "hutong.town.regions",
    "hutong.town.contents",
    "hutong.town.notifications",
    "hutong.town.pictures",
    "hutong.town.merchants",
    "hutong.town.catalog",
    "hutong.attract.reviews",
    "hutong.attract.placements",
    "hutong.attract.saved",
    "hutong.attract.search",
    "hutong.pay.ledger",
    "hutong.pay.fees",
    "hutong.pay.pricing",
    "hutong.pay.payments",
    "hutong.pay.orders",
    "hutong.pay.settlement",
    "hutong.pay.giftcards",
    "hutong.pay.groups",
    "hutong.pay.flashsales",
    "hutong.visit.stock",
    "hutong.visit.vouchers",
    "hutong.know.customers",
    "hutong.know.insight",
    "hutong.know.loyalty",
    "hutong.web.shell",
]
MIDDLEWARE = [
    "hutong.kernel.http.RequestIdMiddleware",
    "hutong.kernel.metrics.MeasureMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "hutong.kernel.http.ContentSecurityMiddleware",
    "hutong.kernel.http.BackOfficePolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "hutong.kernel.caching.SameForAllMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "hutong.web.shell.languages.AskedLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "hutong.web.shell.sessions.SignInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "hutong.kernel.limits.LimitMiddleware",
    "hutong.kernel.http.DomainErrorMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "hutong.config.urls"
WSGI_APPLICATION = "hutong.config.wsgi.application"
AUTH_USER_MODEL = "people.Person"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_HANDLER = "axes.handlers.database.AxesDatabaseHandler"
AXES_COOLOFF_TIME = 1  # hours
# Its pages in the back office could delete what the audit log does not know of.
AXES_ENABLE_ADMIN = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "hutong.web.shell.context.shell",
            ],
        },
    }
]

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": None if _running_tests else 0,
        **database.connection_settings(_values["DATABASE_URL"], HUTONG_HOME),
    }
}
_asked: dict[str, str] = DATABASES["default"].get(
    "OPTIONS", {}
)  # what stands behind DATABASE_URL, such as sslmode
_limits = "-c lock_timeout=3s -c statement_timeout=30s -c idle_in_transaction_session_timeout=60s"
DATABASES["default"]["OPTIONS"] = {
    **_asked,
    "server_side_binding": True,
    # A race that cannot get its lock in 3 s is told so, rather than holding a web process for ever.
    "options": f"{_limits} {_asked.get('options', '')}".strip(),
    # Statements seen twice are prepared: measured 2,120 against 1,690 requests a second on nearby search.
    "prepare_threshold": 2,
}
if not _running_tests:
    # A connection that died while it lay in the pool is found out there, not by the request that gets it.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["OPTIONS"]["pool"] = {
        "min_size": 1,
        "max_size": HUTONG_POOL,
        "timeout": 10,
        # For so long it tries by itself to connect again, and then when somebody wants a connection.
        "reconnect_timeout": 30,
    }
    database.let_pools_try_soon()
    database.let_pools_look_before_they_ask()
DATABASES["default"]["TEST"] = {"TEMPLATE": "hutong_template", "NAME": f"test_{DATABASES['default']['NAME']}"}

_languages = {"en": _("English"), "zh-hans": _("Simplified Chinese")}
LANGUAGES = [(code, _languages[code]) for code in _values["HUTONG_LANGUAGES"].split(",")]
LANGUAGE_CODE = LANGUAGES[0][0]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATICFILES_DIRS = [PACKAGE / "static"]
STATIC_ROOT = HUTONG_HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = not _production
MEDIA_ROOT = HUTONG_HOME / "media"
MEDIA_URL = "/media/"

SESSION_COOKIE_AGE = 60 * 60 * 24 * 90
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # the return from a payment page must find the session
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _production
LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if _production else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HUTONG_TRUSTED_PROXIES else None
X_FRAME_OPTIONS = "DENY"

globals().update(mail.django_settings(_values["HUTONG_EMAIL_URL"]))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = (
    _values["HUTONG_EMAIL_FROM"] or f"{HUTONG_SITE_NAME} <no-reply@{urlparse(HUTONG_SITE_URL).hostname}>"
)

LOGIN_URL = "sign_in"
SILENCED_SYSTEM_CHECKS = ["models.W042"]

_live = urlparse(HUTONG_LIVE_URL)
_live_origin = [f"{_live.scheme}://{_live.netloc}"] if _live.netloc else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, "'wasm-unsafe-eval'"],
        "style-src": [SELF],
        # The map library sets style attributes; a style attribute cannot load or run anything.
        "style-src-attr": [UNSAFE_INLINE],
        "img-src": [SELF, "data:", "blob:"],
        "worker-src": [SELF, "blob:"],
        "connect-src": [SELF, *_live_origin],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF, *providers.pages(_values)],
        "frame-ancestors": [NONE],
    },
}

# django-unfold runs Alpine.js, which builds functions from text, and has inline scripts and styles.
HUTONG_BACK_OFFICE_POLICY = {
    "script-src": [SELF, UNSAFE_INLINE, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
}

PROCRASTINATE_ON_APP_READY = "hutong.flows.jobs.register"
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "tasks"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": "hutong.kernel.logs.RequestIdFilter"}},
    "formatters": {
        "text": {
            "()": "hutong.kernel.logs.TextFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s",
        },
        "json": {"()": "hutong.kernel.logs.JsonFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": _values["HUTONG_LOG"] or ("json" if _production else "text"),
            "filters": ["request"],
        }
    },
    # It logs every address it asks at INFO, and those of other people's machines may hold keys.
    # The other two greet every command.
    "loggers": {name: {"level": "WARNING"} for name in ("httpx", "axes.apps", "procrastinate.blueprints")},
    "root": {"handlers": ["console"], "level": "INFO" if _production else "WARNING"},
}
UNFOLD = {
    "SITE_TITLE": HUTONG_SITE_NAME,
    "SITE_HEADER": HUTONG_SITE_NAME,
    "SITE_ICON": lambda _request: static("icons/logo.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("icons/logo.svg")}
    ],
    # the site's vermilion and its warm greys, as the framework's scales of eleven steps
    "COLORS": {
        name: {
            str(step): f"oklch({lightness}% {chroma * strength:.3f} {hue})"
            for step, lightness, strength in zip(
                (50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 950),
                (97.8, 95, 90, 82, 73, 62, 55.2, 47, 36, 26, 19),
                (0.08, 0.18, 0.36, 0.62, 0.88, 1, 1, 0.9, 0.7, 0.5, 0.4),
                strict=True,
            )
        }
        for name, chroma, hue in (("primary", 0.19, 35), ("base", 0.016, 60))
    },
}
