"""Tokens and me."""

import pytest

from labeling.models import ApiToken
from labeling.throttles import PostThrottle
from tests.conftest import make_volunteer
from tests.labeling.api.conftest import refusal

pytestmark = pytest.mark.django_db
TOKENS = "/api/v1/tokens"
GOOD = {"username": "ben", "password": "a-long-password-1", "name": "my script"}


def test_name_and_password_give_a_token_that_works(anonymous):
    make_volunteer("ben", level=2, is_simulated=True)
    made = anonymous.post(TOKENS, GOOD)
    assert made.status_code == 201
    assert made.json()["user"] == {
        "username": "ben",
        "role": "volunteer",
        "is_simulated": True,
        "level": 2,
    }
    token = made.json()["token"]
    assert token.startswith("nota_")
    anonymous.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    me = anonymous.get("/api/v1/me").json()
    assert (me["username"], me["votes_cast"], me["gold_seen"]) == ("ben", 0, 0)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"password": "wrong"}, 401, "bad_credentials"),
        ({"username": "nobody"}, 401, "bad_credentials"),
        ({"username": ""}, 400, "invalid"),
        ({"username": "be\x00n"}, 400, "invalid"),
        ({"name": "n" * 81}, 400, "invalid"),
    ],
)
def test_bad_credentials_are_refused(anonymous, change, status, code):
    make_volunteer("ben")
    assert refusal(anonymous.post(TOKENS, GOOD | change)) == (status, code)
    assert not ApiToken.objects.exists()


def test_a_user_who_was_shut_out_gets_no_token(anonymous):
    make_volunteer("ben", is_active=False)
    assert refusal(anonymous.post(TOKENS, GOOD)) == (401, "bad_credentials")


def test_own_tokens_are_listed_without_the_token_and_revoked(volunteer, reviewer):
    (listed,) = volunteer.get(TOKENS).json()
    assert set(listed) == {"id", "name", "created_at", "last_used_at"}
    assert refusal(reviewer.delete(f"{TOKENS}/{listed['id']}")) == (404, "not_found")
    assert volunteer.delete(f"{TOKENS}/{listed['id']}").status_code == 204
    assert refusal(volunteer.get(TOKENS)) == (401, "bad_token")


def test_guessing_passwords_is_throttled(anonymous, monkeypatch):
    monkeypatch.setattr(PostThrottle, "THROTTLE_RATES", {"log_in": "2/min"})
    wrong = GOOD | {"password": "wrong"}
    got = [anonymous.post(TOKENS, wrong) for _ in range(3)]
    assert [r.status_code for r in got] == [401, 401, 429]
    assert refusal(got[2]) == (429, "throttled")
    assert int(got[2]["Retry-After"]) > 0
    assert got[2].json()["error"]["data"]["wait"] > 0
