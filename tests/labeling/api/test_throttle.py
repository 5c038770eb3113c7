"""One client that sends without end is told to wait; nobody else notices."""

import uuid

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from labeling.models import Vote
from labeling.throttles import PostThrottle
from tests.conftest import make_glitch, make_volunteer
from tests.labeling.api.conftest import client_for, refusal

pytestmark = pytest.mark.django_db
NEXT, VOTES = "/api/v1/next", "/api/v1/votes"
RATES = {"vote": "5/hour", "log_in": "5/hour", "next": "50/hour"}


@pytest.fixture(autouse=True)
def few_an_hour(monkeypatch):
    monkeypatch.setattr(PostThrottle, "THROTTLE_RATES", RATES)
    cache.clear()
    yield
    cache.clear()


def test_a_flood_of_one_is_throttled_and_another_votes(volunteer):
    make_glitch(1)
    other = client_for(make_volunteer("ben", level=6))
    (assignment,) = other.get(NEXT).json()["assignments"]
    flood = [volunteer.post(VOTES, {}) for _ in range(200)]
    assert [answer.status_code for answer in flood] == [400] * 5 + [429] * 195
    assert refusal(flood[-1]) == (429, "throttled")
    assert 0 < int(flood[-1]["Retry-After"]) <= 3600
    key = str(uuid.uuid4())
    body = {"assignment": assignment["id"], "label": "Blip", "idempotency_key": key}
    assert other.post(VOTES, body).status_code == 201
    assert Vote.objects.count() == 1


def test_a_flood_for_the_next_glitch_is_refused_while_another_gets_one(volunteer):
    """40 rounds: five of one client, GET and POST in turn, and then one of another's."""
    make_glitch(1)
    make_glitch(2)
    other = client_for(make_volunteer("ben", level=6))
    flood, others = [], []
    for turn in range(40):
        ask = volunteer.get if turn % 2 else volunteer.post
        flood += [ask(NEXT) for _ in range(5)]
        others.append(other.get(NEXT))
    assert [answer.status_code for answer in flood] == [200] * 50 + [429] * 150
    assert refusal(flood[-1]) == (429, "throttled")
    assert [answer.status_code for answer in others] == [200] * 40
    assert len({a["id"] for answer in others for a in answer.json()["assignments"]}) == 1


def test_a_refused_question_is_not_worked_on(volunteer, django_assert_max_num_queries):
    """Who is asking, and no more: nothing is looked for in the queue."""
    for _ in range(50):
        volunteer.get(NEXT)
    with django_assert_max_num_queries(2):
        assert volunteer.get(NEXT).status_code == 429


def test_who_is_not_logged_in_is_counted_by_the_address():
    tokens = "/api/v1/tokens"
    here, there = (APIClient(REMOTE_ADDR=f"192.0.2.{n}") for n in (1, 2))
    wrong = {"username": "ada", "password": "x", "name": "n"}
    assert [here.post(tokens, wrong).status_code == 429 for _ in range(7)] == [False] * 5 + [
        True
    ] * 2
    assert there.post(tokens, wrong).status_code != 429


def test_waiting_is_not_lengthened_by_asking(volunteer):
    for _ in range(6):
        first = volunteer.post(VOTES, {})
    for _ in range(20):
        last = volunteer.post(VOTES, {})
    assert int(last["Retry-After"]) <= int(first["Retry-After"])
