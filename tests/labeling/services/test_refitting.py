"""A refit: all skills at once or none, nothing lost meanwhile, nothing changed when run again."""

from datetime import timedelta

import numpy as np
import pytest
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone

from labeling.models import (
    AgreedAnswers,
    Consensus,
    Glitch,
    GoldLabel,
    LearnedPrior,
    Skill,
    SkillRefit,
    User,
    Vote,
)
from labeling.selectors.skills import gold_answers_by_class
from labeling.selectors.votes import all_votes
from labeling.services import refitting, skill_priors
from labeling.services.agreed import count_agreed_answers
from labeling.services.gold import add_gold_label
from labeling.services.recomputing import find_differences
from labeling.services.refitting import follow_up_refits, refit_if_due, refit_skills
from tests.conftest import make_glitch, teach
from tests.labeling.crowds import at_once, cast

pytestmark = pytest.mark.django_db
NAMES = ("ada", "ben", "cy", "dan")


def later() -> timezone.datetime:
    return timezone.now() + timedelta(hours=2)


@pytest.fixture
def voted(taxonomy, monkeypatch):
    """Eight glitches settled as Blip, on which dan alone says Tomte; one gold; two still open."""
    monkeypatch.setattr(skill_priors, "VOLUNTEERS_MIN", 4)
    monkeypatch.setattr(skill_priors, "ANSWERS_MIN", 10)
    for name in NAMES:
        teach(at_once(name), taxonomy["Blip"], taxonomy["Blip"], 1)
    User.objects.update(gold_seen=1)
    for number in range(8):
        glitch = make_glitch(number)
        for name in NAMES:
            cast(at_once(name), glitch, "Tomte" if name == "dan" else "Blip")
    for number in (8, 9):
        cast(at_once("dan"), make_glitch(number), "Whistle")
    return taxonomy


def agreed_of(name: str) -> AgreedAnswers | None:
    return User.objects.get(username=name).skill.agreed


def test_every_vote_is_read_with_what_is_known_of_its_glitch(voted):
    settled = Glitch.objects.filter(retired_at__isnull=False)
    assert settled.count() == 8
    count_agreed_answers(later())
    gold = GoldLabel.objects.create(
        glitch=make_glitch(8), glitch_class=voted["Tomte"], split="train"
    )
    votes = all_votes()
    rows = Vote.objects.order_by("pk").values_list("glitch", "volunteer", "voted", "offered")
    read = np.stack([votes.glitch, votes.volunteer, votes.voted, votes.offered], axis=1)
    assert sorted(map(tuple, read.tolist())) == sorted(rows)
    is_gold = votes.glitch == gold.glitch_id
    assert set(votes.gold[is_gold]) == {voted["Tomte"].pk}
    assert set(votes.gold[~is_gold]) == {0}
    counted = set(settled.values_list("pk", flat=True)) | {gold.glitch_id}
    assert set(votes.glitch[votes.is_counted]) == counted
    assert votes.at == pytest.approx(timezone.now().timestamp(), abs=600)


def test_a_refit_replaces_what_was_counted_and_leaves_gold_alone(voted):
    made = refit_skills(later())
    assert made.votes == Vote.objects.count() == 34
    assert made.prior == LearnedPrior.objects.latest("pk")
    ada, dan = agreed_of("ada"), agreed_of("dan")
    assert (ada.answers, dan.answers) == (8, 8)
    blip, tomte = voted["Blip"].pk, voted["Tomte"].pk
    cells = {name: cells_of(agreed_of(name)) for name in ("ada", "dan")}
    assert max(cells["ada"], key=cells["ada"].get) == (blip, blip)
    assert max(cells["dan"], key=cells["dan"].get) == (blip, tomte)
    assert gold_answers_by_class(User.objects.get(username="dan").skill) == {blip: (1, 1)}


def cells_of(row: AgreedAnswers) -> dict[tuple[int, int], float]:
    return dict(zip(zip(row.truths, row.votes, strict=True), row.weights, strict=True))


def test_open_glitches_are_judged_by_the_new_skills_and_prior(voted):
    before = dict(Consensus.objects.values_list("glitch", "agreement"))
    made = refit_skills(later())
    open_ids = set(Glitch.objects.filter(retired_at=None).values_list("pk", flat=True))
    named = Consensus.objects.filter(skill_prior=made.prior)
    assert set(named.values_list("glitch", flat=True)) == open_ids
    assert all(row.agreement != before[row.glitch_id] for row in named)
    made.refresh_from_db()
    assert made.finished_at is not None
    assert list(find_differences()) == []


def test_without_a_new_vote_or_label_nothing_changes(voted):
    refit_skills(later())
    skills = list(Skill.objects.order_by("pk").values_list("pk", flat=True))
    assert refit_skills(later()) is None
    assert list(Skill.objects.order_by("pk").values_list("pk", flat=True)) == skills
    add_gold_label(Glitch.objects.filter(retired_at=None).first(), voted["Koi_Fish"], by=None)
    assert refit_skills(later()) is not None


def test_the_same_votes_give_the_same_skills(voted):
    refit_skills(later())
    first = {name: cells_of(agreed_of(name)) for name in NAMES}
    SkillRefit.objects.update(last_vote=0)
    refit_skills(later())
    second = {name: cells_of(agreed_of(name)) for name in NAMES}
    assert {n: pytest.approx(c) for n, c in first.items()} == second


def test_an_answer_on_gold_and_a_vote_during_the_fit_are_there_afterwards(voted, monkeypatch):
    fit = refitting.refit

    def while_others_answer(history):
        teach(at_once("ada"), voted["Koi_Fish"], voted["Koi_Fish"], 1)
        cast(at_once("ada"), make_glitch(20), "Blip")
        return fit(history)

    monkeypatch.setattr(refitting, "refit", while_others_answer)
    made = refit_skills(later())
    ada = User.objects.get(username="ada")
    assert gold_answers_by_class(ada.skill)[voted["Koi_Fish"].pk] == (1, 1)
    assert ada.skill.agreed.answers == 8
    assert made.votes == Vote.objects.count() - 1
    monkeypatch.undo()
    monkeypatch.setattr(skill_priors, "VOLUNTEERS_MIN", 4)
    monkeypatch.setattr(skill_priors, "ANSWERS_MIN", 10)
    assert refit_skills(later()).votes == Vote.objects.count()


@pytest.mark.parametrize("dies_in", ["refit", "store_agreed", "store_prior", "switch_agreed"])
def test_killed_before_the_switch_it_leaves_no_trace(voted, monkeypatch, dies_in):
    count_agreed_answers(later())
    before = dict(User.objects.values_list("username", "skill"))
    rows = AgreedAnswers.objects.count()

    def die(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(refitting, dies_in, die)
        with pytest.raises(KeyboardInterrupt):
            refit_skills(later())
    assert dict(User.objects.values_list("username", "skill")) == before
    assert AgreedAnswers.objects.count() == rows
    assert not SkillRefit.objects.exists()
    assert refit_skills(later()) is not None


def test_killed_after_the_switch_another_worker_goes_on(voted, monkeypatch):
    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(refitting, "refresh_some", die)
        with pytest.raises(KeyboardInterrupt):
            refit_skills(later())
    assert SkillRefit.objects.get().finished_at is None
    assert follow_up_refits() == 2
    assert follow_up_refits() == 0
    assert list(find_differences()) == []


def test_the_task_does_it_once_a_day(voted):
    now = later()
    assert refit_if_due(now) is not None
    cast(at_once("eve"), make_glitch(30), "Blip")
    assert refit_if_due(now + timedelta(hours=19)) is None
    SkillRefit.objects.update(created_at=F("created_at") - timedelta(hours=2))
    assert refit_if_due(now + timedelta(hours=19)) is not None


def test_the_command_says_what_it_found(voted, capsys):
    settled = Glitch.objects.filter(retired_at__isnull=False)
    settled.update(retired_at=F("retired_at") - timedelta(hours=2))
    call_command("refit_skills")
    assert "34 votes" in capsys.readouterr().out
    call_command("refit_skills")
    assert "Nothing to refit" in capsys.readouterr().out
