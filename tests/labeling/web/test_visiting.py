"""To label without an account: begin at once, what is not offered, sign up and keep the votes."""

import re
import uuid

import pytest
from django.core.cache import cache
from django.test import Client

from labeling import settings as as_read
from labeling.models import Collection, Comment, User, Vote
from labeling.services.classes import load_gravity_spy
from labeling.throttles import PostThrottle
from tests.conftest import make_glitch, make_volunteer

pytestmark = pytest.mark.django_db

NEXT, VOTES, UNDO = "/api/v1/next", "/api/v1/votes", "/api/v1/votes/undo"
NEW = {"username": "ada", "password1": "seven-quiet-herons", "password2": "seven-quiet-herons"}


@pytest.fixture(autouse=True)
def switched_on(settings, db):
    settings.ANONYMOUS_VOTING = True
    load_gravity_spy()
    cache.clear()


@pytest.fixture
def visitor(client) -> Client:
    """A browser that labels without an account, at the level where new glitches wait."""
    assert client.post("/visit/")["Location"] == "/label/"
    User.objects.filter(role="visitor").update(level=6)
    return client


def post(client: Client, address: str, body: dict, **headers: str):
    return client.post(address, body, content_type="application/json", **headers)


def vote(client: Client, label: str = "Blip", **headers: str):
    (lent,) = client.get(NEXT).json()["assignments"]
    body = {"assignment": lent["id"], "label": label, "idempotency_key": str(uuid.uuid4())}
    return post(client, VOTES, body, **headers)


def test_off_by_default(client, settings):
    assert as_read.ANONYMOUS_VOTING is False
    settings.ANONYMOUS_VOTING = False
    assert "without an account" not in client.get("/").content.decode()
    refused = client.post("/visit/")
    assert refused.status_code == 403
    assert "sign up" in refused.content.decode()
    assert not User.objects.exists()


@pytest.mark.parametrize("page", ["/", "/log-in/?next=/label/", "/sign-up/"])
def test_a_stranger_is_offered_it(client, page):
    assert 'action="/visit/"' in client.get(page).content.decode()


def test_a_look_makes_nobody_a_visitor(client):
    for page in ("/", "/log-in/", "/classes/", "/label/", NEXT):
        client.get(page)
    assert client.get("/visit/").status_code == 405
    assert not User.objects.exists()


def test_one_session_is_one_visitor_however_often_it_begins(visitor):
    visitor.post("/visit/")
    visitor.post("/visit/")
    assert User.objects.count() == 1
    Client().post("/visit/")
    assert User.objects.count() == 2


def test_it_labels_at_once_and_hears_what_experts_say(visitor, monkeypatch):
    monkeypatch.setattr("labeling.services.assignments.gold_share", lambda seen: 1.0)
    make_glitch(1, gold_label="Blip")
    assert visitor.get("/label/").status_code == 200
    told = vote(visitor, "Whistle").json()["gold"]
    assert (told["label"], told["correct"]) == ("Blip", False)
    assert visitor.get("/progress/").status_code == 200
    assert visitor.get("/practice/").status_code == 200


def test_no_star_no_comments_no_collections(visitor):
    """Neither offered nor taken: pages lead to signing up, the API refuses."""
    make_glitch(1)
    vote(visitor)
    assert re.search(r'id="favourite" hidden', visitor.get("/label/").content.decode())
    page = visitor.get("/glitches/0000000001/").content.decode()
    assert "sign up</a>" in page
    for word in ("<textarea", "Favourite</button>", "Your collections"):
        assert word not in page
    for address in ("/collections/", "/me/"):
        assert visitor.get(address)["Location"] == "/sign-up/"
    for address in ("comment", "favourite"):
        answer = visitor.post(f"/glitches/0000000001/{address}/", {"text": "Hm.", "on": "1"})
        assert answer["Location"] == "/sign-up/"
    assert visitor.post("/collections/create/", {"name": "Odd"})["Location"] == "/sign-up/"
    refused = visitor.put("/api/v1/favourites/0000000001")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "wrong_role")
    assert visitor.get("/api/v1/favourites").status_code == 403
    assert not Comment.objects.exists()
    assert not Collection.objects.exists()


def test_signing_up_in_the_same_session_keeps_the_votes(visitor):
    make_glitch(1)
    vote(visitor)
    assert "The vote that you have cast here" in visitor.get("/sign-up/").content.decode()
    assert visitor.post("/sign-up/", NEW)["Location"] == "/label/"
    ada = User.objects.get()
    assert (ada.username, ada.role, ada.votes_cast) == ("ada", "volunteer", 1)
    assert Vote.objects.get().volunteer == ada
    assert visitor.get(NEXT).json()["assignments"] == []  # seen is seen
    assert visitor.get("/collections/").status_code == 200
    assert visitor.post("/sign-up/", NEW | {"username": "eve"})["Location"] == "/label/"
    assert User.objects.count() == 1


def test_a_vote_that_waited_in_the_browser_arrives_after_signing_up(visitor):
    make_glitch(1)
    (lent,) = visitor.get(NEXT).json()["assignments"]
    visitor.post("/sign-up/", NEW)
    body = {"assignment": lent["id"], "label": "Blip", "idempotency_key": str(uuid.uuid4())}
    assert post(visitor, VOTES, body).status_code == 201
    assert User.objects.get(username="ada").votes_cast == 1


def test_logging_in_to_an_account_of_before_leaves_the_visitors_votes_apart(visitor):
    make_volunteer("ben")
    make_glitch(1)
    vote(visitor)
    assert visitor.get("/log-in/").status_code == 200
    visitor.post("/log-in/", {"username": "ben", "password": "a-long-password-1"})
    assert User.objects.get(username="ben").votes_cast == 0
    assert Vote.objects.get().volunteer.role == "visitor"
    assert visitor.get("/me/").status_code == 200


def test_switched_off_meanwhile_the_page_offers_an_account(visitor, settings):
    make_glitch(1)
    (lent,) = visitor.get(NEXT).json()["assignments"]
    settings.ANONYMOUS_VOTING = False
    assert visitor.get("/label/")["Location"] == "/sign-up/"
    body = {"assignment": lent["id"], "label": "Blip", "idempotency_key": str(uuid.uuid4())}
    assert post(visitor, VOTES, body).status_code == 403
    visitor.post("/sign-up/", NEW)
    assert post(visitor, VOTES, body).status_code == 201


def test_names_that_look_like_a_visitors_or_a_closed_account_are_not_given(client):
    for name in ("Not-Logged-In-7", "former-volunteer-7"):
        page = client.post("/sign-up/", NEW | {"username": name})
        assert "Names that begin so" in page.content.decode()
    assert not User.objects.exists()


def test_new_sessions_at_one_address_do_not_multiply_votes(monkeypatch):
    """Each session is well below its own limit; the address has one for all of them."""
    rates = {"visit": "9/min", "vote": "9/min", "visitor_vote": "3/min"}
    monkeypatch.setattr(PostThrottle, "THROTTLE_RATES", rates)
    statuses = []
    for _ in range(5):
        browser = Client()
        browser.post("/visit/")
        statuses.append(post(browser, VOTES, {}).status_code)
    assert statuses == [400, 400, 400, 429, 429]
    elsewhere = Client(REMOTE_ADDR="198.51.100.9")
    elsewhere.post("/visit/")
    assert post(elsewhere, VOTES, {}).status_code == 400


def test_members_are_not_counted_with_the_visitors_of_their_address(monkeypatch, client):
    monkeypatch.setattr(PostThrottle, "THROTTLE_RATES", {"vote": "9/min", "visitor_vote": "0/min"})
    client.force_login(make_volunteer("ada"))
    assert post(client, VOTES, {}).status_code == 400


def test_one_session_has_a_limit_of_its_own(monkeypatch, visitor):
    monkeypatch.setattr(PostThrottle, "THROTTLE_RATES", {"vote": "1/min", "visitor_vote": "9/min"})
    assert [post(visitor, VOTES, {}).status_code for _ in range(2)] == [400, 429]


def test_undoing_counts_as_posting_does(monkeypatch, visitor):
    monkeypatch.setattr(PostThrottle, "THROTTLE_RATES", {"vote": "9/min", "visitor_vote": "1/min"})
    assert [post(visitor, UNDO, {}).status_code for _ in range(2)] == [400, 429]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "statuses"),
    [
        # Without a proxy of ours the header is what the client claims: it counts nothing.
        (0, ["1.1.1.1", "2.2.2.2"], [400, 429]),
        # Behind ours the last entry is the one that it wrote; what stands before it is claimed.
        (1, ["9.9.9.9, 1.1.1.1", "8.8.8.8, 1.1.1.1"], [400, 429]),
        (1, ["1.1.1.1", "2.2.2.2"], [400, 400]),
        # A household's IPv6 machines have one allowance.
        (1, ["2001:db8::1", "2001:db8::2"], [400, 429]),
    ],
)
def test_an_address_cannot_be_claimed(monkeypatch, settings, visitor, proxies, forwarded, statuses):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": proxies}
    monkeypatch.setattr(PostThrottle, "THROTTLE_RATES", {"vote": "9/min", "visitor_vote": "1/min"})
    got = [post(visitor, VOTES, {}, HTTP_X_FORWARDED_FOR=f).status_code for f in forwarded]
    assert got == statuses


def test_visits_that_begin_are_limited_by_address(monkeypatch):
    """The machines of one household choose their IPv6 addresses: they count as one."""
    monkeypatch.setattr(PostThrottle, "THROTTLE_RATES", {"visit": "2/min"})
    browsers = [Client(REMOTE_ADDR=f"2001:db8::{number}") for number in range(3)]
    assert [one.post("/visit/").status_code for one in browsers] == [302, 302, 429]
    assert User.objects.count() == 2


def test_their_votes_are_told_apart_wherever_votes_are_counted(visitor):
    make_glitch(1)
    vote(visitor)
    page = visitor.get("/").content.decode()
    assert "1 of them without an account" in page
    assert re.search(r"volunteers</dt><dd>0<", page)
    reviewer = Client()
    reviewer.force_login(make_volunteer("rosa", role="reviewer"))
    status = reviewer.get("/api/v1/status").json()
    assert (status["votes"], status["visitor_votes"]) == (1, 1)
    listed = reviewer.get("/api/v1/glitches").json()["results"][0]
    assert (listed["votes_count"], listed["visitor_votes"]) == (1, 1)
    visitor.post("/sign-up/", NEW)
    listed = reviewer.get("/api/v1/glitches").json()["results"][0]
    assert (listed["votes_count"], listed["visitor_votes"]) == (1, 0)
