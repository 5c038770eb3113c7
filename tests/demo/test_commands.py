"""What the demo tells its processes."""

from pathlib import Path

import pytest

from demo.commands import environment
from labeling.embedded import secret_key

REAL = {"database_url": "postgres://somewhere/nota", "redis_url": "redis://elsewhere"}


def test_on_real_servers_a_secret_key_is_drawn_once_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    first = environment(tmp_path, port=8000, **REAL)
    assert len(first["SECRET_KEY"]) > 40
    assert environment(tmp_path, port=8000, **REAL) == first
    # A manage.py in a second shell finds it there, although no embedded server runs.
    assert secret_key(tmp_path) == first["SECRET_KEY"]


def test_a_secret_key_of_the_environment_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "of-the-site")
    assert environment(tmp_path, port=8000, **REAL)["SECRET_KEY"] == "of-the-site"
    assert secret_key(tmp_path) == ""
