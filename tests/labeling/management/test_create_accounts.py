"""Accounts from the command line."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from labeling.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a long password\n"))


def test_a_file_makes_accounts_of_several_roles_once(tmp_path: Path, capsys) -> None:
    file = tmp_path / "crowd.csv"
    file.write_text("username,role,level,simulated\nada,reviewer,6,\nsim-1,,2,1\n")
    call_command("create_accounts", "--file", str(file))
    found = User.objects.order_by("username").values_list(
        "username", "role", "level", "is_simulated"
    )
    assert list(found) == [("ada", "reviewer", 6, False), ("sim-1", "volunteer", 2, True)]
    assert User.objects.get(username="ada").check_password("a long password")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (",reviewer,1,0", "line 2: the column username"),
        ("ada,king,1,0", "line 2: 'king' is no role"),
        ("ada,reviewer,high,0", "line 2: the level is 'high'"),
        ("ada,reviewer,1,yes", "line 2: simulated is 'yes'"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_created(tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "crowd.csv"
    file.write_text(f"username,role,level,simulated\n{line}\n")
    with pytest.raises(CommandError, match=said):
        call_command("create_accounts", "ben", "--file", str(file))
    assert not User.objects.exists()


def test_no_names_and_no_file_is_told(capsys) -> None:
    with pytest.raises(CommandError, match="names or a --file"):
        call_command("create_accounts")
