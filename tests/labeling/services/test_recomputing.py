"""Consensus from the raw votes gives what the running one gave."""

import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from labeling.models import Consensus, Glitch, GlitchClass, LearnedPrior, User, Workflow
from labeling.services import skill_priors
from labeling.services.agreed import count_agreed_answers
from labeling.services.assignments import next_assignments
from labeling.services.classes import add_class
from labeling.services.consensus import update_consensus
from labeling.services.recomputing import find_differences, refresh_all
from labeling.services.skill_priors import store_prior
from labeling.services.standing import Standing, read_evidence
from labeling.services.taxonomy import current_taxonomy
from labeling.services.votes import record_vote
from tests.conftest import make_glitch, make_volunteer, teach
from tests.labeling.crowds import at_once, cast

pytestmark = pytest.mark.django_db


def let_a_crowd_vote(rounds: int) -> None:
    """Skills change all the while: every third answer is on gold."""
    rng = np.random.default_rng(3)
    blip, tomte = GlitchClass.objects.get(label="Blip"), GlitchClass.objects.get(label="Tomte")
    for _ in range(rounds):
        for volunteer in User.objects.all():
            for assignment in next_assignments(volunteer, rng=rng):
                label = str(rng.choice(["Blip", "Tomte", "None_of_the_Above"]))
                record_vote(volunteer, assignment.pk, idempotency_key=uuid.uuid4(), label=label)
            if rng.random() < 0.3:
                teach(
                    User.objects.get(pk=volunteer.pk),
                    blip,
                    blip if rng.random() < 0.8 else tomte,
                    1,
                )


@pytest.fixture(params=["bayes", "gravity_spy"])
def voted(request, taxonomy, monkeypatch):
    monkeypatch.setattr(skill_priors, "VOLUNTEERS_MIN", 1)
    monkeypatch.setattr(skill_priors, "ANSWERS_MIN", 0)
    Workflow.objects.update(rule=request.param)
    for number in range(12):
        make_glitch(number)
    for name in ("ada", "ben", "cy", "dan"):
        make_volunteer(name, level=6, votes_cast=100)
    let_a_crowd_vote(4)
    store_prior(timezone.now())
    add_class("Crown", "Crown", "")  # the axis grows
    let_a_crowd_vote(2)
    count_agreed_answers(timezone.now() + timedelta(hours=2))
    store_prior(timezone.now())
    let_a_crowd_vote(2)


def test_the_same_numbers_come_out(voted):
    assert Consensus.objects.count() > 9
    priors = set(LearnedPrior.objects.values_list("pk", flat=True))
    assert priors <= set(Consensus.objects.values_list("skill_prior", flat=True))
    assert list(find_differences()) == []
    call_command("recompute_consensus")


def test_a_row_changed_by_hand_is_found(voted):
    row = Consensus.objects.earliest("pk")
    row.agreement = [0.25] * len(row.agreement)
    row.save()
    (found,) = find_differences()
    assert found.gravityspy_id == row.glitch.gravityspy_id
    with pytest.raises(CommandError, match="1 consensus rows do not follow"):
        call_command("recompute_consensus")


def test_a_result_from_before_the_record_is_told_apart(voted, capsys):
    Consensus.objects.filter(pk=Consensus.objects.earliest("pk").pk).update(prior=[], skills=[])
    assert list(find_differences()) == []
    call_command("recompute_consensus")
    assert "1 are older than the record" in capsys.readouterr().out


def test_a_result_from_when_late_votes_counted_once_reopened_is_proved_by_them(taxonomy):
    glitch = make_glitch(1)
    cast(at_once("ada"), glitch, "Blip")
    Glitch.objects.update(retired_at=timezone.now(), retire_reason="classification_count")
    cast(at_once("ben"), glitch, "Tomte")
    glitch.refresh_from_db()
    all_votes = read_evidence(glitch.pk, None, with_late=True)
    update_consensus(Standing.of(glitch), current_taxonomy(), all_votes, timezone.now())
    assert Consensus.objects.get().votes_count == 2
    assert list(find_differences()) == []


def test_a_refresh_goes_by_the_skills_of_now_and_leaves_the_retired_alone(voted):
    before = dict(Consensus.objects.values_list("glitch_id", "skills"))
    ada = User.objects.get(username="ada")
    blip = GlitchClass.objects.get(label="Blip")
    teach(ada, blip, blip, 5)
    open_ids = set(
        Glitch.objects.filter(retired_at=None, votes_count__gt=0).values_list("pk", flat=True)
    )
    assert refresh_all() == len(open_ids)
    after = dict(Consensus.objects.values_list("glitch_id", "skills"))
    changed = {pk for pk in before if before[pk] != after[pk]}
    assert changed <= open_ids
    assert list(find_differences()) == []
