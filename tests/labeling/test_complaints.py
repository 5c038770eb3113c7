"""What users of other platforms complain of most, and why it cannot happen here.

One test a complaint of volunteers, each through the API or the pages against a real Postgres.
The rest of the list is not about volunteers' work: exports, uploads, training, comparing models.
Near-duplicates among uncertain glitches: tests/ml/query. In a real browser: the next glitch
preloaded (tests/browser/test_labeling.py), work kept through a lost network, a reload and a
server that restarts (tests/browser/test_faults.py).
"""

import re
import threading
import uuid
from collections import Counter
from contextlib import contextmanager

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from labeling.models import Assignment, Comment, Glitch, GlitchClass, User, Vote, Workflow
from labeling.services.classes import add_class, load_gravity_spy
from labeling.services.comments import add_comment
from labeling.services.policies import change_workflow, reevaluate_workflow
from labeling.throttles import PostThrottle
from tests.conftest import make_glitch, make_volunteer, teach

NEXT, VOTES = "/api/v1/next", "/api/v1/votes"
SCOPES = ("vote", "next", "visit", "visitor_vote", "log_in", "sign_up", "talk")
UNLIMITED = dict.fromkeys(SCOPES, "9999/min")
transactional = pytest.mark.django_db(transaction=True)
in_database = pytest.mark.django_db


@pytest.fixture(autouse=True)
def only_the_pool(monkeypatch):
    """No gold by chance, nothing sent to the broker, no limit of requests."""
    monkeypatch.setattr("labeling.services.assignments.gold_share", lambda votes: 0.0)
    monkeypatch.setattr("labeling.jobs.send_now", lambda name, **ids: None)
    monkeypatch.setattr(PostThrottle, "THROTTLE_RATES", UNLIMITED)
    cache.clear()


@pytest.fixture
def house(db) -> None:
    load_gravity_spy()


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    client.user = user
    return client


def person(name: str, **fields) -> Client:
    return browser_of(make_volunteer(name, **{"level": 6, **fields}))


def sure(name: str) -> Client:
    """Somebody whose vote says much: two of them settle a glitch."""
    volunteer = make_volunteer(name, level=6)
    blip = GlitchClass.objects.get(label="Blip")
    teach(volunteer, blip, blip, 50)
    return browser_of(volunteer)


def ask(client: Client, **query) -> list[dict]:
    return client.get(NEXT, query).json()["assignments"]


def names(assignments: list[dict]) -> list[str]:
    return [one["glitch"]["gravityspy_id"] for one in assignments]


def vote(client: Client, assignment: dict, label: str = "Blip", key: str = "", **more):
    body = {"assignment": assignment["id"], "label": label, **more}
    body["idempotency_key"] = key or str(uuid.uuid4())
    return client.post(VOTES, body, content_type="application/json")


def change(workflow: Workflow, **fields: object) -> None:
    """What an operator does in the admin, and the worker after it."""
    for name, value in fields.items():
        setattr(workflow, name, value)
    change_workflow(workflow, by=None)
    reevaluate_workflow(workflow.pk)


@contextmanager
def at_once(count: int, deed):
    """``deed(number)`` in so many threads at the same moment; no one of them may fail."""
    barrier, errors = threading.Barrier(count), []

    def run(number: int) -> None:
        try:
            barrier.wait(20)
            deed(number)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join(60)
    assert errors == []


# "Items shown long past their limit, counters wrong, two people given the same last vote."


@transactional
def test_the_last_vote_is_given_to_one_person_and_the_counters_are_right(house):
    for number in range(3):
        make_glitch(number)
    crowd = [person(f"v{number}") for number in range(8)]

    def work(number: int) -> None:
        """Label until nothing is left; who comes too late hears so and gets no glitch."""
        for _ in range(12):
            for assignment in ask(crowd[number], want=2):
                assert vote(crowd[number], assignment, "Blip").status_code == 201
                held = Glitch.objects.get(gravityspy_id=names([assignment])[0])
                assert held.votes_count + held.leases_open <= max(held.votes_needed, 2)

    with at_once(len(crowd), work):
        pass
    most = Workflow.objects.get(level=6).votes_max
    for glitch in Glitch.objects.all():
        votes = Vote.objects.filter(glitch=glitch)
        assert glitch.votes_count == votes.count() <= most
        assert glitch.leases_open == 0
        assert not votes.filter(after_retirement=True).exists()
        assert glitch.retired_at is not None


# "'Already seen' or 'retired' images again and again while unseen ones remain."


@in_database
def test_nobody_sees_a_glitch_twice_or_a_retired_one_while_others_wait(house):
    for number in range(9):
        make_glitch(number)
    ada, seen = person("ada"), Counter()
    Glitch.objects.filter(gravityspy_id="0000000003").update(
        retired_at=timezone.now(), retire_reason="human"
    )
    while waiting := ask(ada, want=3):
        seen.update(names(waiting[:1]))
        assert vote(ada, waiting[0]).status_code == 201
    assert seen == Counter(f"{number:010d}" for number in range(9) if number != 3)
    assert ada.get(NEXT).json()["nothing_left"] is True


# "One anonymous session votes 15 times on one image."


@in_database
def test_an_anonymous_session_votes_once_on_a_glitch(house, settings):
    settings.ANONYMOUS_VOTING = True
    glitch = make_glitch(1)
    visitor = Client()
    visitor.post("/visit/")
    User.objects.update(level=6)
    (assignment,) = ask(visitor)
    statuses = [vote(visitor, assignment, "Blip").status_code for _ in range(8)]
    statuses += [vote(visitor, assignment, "Whistle").status_code for _ in range(7)]
    assert statuses == [201] + [200] * 7 + [409] * 7
    visitor.post("/visit/")  # begins nothing new
    assert ask(visitor) == []
    glitch.refresh_from_db()
    assert (glitch.votes_count, Vote.objects.count(), User.objects.count()) == (1, 1, 1)


# "Raising the limit does not reopen finished items."


@in_database
def test_raising_the_limit_reopens_what_it_had_ended(house):
    top = Workflow.objects.get(level=6)
    change(top, votes_min=2, votes_max=2)
    make_glitch(1)
    for name, label in (("ada", "Blip"), ("ben", "Tomte")):
        client = person(name)
        vote(client, ask(client)[0], label)
    assert ask(person("cy")) == []  # at its limit, without agreement
    change(top, votes_max=5)
    assert names(ask(person("dee"))) == ["0000000001"]


# "Volunteers demoted or locked out when a workflow closes."


@in_database
def test_closing_levels_demotes_nobody_and_locks_nobody_out(house):
    make_glitch(1)
    make_glitch(2)
    Glitch.objects.filter(gravityspy_id="0000000001").update(workflow=Workflow.objects.get(level=2))
    ada, newcomer = person("ada", level=6), person("ben", level=1)
    (held,) = [a for a in ask(ada, want=3) if names([a]) == ["0000000002"]]
    Workflow.objects.filter(level__in=(1, 6)).update(is_open=False)
    assert vote(ada, held).status_code == 201  # lent before the level closed
    answer = ada.get(NEXT, {"want": 3}).json()
    assert (answer["level"], answer["levels"]) == (6, [2, 3, 4, 5])
    assert names(answer["assignments"]) == ["0000000001"]
    # Level 1 is closed and is all that a newcomer has reached: the lowest open one serves.
    answer = newcomer.get(NEXT).json()
    assert (answer["level"], answer["levels"]) == (1, [2])
    assert names(answer["assignments"]) == ["0000000001"]
    offered = set(answer["assignments"][0]["classes"])
    page = newcomer.get("/label/").content.decode()
    assert offered == set(re.findall(r'data-label="(\w+)"', page))
    Workflow.objects.update(is_open=True)
    assert ada.get(NEXT).json()["levels"] == [1, 2, 3, 4, 5, 6]


# "Progress bars stuck because retirement happens elsewhere."


@in_database
def test_progress_follows_retirement_wherever_it_happens(house):
    """By votes, by a changed policy and back, by an expert: each page follows at once."""
    for number in range(3):
        make_glitch(number)
    first, second, third = (f"{number:010d}" for number in range(3))
    ada, ben, rosa = sure("ada"), sure("ben"), person("rosa", role="reviewer")
    top = Workflow.objects.get(level=6)

    def answer(client: Client, wanted: str, label: str) -> None:
        vote(client, next(a for a in ask(client, want=3) if names([a]) == [wanted]), label)

    def told() -> tuple[int, int]:
        """Settled, says the front page; settled with your help, says Ada's progress."""
        settled = figure(rosa.get("/"), "settled")
        return settled, figure(ada.get("/progress/"), "glitch(?:es)? settled with your help")

    answer(ada, first, "Blip")
    answer(ben, first, "Blip")
    answer(ada, second, "Blip")
    assert told() == (1, 1)
    change(top, votes_min=1)
    assert told() == (2, 2)
    change(top, votes_min=2)
    assert told() == (1, 1)
    answer(ben, second, "Blip")
    assert told() == (2, 2)
    change(top, votes_max=2)
    answer(ada, third, "Blip")
    answer(ben, third, "Whistle")
    assert told() == (3, 3)
    assert rosa.post(f"/review/experts/{third}/", {"label": "Blip"}).status_code == 302
    assert told() == (3, 3)
    assert rosa.get("/api/v1/status").json()["open"] == 0


def figure(page, name: str) -> int:
    found = re.search(rf"<dt>{name}</dt><dd>(\d+)", page.content.decode())
    return int(found.group(1))


# "Lists slow because of COUNT and joins; no preloading of the next item."


@in_database
def test_no_list_is_counted_and_the_next_ones_come_with_the_vote(house, settings):
    for number in range(8):
        make_glitch(number)
    ada, rosa = person("ada"), person("rosa", role="reviewer")
    first = ask(ada, want=3)[0]
    settings.TAXONOMY_SECONDS = 60
    with CaptureQueriesContext(connection) as queries:
        answer = vote(ada, first, want=3).json()
    listed = [a["glitch"]["pictures"][0]["url"] for a in answer["next"]["assignments"]]
    assert len(listed) == 3
    with CaptureQueriesContext(connection) as of_lists:
        page = rosa.get("/api/v1/glitches", {"page_size": 2}).json()
        rosa.get(page["next"])
    statements = [query["sql"] for query in (*queries, *of_lists)]
    # One's own open leases are counted, three at most; never glitches or votes, and no page is
    # found by leaving out all pages before it.
    counted = [s for s in statements if re.search(r"SELECT COUNT\(\*\).{0,40}glitch", s, re.I)]
    assert counted == []
    assert not [s for s in statements if " OFFSET " in s]
    assert "count" not in page


# "Work lost when the network fails."


@in_database
def test_a_vote_sent_again_after_a_lost_answer_is_the_same_vote(house):
    make_glitch(1)
    ada, key = person("ada"), str(uuid.uuid4())
    (assignment,) = ask(ada)
    receipts = [vote(ada, assignment, "Blip", key) for _ in range(3)]
    assert [receipt.status_code for receipt in receipts] == [201, 200, 200]
    assert len({receipt.json()["vote"]["id"] for receipt in receipts}) == 1
    assert Glitch.objects.get().votes_count == 1


# "Annotators see others' answers."


@in_database
def test_what_a_volunteer_is_shown_before_the_vote_is_the_same_whatever_others_answered(house):
    """Every page and answer, byte for byte, before and after others have voted and commented."""
    glitch = make_glitch(1)
    change(Workflow.objects.get(level=6), votes_min=4)
    ada = person("ada")
    (assignment,) = ask(ada)
    addresses = [NEXT, "/label/", "/label/classes/", "/glitches/0000000001/", "/classes/"]

    def seen() -> list[str]:
        pages = [ada.get(address).content.decode() for address in addresses]
        return [re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page) for page in pages]

    before = seen()
    for name in ("ben", "cy"):
        other = sure(name)
        vote(other, ask(other)[0], "Koi_Fish")
        add_comment(other.user, glitch, "A fish, a fish!")
    assert seen() == before
    for forbidden in ("/api/v1/glitches", "/api/v1/glitches/0000000001", "/api/v1/labels.csv"):
        assert ada.get(forbidden).status_code == 403
    receipt = vote(ada, assignment, "Blip").json()
    assert "Koi_Fish" not in str(receipt)
    assert Comment.objects.count() == 2


# "Class list changes mid-project: rename, merge, version."


@in_database
def test_classes_may_be_renamed_born_and_retired_in_the_middle_of_the_work(house):
    """Each vote keeps the list that it was offered, and each result the list that it speaks of."""
    for number in range(4):
        make_glitch(number)
    ada = person("ada")
    before = ask(ada, want=3)
    GlitchClass.objects.filter(label="Koi_Fish").update(name_shown="Carp")
    add_class("Crown", "Crown", "Short arches in a row.")
    GlitchClass.objects.filter(label="Tomte").update(valid_to=timezone.now())
    # Lent before: the old list stands, with the class retired since and without the one born.
    assert vote(ada, before[0], "Tomte").status_code == 201
    assert vote(ada, before[1], "Koi_Fish").status_code == 201
    refused = vote(ada, before[2], "Crown")
    assert refused.json()["error"]["code"] == "class_not_offered"
    assert vote(ada, before[2], "Blip").status_code == 201
    (after,) = ask(ada)
    assert "Crown" in after["classes"]
    assert "Tomte" not in after["classes"]
    assert vote(ada, after, "Crown").status_code == 201
    offered = [set(vote.offered.labels) for vote in Vote.objects.order_by("pk")]
    assert [("Tomte" in labels, "Crown" in labels) for labels in offered] == (
        [(True, False)] * 3 + [(False, True)]
    )
    page = ada.get("/label/").content.decode()
    assert ("Carp" in page, 'data-label="Koi_Fish"' in page) == (True, True)
    for glitch in Glitch.objects.filter(consensus__isnull=False):
        assert len(glitch.consensus.agreement) == len(glitch.consensus.class_list.labels)


# "Reserved items of idle people starve the active ones."


@in_database
def test_what_idle_people_hold_comes_back_by_itself(house, settings):
    """No sweep runs here: whoever finds nothing left takes back what has run out."""
    make_glitch(1)
    idle = [person("ida"), person("ivo")]
    for one in idle:
        assert len(ask(one)) == 1
    assert ask(person("ada")) == []
    Assignment.objects.update(leased_until=timezone.now())
    assert names(ask(person("ben"))) == ["0000000001"]
    assert settings.LEASE_SECONDS <= 600
    # And the idle lose nothing: their answer is still taken, once.
    assert Assignment.objects.filter(state="expired").count() == 2
