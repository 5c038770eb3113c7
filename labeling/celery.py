"""The Celery application: what the workers and beat start from."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labeling.settings")

app = Celery("nota", include=["workers"])
app.config_from_object("django.conf:settings", namespace="CELERY")
