"""Sessions of the API: read in one statement, and over at once when they are over."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from rest_framework.test import APIClient

from labeling.models import User
from tests.conftest import make_volunteer
from tests.labeling.api.conftest import refusal

pytestmark = pytest.mark.django_db
ME = "/api/v1/me"


def logged_in(user: User) -> APIClient:
    """A page of this user that has asked once already: whose session it is, is known by now."""
    page = APIClient(enforce_csrf_checks=True)
    page.force_login(user)
    assert page.get(ME).json()["username"] == user.username
    return page


@pytest.fixture
def ada():
    return make_volunteer("ada")


def test_session_and_user_cost_one_statement(ada, django_assert_num_queries):
    page = logged_in(ada)
    with django_assert_num_queries(1):
        assert page.get(ME).json()["username"] == "ada"


def log_out(user, page):
    twin = APIClient()  # the same browser, another tab
    twin.cookies = page.cookies.copy()
    twin.logout()


def change_password(user, page):
    user.set_password("another-long-password-2")
    user.save()


def close(user, page):
    User.objects.filter(pk=user.pk).update(is_active=False)


def delete(user, page):
    User.objects.filter(pk=user.pk).delete()


def run_out(user, page):
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))


def spoil(user, page):
    Session.objects.update(session_data="spoilt")


@pytest.mark.parametrize("end", [log_out, change_password, close, delete, run_out, spoil])
def test_a_session_that_is_over_opens_nothing(ada, end):
    page = logged_in(ada)
    end(ada, page)
    assert refusal(page.get(ME)) == (401, "not_authenticated")


def test_a_session_taken_over_by_another_user_is_theirs(ada):
    page = logged_in(ada)
    other = logged_in(make_volunteer("ben"))
    theirs = Session.objects.get(pk=other.cookies["sessionid"].value).session_data
    Session.objects.update(session_data=theirs)
    assert page.get(ME).json()["username"] == "ben"


def test_a_post_of_a_session_needs_the_csrf_token(ada):
    page = logged_in(ada)
    assert refusal(page.post("/api/v1/votes", {})) == (403, "permission_denied")


def test_an_answer_varies_by_the_cookie(ada):
    assert "Cookie" in logged_in(ada).get(ME)["Vary"]
