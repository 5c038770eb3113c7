"""Next and votes, over HTTP."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from kombu.exceptions import OperationalError
from rest_framework.test import APIClient

from labeling import jobs
from labeling.models import Assignment, BatchGlitch, Glitch, Vote, Workflow
from labeling.services import assignments as assigning
from labeling.services.picks import refresh_active_picks
from labeling.services.proposals import accept_for_vote
from labeling.services.sampling import audit
from labeling.throttles import PostThrottle
from tests.conftest import make_glitch, make_volunteer, only_stream
from tests.labeling.api.conftest import (
    client_for,
    make_proposal,
    make_proposal_with_decoys,
    make_version,
    predict,
    refusal,
)

pytestmark = pytest.mark.django_db
NEXT, VOTES = "/api/v1/next", "/api/v1/votes"


@pytest.fixture
def only(monkeypatch, taxonomy):
    """Makes chance certain: one stream, as far as it has anything."""

    def choose(stream: str) -> None:
        monkeypatch.setattr(assigning, "gold_share", lambda votes: float(stream == "gold"))
        only_stream(stream)

    choose("pool")
    return choose


def ask(client, **query):
    return client.get(NEXT, query).json()


def vote(client, assignment, /, **answer):
    body = {"assignment": assignment["id"], "idempotency_key": str(uuid.uuid4())} | answer
    return client.post(VOTES, body)


def keys_in(value) -> set[str]:
    """All keys of a JSON value, however deep."""
    if isinstance(value, dict):
        return set(value).union(*map(keys_in, value.values()))
    return set().union(*map(keys_in, value)) if isinstance(value, list) else set()


def test_next_gives_what_a_page_needs(volunteer, only):
    make_glitch(1, is_simulated=True)
    got = ask(volunteer)
    assert (got["nothing_left"], got["level"]) == (False, 6)
    assert got["levels"] == [1, 2, 3, 4, 5, 6]
    (assignment,) = got["assignments"]
    assert assignment["question"] == "class"
    assert assignment["references"] == []
    assert {"Blip", "None_of_the_Above"} < set(assignment["classes"])
    glitch = assignment["glitch"]
    assert (glitch["gravityspy_id"], glitch["ifo"]) == ("0000000001", "H1")
    assert glitch["is_simulated"] is True
    (picture,) = glitch["pictures"]
    assert (picture["duration"], picture["width"], picture["height"]) == (4.0, 64, 48)
    assert picture["url"].startswith("/pictures/")
    assert picture["url"].endswith(".png")
    assert ask(volunteer)["assignments"] == got["assignments"]
    assert volunteer.post(NEXT).json()["assignments"] == got["assignments"]


def test_nothing_left_is_said(volunteer):
    assert ask(volunteer)["nothing_left"] is True


@pytest.mark.parametrize("query", [{"want": 0}, {"want": 4}, {"want": "x"}, {"level": 0}])
def test_a_bad_question_for_more_is_refused(volunteer, query):
    assert refusal(volunteer.get(NEXT, query)) == (400, "invalid")


def test_three_ahead_cost_no_query_more_than_one(
    volunteer, only, settings, django_assert_num_queries
):
    for number in range(1, 5):
        make_glitch(number)
    ask(volunteer, want=3)
    settings.TAXONOMY_SECONDS = 60
    ask(volunteer)
    # Token; a lease where one is missing, together with the open ones and their pictures.
    with django_assert_num_queries(2):
        assert len(ask(volunteer, want=3)["assignments"]) == 3


@pytest.mark.parametrize("stream", ["gold", "pool", "batch", "active", "audit", "audit, retired"])
def test_no_assignment_tells_an_opinion_or_why_it_was_chosen(volunteer, only, settings, stream):
    proposal = make_proposal_with_decoys()
    accept_for_vote(proposal.pk, name="Fast_Scattering", by=None)
    version = make_version(1)
    for glitch in Glitch.objects.all():
        predict(version, glitch, 0.9, 0.1)
    if stream == "audit, retired":
        Glitch.objects.update(retired_at="2026-01-01T00:00Z", retire_reason="consensus")
    only(stream.split(",")[0])
    settings.AUDIT_RATE = 1.0
    audit(timezone.now())
    refresh_active_picks(Workflow.objects.get(level=6).pk, 0)
    (assignment,) = ask(volunteer)["assignments"]
    lent = Assignment.objects.get()
    assert lent.stream == stream.split(",")[0]
    assert bool(lent.why) == (lent.stream in {"active", "audit"})
    assert (assignment["level"] or 6) == 6
    assert set(assignment) == {
        "id",
        "question",
        "glitch",
        "classes",
        "references",
        "leased_until",
        "level",
    }
    allowed = set(assignment) | {"gravityspy_id", "ifo", "is_simulated", "pictures"}
    assert keys_in(assignment) == allowed | {"duration", "url", "width", "height"}


def test_a_vote_is_created_once_and_replayed(volunteer, only):
    make_glitch(1)
    (assignment,) = ask(volunteer)["assignments"]
    body = {"assignment": assignment["id"], "label": "Blip", "idempotency_key": uuid.uuid4().hex}
    first, again = volunteer.post(VOTES, body), volunteer.post(VOTES, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["vote"] == again.json()["vote"]
    assert (first.json()["created"], again.json()["created"]) == (True, False)
    assert first.json()["gold"] is None
    assert first.json()["promoted_to"] is None
    assert first.json()["vote"]["label"] == "Blip"


def test_gold_is_told_after_the_vote_with_an_example(volunteer, only):
    for number in (1, 2, 3, 4):  # two of them in the training split
        make_glitch(number, gold_label="Blip")
    only("gold")
    (assignment,) = ask(volunteer)["assignments"]
    gold = vote(volunteer, assignment, label="Tomte").json()["gold"]
    assert (gold["label"], gold["name_shown"], gold["correct"]) == ("Blip", "Blip", False)
    assert gold["description"]
    assert gold["example"]["pictures"][0]["url"]
    assert gold["example"]["gravityspy_id"] != assignment["glitch"]["gravityspy_id"]


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        ({"label": "Unicorn"}, 400, "unknown_class"),
        ({"label": ""}, 400, "invalid"),
        ({"label": "n" * 65}, 400, "invalid"),
        ({}, 400, "wrong_question"),
        ({"alike": True}, 400, "wrong_question"),
        ({"label": "Blip", "alike": True}, 400, "wrong_question"),
        ({"label": "Blip", "idempotency_key": "x"}, 400, "invalid"),
        ({"label": "Blip", "assignment": 999999}, 404, "never_assigned"),
        ({"label": "Blip", "assignment": 10**30}, 404, "never_assigned"),
        ({"label": "Blip", "assignment": "x"}, 400, "invalid"),
    ],
)
def test_a_bad_vote_is_refused_and_leaves_nothing(volunteer, only, answer, status, code):
    make_glitch(1)
    (assignment,) = ask(volunteer)["assignments"]
    assert refusal(vote(volunteer, assignment, **answer)) == (status, code)
    assert not Vote.objects.exists()
    assert Glitch.objects.get().votes_count == 0


def test_a_class_that_was_not_offered_is_refused(taxonomy, only):
    beginner = client_for(make_volunteer("ben", level=1))
    glitch = make_glitch(1)
    glitch.workflow = glitch.workflow.__class__.objects.get(level=1)
    glitch.save()
    (assignment,) = ask(beginner)["assignments"]
    assert "Tomte" not in assignment["classes"]
    assert refusal(vote(beginner, assignment, label="Tomte")) == (400, "class_not_offered")


def test_another_answer_to_the_same_is_refused(volunteer, only):
    make_glitch(1)
    (assignment,) = ask(volunteer)["assignments"]
    vote(volunteer, assignment, label="Blip")
    assert refusal(vote(volunteer, assignment, label="Whistle")) == (409, "already_voted")
    assert Vote.objects.get().voted.label == "Blip"


def test_an_assignment_of_another_is_refused(volunteer, reviewer, only):
    make_glitch(1)
    (assignment,) = ask(volunteer)["assignments"]
    assert refusal(vote(reviewer, assignment, label="Blip")) == (404, "never_assigned")


def test_a_vote_after_the_lease_ran_out_is_kept(volunteer, only):
    make_glitch(1)
    (assignment,) = ask(volunteer)["assignments"]
    Assignment.objects.update(leased_until="2020-01-01T00:00Z")
    assert vote(volunteer, assignment, label="Blip").status_code == 201
    assert Glitch.objects.get().votes_count == 1


def test_the_batch_question_shows_its_examples_and_takes_alike(volunteer, only):
    proposal = make_proposal_with_decoys()
    accept_for_vote(proposal.pk, name="Fast_Scattering", by=None)
    only("batch")
    (assignment,) = ask(volunteer)["assignments"]
    assert (assignment["question"], assignment["classes"]) == ("alike", [])
    assert [r["gravityspy_id"] for r in assignment["references"]] == ["0000000001"]
    assert assignment["references"][0]["pictures"][0]["url"]
    assert refusal(vote(volunteer, assignment, label="Blip")) == (400, "wrong_question")
    got = vote(volunteer, assignment, alike=True)
    assert got.status_code == 201
    assert got.json()["vote"]["alike"] is True
    assert got.json()["vote"]["label"] is None


def test_too_many_votes_are_throttled(volunteer, monkeypatch):
    monkeypatch.setattr(PostThrottle, "THROTTLE_RATES", {"vote": "1/min"})
    got = [volunteer.post(VOTES, {}) for _ in range(2)]
    assert [r.status_code for r in got] == [400, 429]
    assert refusal(got[1]) == (429, "throttled")


def broker_is_down(*args, **kwargs):
    raise OperationalError("Error 111 connecting to 127.0.0.1:6379. Connection refused.")


def test_a_vote_is_stored_while_broker_and_cache_are_down(
    volunteer, only, monkeypatch, settings, django_capture_on_commit_callbacks
):
    proposal = make_proposal_with_decoys()
    batch = accept_for_vote(proposal.pk, name="Fast_Scattering", by=None).batch
    batch.votes_min = batch.votes_max = 1
    batch.save()
    only("batch")
    (assignment,) = ask(volunteer)["assignments"]
    sent = []
    monkeypatch.setattr(jobs, "send_now", lambda *a, **k: sent.append(a) or broker_is_down())
    down = {"BACKEND": "django.core.cache.backends.redis.RedisCache"}
    settings.CACHES = {"default": down | {"LOCATION": "redis://127.0.0.1:1/0"}}
    with django_capture_on_commit_callbacks(execute=True):
        got = vote(volunteer, assignment, alike=True)
    assert sent == [(jobs.CLOSE_BATCH,)]
    assert got.status_code == 201
    assert Vote.objects.count() == 1


@pytest.mark.parametrize("start", [0.0, 0.999999], ids=["front", "end"])
@pytest.mark.parametrize(
    ("stream", "most"), [("pool", 7), ("active", 7), ("audit", 7), ("gold", 10), ("batch", 10)]
)
def test_a_cycle_takes_few_statements(volunteer, only, settings, monkeypatch, stream, most, start):
    """A vote and the next glitch with its pictures, by a logged-in page, once all is warm.

    Session with user; lock; what was asked; vote; consensus; lease; open leases. After gold the
    consensus is left out, and the skill, the level and an example come to it. Wherever its queue
    is entered: from the end it is searched once more from the front. However many batches are open
    of which nothing is left to ask.
    """
    wish = assigning.Wish
    monkeypatch.setattr(assigning, "Wish", lambda *given: wish(*given[:-2], start, start))
    for number in range(1, 25):
        make_glitch(number, gold_label="Blip" if number > 5 else None)
    user = make_volunteer("page", level=6, votes_cast=100)
    page = APIClient()
    page.force_login(user)
    only(stream)
    settings.AUDIT_RATE = 1.0
    audit(timezone.now())
    version = make_version(1)
    for place, glitch in enumerate(Glitch.objects.filter(gold_labels=None)):
        predict(version, glitch, 0.5 + place / 20, 0.5 - place / 20)
    refresh_active_picks(Workflow.objects.get(level=6).pk, 0)
    for first in (30, 40, 50):
        BatchGlitch.objects.update(decided_at=timezone.now())
        members = [make_glitch(first + n) for n in range(4)]
        accept_for_vote(make_proposal(*members).pk, name=f"New_{first}", by=None)
    hand = page.get(NEXT, {"want": 1}).json()["assignments"]
    settings.TAXONOMY_SECONDS = 60
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            said = {"alike": True} if stream == "batch" else {"label": "Blip"}
            answer = vote(page, hand[0], want=1, **said)
        hand = answer.json()["next"]["assignments"]
        assert (answer.status_code, len(hand)) == (201, 1)
    statements = [part for q in queries for part in q["sql"].split("; EXECUTE")]
    statements = [s for s in statements if s.split()[0] not in {"BEGIN", "COMMIT"}]
    statements = [sql for sql in statements if "SAVEPOINT" not in sql]
    assert len(statements) <= most, "\n".join(statements)
    assert Assignment.objects.latest("pk").stream == stream


def test_a_level_out_of_reach_costs_the_next_glitch_and_not_the_vote(volunteer, only):
    make_glitch(1)
    (assignment,) = ask(volunteer)["assignments"]
    answer = vote(volunteer, assignment, label="Blip", want=1, level=99)
    assert (answer.status_code, answer.json()["next"]) == (201, None)
    assert Vote.objects.count() == 1


def test_without_a_wish_nothing_is_lent(volunteer, only):
    make_glitch(1)
    make_glitch(2)
    (assignment,) = ask(volunteer)["assignments"]
    assert vote(volunteer, assignment, label="Blip").json()["next"] is None
    assert not Assignment.objects.filter(state="open").exists()
