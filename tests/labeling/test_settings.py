"""Settings as a process reads them from its environment."""

import os
import subprocess
import sys

import pytest

from labeling.version import code_version

READ = "from labeling import settings as s; print(s.LEASE_SECONDS, s.LOGGING['root']['level'])"
NEEDED = {"DEBUG": "1", "DATABASE_URL": "postgres://x@localhost/x", "REDIS_URL": "redis://x"}


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({}, "300 INFO"),
        ({"NOTA_LEASE_SECONDS": "", "LOG_LEVEL": ""}, "300 INFO"),  # lines left blank in .env
        ({"NOTA_LEASE_SECONDS": "60", "LOG_LEVEL": "DEBUG"}, "60 DEBUG"),
    ],
)
def test_a_blank_variable_leaves_the_default(given, read):
    kept = {k: v for k, v in os.environ.items() if k not in ("NOTA_LEASE_SECONDS", "LOG_LEVEL")}
    found = subprocess.run(
        [sys.executable, "-c", READ],
        env={**kept, **NEEDED, **given},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == read


@pytest.mark.parametrize(
    ("image", "told", "version"),
    [("abc", "", "abc"), ("abc", "def", "abc"), ("", "def", "def")],
)
def test_an_image_knows_its_commit_whatever_the_site_sets(monkeypatch, image, told, version):
    monkeypatch.setenv("NOTA_IMAGE_VERSION", image)
    monkeypatch.setenv("NOTA_CODE_VERSION", told)
    assert code_version.__wrapped__() == version
