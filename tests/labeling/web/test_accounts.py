"""Sign up, log in, log out."""

import pytest

from labeling.models import User
from tests.conftest import make_volunteer

pytestmark = pytest.mark.django_db

GOOD = {"username": "ada", "password1": "seven-quiet-herons", "password2": "seven-quiet-herons"}


def test_signing_up_logs_in_and_goes_to_the_tutorial(client):
    answer = client.post("/sign-up/", GOOD)
    assert (answer.status_code, answer["Location"]) == (302, "/tutorial/")
    ada = User.objects.get()
    assert (ada.role, ada.level, ada.is_simulated, ada.is_staff) == ("volunteer", 1, False, False)
    assert client.get("/label/").status_code == 200


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"username": ""}, "This field is required."),
        ({"username": "ben"}, "This name is taken"),
        ({"username": "BEN"}, "This name is taken"),
        ({"username": "simulated-07"}, "kept for simulated volunteers"),
        ({"username": "a b"}, "Enter a valid username"),
        ({"password2": "another-one-12"}, "didn’t match"),
        ({"password1": "12345678", "password2": "12345678"}, "too common"),
        ({"password1": "short", "password2": "short"}, "too short"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(client, changes, message):
    make_volunteer("ben")
    page = client.post("/sign-up/", GOOD | changes)
    assert page.status_code == 400
    assert message in page.content.decode()
    assert User.objects.count() == 1


def test_nobody_signs_up_as_a_reviewer(client):
    client.post("/sign-up/", GOOD | {"role": "reviewer", "is_staff": "1", "level": "6"})
    ada = User.objects.get()
    assert (ada.role, ada.is_staff, ada.level) == ("volunteer", False, 1)


def test_the_log_in_page_names_the_site_and_not_its_host(client):
    assert "<title>Log in – Nota</title>" in client.get("/log-in/").content.decode()


def test_logging_in_goes_where_one_was_going(client):
    make_volunteer("ada")
    credentials = {"username": "ada", "password": "a-long-password-1", "next": "/progress/"}
    assert client.post("/log-in/", credentials)["Location"] == "/progress/"


def test_logging_in_never_leads_to_another_site(client):
    make_volunteer("ada")
    credentials = {"username": "ada", "password": "a-long-password-1", "next": "//evil.example/"}
    assert client.post("/log-in/", credentials)["Location"] == "/label/"


def test_a_wrong_password_is_told_kindly(client):
    make_volunteer("ada")
    page = client.post("/log-in/", {"username": "ada", "password": "wrong"})
    assert "do not belong together" in page.content.decode()


def test_logging_out_needs_a_post(client):
    client.force_login(make_volunteer("ada"))
    assert client.get("/log-out/").status_code == 405
    assert client.post("/log-out/")["Location"] == "/"
    assert client.get("/label/")["Location"] == "/log-in/?next=/label/"
