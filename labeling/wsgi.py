"""The site for gunicorn."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labeling.settings")

application = get_wsgi_application()

# Every page and what it needs is loaded now, and not with the first request. It stays for ever:
# the collector need not look through it again and again.
get_resolver().check()
gc.collect()
gc.freeze()
