"""How a Chromium is found, on dummies."""

from pathlib import Path

import pytest

from scripts import chromium


def program(path: Path, status: int) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nexit {status}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture(autouse=True)
def empty_machine(monkeypatch, tmp_path):
    """A machine with no browser, on which nothing can be installed."""
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "playwright"))
    monkeypatch.setattr(chromium, "install", lambda: None)


def test_the_first_that_starts_is_taken(tmp_path):
    program(tmp_path / "bin" / "chromium", 1)  # a stub of a shop
    real = program(tmp_path / "bin" / "google-chrome", 0)
    assert chromium.find() == real


def test_playwrights_own_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(chromium.sys, "platform", "linux")
    real = program(tmp_path / "playwright" / "chromium-1200" / "chrome-linux64" / "chrome", 0)
    assert chromium.find() == real


def test_a_wrong_choice_is_told_and_not_passed_over(tmp_path, monkeypatch, capsys):
    program(tmp_path / "bin" / "chromium", 0)
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "nothing"))
    assert chromium.main() == 1
    assert "set CHROMIUM to the path" in capsys.readouterr().err


def test_without_any_it_says_what_to_do(capsys):
    assert chromium.main() == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "sudo apt-get install chromium" in said.err


def test_what_an_installation_brings_is_found(tmp_path, monkeypatch, capsys):
    path = tmp_path / "bin" / "chromium"
    monkeypatch.setattr(chromium, "install", lambda: program(path, 0))
    assert chromium.main() == 0
    assert capsys.readouterr().out == f"{path}\n"
