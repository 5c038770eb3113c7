"""My account: another password, and the end of it."""

import pytest
from django.contrib.auth import authenticate
from django.core.cache import cache
from django.test import Client

from labeling.models import User
from labeling.services.comments import add_comment
from labeling.services.tokens import authenticate_token, create_token
from labeling.throttles import PostThrottle
from tests.conftest import make_glitch, make_volunteer

pytestmark = pytest.mark.django_db

OLD, NEW = "a-long-password-1", "nine-quiet-herons"
GOOD = {"old_password": OLD, "new_password1": NEW, "new_password2": NEW}


@pytest.fixture(autouse=True)
def unthrottled():
    cache.clear()


@pytest.fixture
def elsewhere(volunteer) -> Client:
    """A second browser of the same person."""
    client = Client()
    client.force_login(volunteer)
    return client


def test_the_page_is_for_its_owner(client, as_volunteer):
    assert client.get("/me/")["Location"] == "/log-in/?next=/me/"
    assert "<strong>ada</strong>" in as_volunteer.get("/me/").content.decode()


def test_a_new_password_keeps_this_browser_and_ends_the_others(as_volunteer, elsewhere, volunteer):
    token = create_token(volunteer, "laptop")
    assert as_volunteer.post("/me/password/", GOOD)["Location"] == "/me/"
    assert authenticate(username="ada", password=NEW)
    assert as_volunteer.get("/label/").status_code == 200
    assert elsewhere.get("/label/").status_code == 302
    assert authenticate_token(token) is None


def test_tokens_are_kept_on_request(as_volunteer, volunteer):
    assert "API tokens" not in as_volunteer.get("/me/").content.decode().split("Close the")[0]
    token = create_token(volunteer, "laptop")
    assert "keep my API tokens" in as_volunteer.get("/me/").content.decode()
    as_volunteer.post("/me/password/", GOOD | {"keep_tokens": "on"})
    assert authenticate_token(token)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"old_password": "wrong"}, "Your old password was entered incorrectly"),
        ({"new_password2": "something-else-1"}, "didn’t match"),
        ({"new_password1": "short", "new_password2": "short"}, "too short"),
    ],
)
def test_a_password_that_will_not_do_changes_nothing(as_volunteer, volunteer, changes, message):
    token = create_token(volunteer, "laptop")
    page = as_volunteer.post("/me/password/", GOOD | changes)
    assert page.status_code == 400
    assert message in page.content.decode()
    assert authenticate(username="ada", password=OLD)
    assert authenticate_token(token)


def test_closing_asks_for_the_password(as_volunteer):
    for given in ({}, {"close-password": "wrong"}):
        assert as_volunteer.post("/me/close/", given).status_code == 400
    assert User.objects.get().username == "ada"
    assert as_volunteer.get("/me/close/").status_code == 405


def test_closing_ends_every_session_and_says_goodbye(as_volunteer, elsewhere):
    answer = as_volunteer.post("/me/close/", {"close-password": OLD}, follow=True)
    assert answer.redirect_chain == [("/", 302)]
    assert "Your account is closed. Thank you" in answer.content.decode()
    for browser in (as_volunteer, elsewhere):
        assert browser.get("/label/")["Location"].startswith("/log-in/")
        assert browser.get("/api/v1/next").status_code in {401, 403}
    assert authenticate(username="ada", password=OLD) is None
    assert Client().post("/log-in/", {"username": "ada", "password": OLD}).status_code == 200
    # The name is free again, for anybody.
    new = {"username": "ada", "password1": NEW, "password2": NEW}
    assert Client().post("/sign-up/", new)["Location"] == "/tutorial/"


def test_comments_stay_as_a_former_volunteers(as_volunteer, volunteer):
    glitch = make_glitch(1)
    add_comment(volunteer, glitch, "How odd.")
    as_volunteer.post("/me/close/", {"close-password": OLD})
    reviewer = Client()
    reviewer.force_login(make_volunteer("rosa", role="reviewer"))
    page = reviewer.get("/glitches/0000000001/").content.decode()
    assert "How odd." in page
    assert "<strong>a former volunteer" in page
    assert "former-volunteer-" not in page


def test_guessing_the_password_is_slow(as_volunteer, monkeypatch):
    monkeypatch.setattr(PostThrottle, "THROTTLE_RATES", {"log_in": "2/min"})
    given = {"close-password": "wrong"}
    statuses = [as_volunteer.post("/me/close/", given).status_code for _ in range(3)]
    assert statuses == [400, 400, 429]


def test_an_operator_who_sets_a_password_ends_the_tokens_and_deletes_nobody(volunteer):
    token = create_token(volunteer, "laptop")
    root = Client()
    root.force_login(User.objects.create_superuser("root", password=OLD))
    address = f"/admin/labeling/user/{volunteer.pk}"
    form = {"usable_password": "true", "password1": NEW, "password2": NEW, "set-password": "1"}
    root.post(f"{address}/password/", form)
    assert authenticate(username="ada", password=NEW)
    assert authenticate_token(token) is None
    assert root.post(f"{address}/delete/", {"post": "yes"}).status_code == 403
