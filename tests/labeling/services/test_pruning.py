"""Pruning: what nothing names goes, and a vote on its way keeps what it has read."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from labeling.models import AgreedAnswers, Consensus, GlitchClass, Skill, User
from labeling.services import pruning
from labeling.services import votes as voting
from labeling.services.agreed import store_agreed, switch_agreed
from labeling.services.classes import load_gravity_spy
from labeling.services.pruning import prune_some_skills
from labeling.services.recomputing import find_differences
from tests.conftest import make_glitch, teach
from tests.labeling.crowds import at_once, cast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """One row is worth the reading of the votes."""
    monkeypatch.setattr(pruning, "STALE_MIN", 1)
    load_gravity_spy()


def later() -> timezone.datetime:
    return timezone.now() + timedelta(hours=2)


def answer_gold(name: str, times: int = 1) -> None:
    blip = GlitchClass.objects.get(label="Blip")
    teach(User.objects.get(username=name), blip, blip, times)


def skills_of(name: str) -> set[int]:
    return set(Skill.objects.filter(volunteer__username=name).values_list("pk", flat=True))


def named() -> set[int]:
    return {pk for row in Consensus.objects.all() for pk in row.skills if pk is not None}


def test_what_a_consensus_or_a_user_names_stays():
    """Of ada's rows the third is named by a consensus, the sixth is her current one."""
    at_once("ada")
    answer_gold("ada", 3)
    third = User.objects.get(username="ada").skill_id
    cast(at_once("ada"), make_glitch(1), "Blip")
    answer_gold("ada", 3)
    sixth = User.objects.get(username="ada").skill_id
    assert len(skills_of("ada")) == 6
    last = prune_some_skills(0, later())
    assert skills_of("ada") == {third, sixth}
    assert last == User.objects.get(username="ada").pk
    assert prune_some_skills(last, later()) is None
    assert list(find_differences()) == []


def test_what_was_replaced_within_the_hour_stays():
    at_once("ada")
    answer_gold("ada", 3)
    prune_some_skills(0, timezone.now())
    assert len(skills_of("ada")) == 3


def test_agreed_answers_go_with_the_last_skill_that_names_them():
    ada = at_once("ada")
    rows = []
    for _ in range(2):
        new = AgreedAnswers(volunteer=ada, truths=[], votes=[], weights=[], answers=1)
        switch_agreed(store_agreed([new]), timezone.now())
        rows.append(new.pk)
    prune_some_skills(0, later())
    assert list(AgreedAnswers.objects.values_list("pk", flat=True)) == rows[1:]
    assert User.objects.get(username="ada").skill.agreed_id == rows[1]


def test_a_skill_that_a_vote_has_read_and_not_named_yet_stays(monkeypatch):
    """Ben's vote has read ada's skill; she answers gold, and the sweep comes before he commits."""
    ada, ben = at_once("ada"), at_once("ben")
    glitch = make_glitch(1)
    answer_gold("ada")
    cast(ada, glitch, "Blip")
    Consensus.objects.all().delete()  # so that only ben's vote will name her skill
    read = User.objects.get(username="ada").skill_id
    has_read, may_go_on = threading.Event(), threading.Event()
    update = voting.update_consensus

    def wait_after_reading(*given):
        has_read.set()
        assert may_go_on.wait(60)
        update(*given)

    monkeypatch.setattr(voting, "update_consensus", wait_after_reading)
    vote = in_thread(cast, ben, glitch, "Blip")
    assert has_read.wait(60)
    answer_gold("ada")
    assert prune_some_skills(0, later(), wait_seconds=0.3) is None  # it sees the vote and leaves
    assert read in skills_of("ada")
    sweep = in_thread(prune_some_skills, 0, later(), wait_seconds=60)
    may_go_on.set()
    vote.join()
    sweep.join()
    assert (vote.errors, sweep.errors) == ([], [])
    assert read in named()
    assert read in skills_of("ada")
    assert list(find_differences()) == []


class Worker(threading.Thread):
    errors: list[Exception]


def in_thread(function, *given, **named_ones) -> Worker:
    """Runs on a connection of its own; what went wrong is in ``errors``."""

    def work():
        try:
            function(*given, **named_ones)
        except Exception as error:
            thread.errors.append(error)
        finally:
            connection.close()

    thread = Worker(target=work)
    thread.errors = []
    thread.start()
    return thread
