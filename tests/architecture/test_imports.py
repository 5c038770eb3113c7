"""Who may import whom, and what the web process must not load."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_the_contracts_of_importlinter_are_kept():
    lint = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", lint, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr


@pytest.mark.parametrize(
    "modules",
    [
        # The site with all its addresses, and what decides whether a worker may fork.
        "labeling.wsgi, django.urls; django.urls.get_resolver().url_patterns",
        "labeling.celery; labeling.celery.app.loader.import_default_modules()",
    ],
    ids=["web", "worker before its fork"],
)
def test_no_torch_is_loaded(modules):
    script = (
        f"import {modules}; import sys; print('torch' in sys.modules, 'psycopg' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "labeling.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    # Nor psycopg 3, which Django would silently take instead of psycopg2.
    assert done.stdout.split() == ["False", "False"]


def test_the_migrations_are_what_the_models_say():
    done = subprocess.run(
        [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
