"""Bad input and faults around a vote: nothing is lost, nothing counts twice.

Elsewhere: a class that was not offered (api/test_votes.py), a class retired or a level closed
between showing and voting (test_complaints.py), an account closed with leases open or with a vote
under way (services/test_closing.py), broker and cache down (api/test_votes.py), the database down
(api/test_database_down.py), double clicks and lost networks in a browser (browser/).
"""

import threading
import uuid
from collections import Counter
from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from labeling.models import Assignment, Glitch, User, Vote
from labeling.services.assignments import expire_leases
from labeling.services.classes import load_gravity_spy
from tests.conftest import make_glitch, make_volunteer, teach

NEXT, VOTES, UNDO = "/api/v1/next", "/api/v1/votes", "/api/v1/votes/undo"
in_database = pytest.mark.django_db
transactional = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def only_the_pool(monkeypatch):
    monkeypatch.setattr("labeling.services.assignments.gold_share", lambda votes: 0.0)
    cache.clear()


@pytest.fixture
def ada(db) -> Client:
    load_gravity_spy()
    return tab_of(make_volunteer("ada", level=6))


def tab_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def another_tab(name: str = "ada") -> Client:
    return tab_of(User.objects.get(username=name))


def ask(client: Client, **query) -> list[dict]:
    return client.get(NEXT, query).json()["assignments"]


def vote(client: Client, assignment: dict, label: str = "Blip", key: str = "", **more):
    body = {"assignment": assignment["id"], "label": label, **more}
    body["idempotency_key"] = key or str(uuid.uuid4())
    return client.post(VOTES, body, content_type="application/json")


def undo(client: Client, assignment: dict):
    return client.post(UNDO, {"assignment": assignment["id"]}, content_type="application/json")


def code(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def all_at_once(deeds) -> list:
    """What each deed answered, all begun at the same moment."""
    barrier, answers = threading.Barrier(len(deeds)), [None] * len(deeds)

    def run(place: int) -> None:
        try:
            barrier.wait(20)
            answers[place] = deeds[place]()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def counted() -> tuple[int, int, int]:
    """Votes stored, votes counted for Ada, votes counted on the glitches."""
    on_glitches = sum(Glitch.objects.values_list("votes_count", flat=True))
    return Vote.objects.count(), User.objects.get(username="ada").votes_cast, on_glitches


@transactional
def test_a_double_click_is_one_vote_however_close_the_clicks(ada):
    make_glitch(1)
    (assignment,) = ask(ada)
    key = str(uuid.uuid4())
    tabs = [another_tab() for _ in range(6)]
    answers = all_at_once([lambda tab=tab: vote(tab, assignment, "Blip", key) for tab in tabs])
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 5}
    assert len({answer.json()["vote"]["id"] for answer in answers}) == 1
    assert counted() == (1, 1, 1)


@transactional
def test_two_tabs_that_answer_differently_store_the_first(ada):
    make_glitch(1)
    labels = ("Blip", "Whistle", "Koi_Fish", "Tomte")
    tabs = [another_tab() for _ in labels]
    (assignment,) = ask(ada)
    assert [ask(tab) for tab in tabs] == [[assignment]] * len(tabs)  # one lease for all tabs
    deeds = zip(tabs, labels, strict=True)
    answers = all_at_once([lambda t=tab, a=label: vote(t, assignment, a) for tab, label in deeds])
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 3}
    assert {code(answer) for answer in answers if answer.status_code == 409} == {
        (409, "already_voted")
    }
    won = next(answer.json()["vote"]["label"] for answer in answers if answer.status_code == 201)
    assert Vote.objects.get().voted.label == won
    assert counted() == (1, 1, 1)


@transactional
def test_a_key_used_on_two_glitches_at_once_stores_one_vote(ada):
    make_glitch(1)
    make_glitch(2)
    held, key = ask(ada, want=2), str(uuid.uuid4())
    tabs = [another_tab() for _ in held]
    pairs = zip(tabs, held, strict=True)
    answers = all_at_once([lambda t=t, a=a: vote(t, a, "Blip", key) for t, a in pairs])
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    (refused,) = [answer for answer in answers if answer.status_code == 409]
    assert code(refused) == (409, "idempotency_conflict")
    assert counted() == (1, 1, 1)


@in_database
def test_requests_may_come_in_any_order_and_again(ada):
    """Three glitches lent together: answered last to first, then everything sent once more."""
    for number in range(3):
        make_glitch(number)
    held = ask(ada, want=3)
    sent = [(one, label, str(uuid.uuid4())) for one, label in zip(held, "ABC", strict=True)]
    names = {"A": "Blip", "B": "Whistle", "C": "Tomte"}
    sent = [(one, names[letter], key) for one, letter, key in reversed(sent)]
    first = [vote(ada, *each) for each in sent]
    again = [vote(ada, *each) for each in reversed(sent)]
    assert [answer.status_code for answer in first + again] == [201] * 3 + [200] * 3
    votes = {answer.json()["vote"]["id"] for answer in first + again}
    assert len(votes) == 3
    assert counted() == (3, 3, 3)


@in_database
def test_an_undo_that_overtakes_its_vote_is_refused_and_the_vote_stands(ada):
    make_glitch(1)
    (assignment,) = ask(ada)
    assert code(undo(ada, assignment)) == (404, "no_vote")
    assert vote(ada, assignment).status_code == 201
    assert counted() == (1, 1, 1)


@in_database
def test_a_late_copy_of_a_vote_that_was_taken_back_does_not_come_back(ada):
    make_glitch(1)
    (assignment,) = ask(ada)
    key = str(uuid.uuid4())
    vote(ada, assignment, "Blip", key)
    anew = undo(ada, assignment).json()["assignment"]
    assert code(vote(ada, assignment, "Blip", key)) == (409, "vote_undone")
    assert counted() == (0, 0, 0)
    assert vote(ada, anew, "Whistle").status_code == 201
    assert code(vote(ada, assignment, "Blip", key)) == (409, "already_voted")
    assert counted() == (1, 1, 1)


@in_database
def test_a_lease_that_went_to_others_while_the_person_thought_still_takes_the_vote(ada):
    """The glitch was given to two more people and is settled by now: kept, and told apart."""
    glitch = make_glitch(1)
    (assignment,) = ask(ada)
    Assignment.objects.update(leased_until=timezone.now())
    blip = glitch.workflow.classes.get(label="Blip")
    for name in ("ben", "cy"):
        other = make_volunteer(name, level=6)
        teach(other, blip, blip, 50)
        tab = tab_of(other)
        assert vote(tab, ask(tab)[0], "Blip").status_code == 201
    key = str(uuid.uuid4())
    assert vote(ada, assignment, "Koi_Fish", key).status_code == 201
    assert vote(ada, assignment, "Koi_Fish", key).status_code == 200
    glitch.refresh_from_db()
    assert (glitch.votes_count, glitch.leases_open) == (3, 0)
    assert glitch.consensus.votes_count == 2
    late = Vote.objects.get(volunteer__username="ada")
    assert late.after_retirement


@in_database
@pytest.mark.parametrize("claimed", ["1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "yesterday"])
def test_a_clients_clock_says_nothing(ada, claimed):
    """No answer is taken by a time that the client names; the receipt speaks in seconds left."""
    make_glitch(1)
    (assignment,) = ask(ada)
    before = timezone.now()
    times = dict.fromkeys(("created_at", "started_at", "finished_at", "leased_until"), claimed)
    answer = vote(ada, assignment, "Blip", **times)
    assert answer.status_code == 201
    assert before <= Vote.objects.get().created_at <= timezone.now()
    assert 0 < answer.json()["undo_seconds"] <= 8


@pytest.fixture
def server_clock(monkeypatch):
    """Sets the clock of the server's process that answers next, some seconds off."""
    true_now = timezone.now

    def set_off(seconds: float) -> datetime:
        monkeypatch.setattr(timezone, "now", lambda: true_now() + timedelta(seconds=seconds))
        return timezone.now()

    return set_off


@in_database
@pytest.mark.parametrize(("lending", "voting"), [(-20, 20), (20, -20)])
def test_two_servers_whose_clocks_differ_take_every_vote_once(ada, server_clock, lending, voting):
    """Leases, votes and undo go by each process's own clock: some seconds change no result."""
    glitch = make_glitch(1)
    server_clock(lending)
    (assignment,) = ask(ada)
    server_clock(voting)
    assert ask(ada) == [assignment]  # minutes long: it holds on the other server too
    key = str(uuid.uuid4())
    assert vote(ada, assignment, "Blip", key).status_code == 201
    server_clock(lending)
    assert vote(ada, assignment, "Blip", key).status_code == 200
    assert undo(ada, assignment).status_code in {200, 409}  # "too late" there: the vote stands
    stored = Vote.objects.count()
    glitch.refresh_from_db()
    assert (glitch.votes_count, glitch.leases_open) == (stored, 1 - stored)


@in_database
def test_a_server_that_is_fast_takes_a_lease_early_and_loses_nothing(ada, server_clock, settings):
    glitch = make_glitch(1)
    (assignment,) = ask(ada)
    assert expire_leases(server_clock(settings.LEASE_SECONDS + 5)) == 1
    server_clock(0)
    assert vote(ada, assignment).status_code == 201
    glitch.refresh_from_db()
    assert (glitch.votes_count, glitch.leases_open) == (1, 0)
