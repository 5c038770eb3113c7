"""The settings of Nota, all of them; what differs between sites comes from the environment.

Secrets have no default outside DEBUG: a site without SECRET_KEY refuses to start. Without
DATABASE_URL and REDIS_URL the embedded servers under ``var/`` are used (``labeling.embedded``).
"""

import os
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from labeling import embedded

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
# A blank line of .env is no value: it leaves the default, as a missing one does.
env.ENVIRON = {name: value for name, value in os.environ.items() if value}

DEBUG = env.bool("DEBUG", default=False)
NOTA_VAR = Path(env.str("NOTA_VAR", default=str(BASE_DIR / "var")))

SECRET_KEY = env.str("SECRET_KEY", default="") or embedded.secret_key()
if not SECRET_KEY:
    if not DEBUG:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. Set it in the environment to a long random text, or set "
            "DEBUG=1 on your own machine."
        )
    SECRET_KEY = "only-for-debug-on-your-own-machine"  # noqa: S105 (never used outside DEBUG)

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
SITE_URL = env.str("SITE_URL", default="http://localhost:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = [SITE_URL]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "labeling",
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "labeling.web.limits.BodyLimitMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "labeling.web.security.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    *(["django.middleware.locale.LocaleMiddleware"] if LANGUAGES != [("en", "English")] else []),
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "labeling.web.middleware.PageMessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "labeling.web.errors.RefusalMiddleware",
    "labeling.web.middleware.DatabaseDownMiddleware",
]

ROOT_URLCONF = "labeling.urls"
WSGI_APPLICATION = "labeling.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "labeling.web.context.site",
            ],
        },
    },
]

DATABASES = {"default": environ.Env.db_url_config(embedded.database_url())}
DATABASES["default"].update(
    ENGINE="labeling.database", CONN_MAX_AGE=600, CONN_HEALTH_CHECKS=True, ATOMIC_REQUESTS=False
)
# A server that is silent, not merely closed, must become a 503 too, and not a thread that waits.
DATABASES["default"]["OPTIONS"] = {
    "connect_timeout": 3,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15000,
    # What is prepared is planned once (labeling/database/prepared.py).
    "options": "-c plan_cache_mode=force_generic_plan",
    **DATABASES["default"].get("OPTIONS", {}),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "labeling.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "labeling.services.tokens.EndsTokens"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "log-in"
LOGIN_REDIRECT_URL = "label"
LOGOUT_REDIRECT_URL = "home"

LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
# collectstatic puts compressed copies beside the files, and whitenoise serves those.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
# Without a collectstatic step (DEBUG, tests, the demo) whitenoise serves from the finders.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "labeling.api.authentication.BearerTokenAuthentication",
        "labeling.api.sessions.LeanSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "labeling.api.negotiation.ShortNegotiation",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "EXCEPTION_HANDLER": "labeling.api.errors.handle",
    "DEFAULT_THROTTLE_RATES": {
        "log_in": env.str("NOTA_THROTTLE_LOG_IN", default="30/min"),
        "sign_up": env.str("NOTA_THROTTLE_SIGN_UP", default="20/min"),
        "vote": env.str("NOTA_THROTTLE_VOTE", default="240/min"),
        "next": env.str("NOTA_THROTTLE_NEXT", default="600/min"),
        "talk": env.str("NOTA_THROTTLE_TALK", default="60/min"),
        # Both by address: visits that begin, and what all visitors there vote together.
        "visit": env.str("NOTA_THROTTLE_VISIT", default="60/hour"),
        "visitor_vote": env.str("NOTA_THROTTLE_VISITOR_VOTE", default="240/min"),
        "judge": env.str("NOTA_THROTTLE_JUDGE", default="30/min"),
        "look": env.str("NOTA_THROTTLE_LOOK", default="10/min"),
    },
    # How many proxies are ours: what a client writes into X-Forwarded-For itself counts nothing.
    "NUM_PROXIES": 1 if env.bool("BEHIND_PROXY", default=False) else 0,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Nota",
    "DESCRIPTION": "Push glitches, pull labels, train and review: the API of Nota.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": embedded.redis_url(),
        "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 5},
    }
}

CELERY_BROKER_URL = embedded.broker_url()
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # A message of a worker that was killed comes back after this many seconds; tasks are
    # idempotent and rows say what is under way, so a message that arrives twice does nothing.
    "visibility_timeout": 3600,
    # A worker of several queues empties them in the order of their names, so that looks come before
    # predictions. (kombu keeps queues in a set: its "priority" has no order of ours.)
    "queue_order_strategy": "sorted",
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    # A web request must not hang on a broker that is down: one quick try, then the sweeps find
    # what was not sent. (Workers reconnect by CELERY_BROKER_CONNECTION_RETRY, without end.)
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}
CELERY_TASK_PUBLISH_RETRY = False

# Pictures, weights and caches: files are content-addressed, so nothing here is ever overwritten.
PICTURES_FOLDER = NOTA_VAR / "pictures"
MODELS_FOLDER = NOTA_VAR / "models"
CACHE_FOLDER = NOTA_VAR / "cache"
CACHE_BYTES = int(env.float("NOTA_CACHE_GB", default=50) * 1e9)
# What strangers send to "What is this glitch?", and the heat maps; nothing here is kept.
LOOKS_FOLDER = NOTA_VAR / "looks"
LOOK_HOURS = env.float("NOTA_LOOK_HOURS", default=24)
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
# Whole requests, files included; the second is for those who push glitches.
REQUEST_MAX_BYTES = 1024 * 1024
UPLOAD_MAX_BYTES = env.int("NOTA_UPLOAD_MAX_BYTES", default=512 * 1024 * 1024)
DATA_UPLOAD_MAX_NUMBER_FILES = 400

# For how long a process may go by the classes and levels that it read last.
TAXONOMY_SECONDS = env.float("NOTA_TAXONOMY_SECONDS", default=1.0)
LEASE_SECONDS = env.int("NOTA_LEASE_SECONDS", default=300)
# How long a volunteer can take the last vote back.
UNDO_SECONDS = env.int("NOTA_UNDO_SECONDS", default=8)
# The random audit: the share of all glitches drawn for it, and the votes that each of them gets.
AUDIT_RATE = env.float("NOTA_AUDIT_RATE", default=0.02)
AUDIT_VOTES = env.int("NOTA_AUDIT_VOTES", default=3)
if not 0 <= AUDIT_RATE <= 1 or AUDIT_VOTES < 1:
    raise ImproperlyConfigured(
        f"NOTA_AUDIT_RATE must be a share between 0 and 1 and NOTA_AUDIT_VOTES at least 1, got "
        f"{AUDIT_RATE} and {AUDIT_VOTES}."
    )
# Whether people may label without an account, and whether such votes alone may settle a class.
ANONYMOUS_VOTING = env.bool("NOTA_ANONYMOUS_VOTING", default=False)
ANONYMOUS_VOTES_SETTLE = env.bool("NOTA_ANONYMOUS_VOTES_SETTLE", default=False)
# For how long a process shows the same figures on the front page.
HOME_SECONDS = env.float("NOTA_HOME_SECONDS", default=30.0)
# A training or discovery whose worker was not heard of for this long is taken up by another.
RUN_LEASE_SECONDS = env.int("NOTA_RUN_LEASE_SECONDS", default=30)
# The folder of a training that failed or was cancelled is kept for so many days: until then it can
# go on from its last checkpoint.
KEEP_FAILED_DAYS = env.float("NOTA_KEEP_FAILED_DAYS", default=7.0)
# The recipe of trainings that name none; empty: nota on a worker with a GPU and the weights, else
# nota-cpu.
TRAINING_RECIPE = env.str("NOTA_RECIPE", default="")
# Below this confidence a prediction counts as "fits no class" when the pool of unknowns is drawn.
LOW_CONFIDENCE = env.float("NOTA_LOW_CONFIDENCE", default=0.5)
# Whether None_of_the_Above is a class that networks learn: it hides novelty, so it is not.
TRAIN_NONE_OF_THE_ABOVE = env.bool("NOTA_TRAIN_NONE_OF_THE_ABOVE", default=False)
# A candidate that passed the gate predicts so many new glitches beside the version in use before it
# replaces it (0: at once), for so many days at most. It stays out where it calls more of them
# otherwise than it did of the gold test, by more than this share. Where fewer came in the days
# before, no trial is made: it would wait in vain.
SHADOW_GLITCHES = env.int("NOTA_SHADOW_GLITCHES", default=100)
SHADOW_DAYS = env.float("NOTA_SHADOW_DAYS", default=1.0)
SHADOW_DISAGREEMENT = env.float("NOTA_SHADOW_DISAGREEMENT", default=0.2)
# A training is asked for after so many new labels, or when they are such a share of those that the
# last one had (0: not for this reason), after drift, and after so many days (0: never).
RETRAIN_LABELS = env.int("NOTA_RETRAIN_LABELS", default=1000)
RETRAIN_SHARE = env.float("NOTA_RETRAIN_SHARE", default=0.0)
RETRAIN_ON_DRIFT = env.bool("NOTA_RETRAIN_ON_DRIFT", default=True)
RETRAIN_DAYS = env.float("NOTA_RETRAIN_DAYS", default=0.0)
# How long a training that is due waits for further reasons.
RETRAIN_WAIT_SECONDS = env.float("NOTA_RETRAIN_WAIT_SECONDS", default=600.0)

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SITE_URL.startswith("https://")
SECURE_HSTS_SECONDS = env.int(
    "SECURE_HSTS_SECONDS", default=3600 if SITE_URL.startswith("https://") else 0
)
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=False)
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}
