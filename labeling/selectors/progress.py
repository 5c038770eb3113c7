"""What a volunteer may know of the own votes: never what others think of a glitch still open."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from labeling.models import Consensus, Glitch, GlitchClass, GoldLabel, User, Vote
from labeling.selectors.assignments import render_reference
from labeling.selectors.skills import gold_answers_by_class
from ml.crowd.interval import accuracy_interval

RECENT = 24


@dataclass(frozen=True)
class ClassAccuracy:
    """Answers on gold of one class."""

    class_id: int
    label: str
    name_shown: str
    right: int
    seen: int

    @property
    def share(self) -> float:
        return self.right / self.seen if self.seen else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Between which accuracies the true one lies with a probability of 90 %."""
        return accuracy_interval(self.right, self.seen)


@dataclass(frozen=True)
class RecentVote:
    """One vote. ``outcome``: what is known by now, in words; ``agrees`` where it is known."""

    glitch: dict[str, Any]
    is_simulated: bool
    answer: str
    outcome: str
    agrees: bool | None
    at: Any


def accuracy_by_class(volunteer: User, class_ids: list[int] | None = None) -> list[ClassAccuracy]:
    """Answers on gold by true class: of the classes given, else of those answered at all."""
    answers = gold_answers_by_class(volunteer.skill)
    wanted = list(answers) if class_ids is None else class_ids
    return [
        ClassAccuracy(c.pk, c.label, c.name_shown, *answers.get(c.pk, (0, 0)))
        for c in GlitchClass.objects.filter(pk__in=wanted)
    ]


def recent_votes(volunteer: User) -> list[RecentVote]:
    """The latest votes, newest first: a fixed number of queries."""
    return _with_outcomes(Vote.objects.filter(volunteer=volunteer).order_by("-pk")[:RECENT])


def vote_on(glitch: Glitch, volunteer: User) -> RecentVote | None:
    """The volunteer's vote on the class of a glitch, and what came of it."""
    mine = Vote.objects.filter(volunteer=volunteer, glitch=glitch, batch=None)
    return next(iter(_with_outcomes(mine)), None)


def _with_outcomes(chosen: QuerySet[Vote]) -> list[RecentVote]:
    votes = list(
        chosen.select_related("glitch", "voted", "batch__proposal").prefetch_related(
            "glitch__pictures"
        )
    )
    glitch_ids = [vote.glitch_id for vote in votes]
    gold = {
        g.glitch_id: g.glitch_class
        for g in GoldLabel.objects.filter(glitch__in=glitch_ids).select_related("glitch_class")
    }
    # Only of glitches that are settled: what others think of an open one would lead the vote.
    consensus = {
        c.glitch_id: c
        for c in Consensus.objects.filter(
            glitch__in=glitch_ids, glitch__retired_at__isnull=False
        ).select_related("top_class")
    }
    return [_recent(v, gold.get(v.glitch_id), consensus.get(v.glitch_id)) for v in votes]


def _recent(vote: Vote, gold: GlitchClass | None, consensus: Consensus | None) -> RecentVote:
    outcome, agrees = _outcome(vote, gold, consensus)
    return RecentVote(
        glitch=render_reference(vote.glitch),
        is_simulated=vote.glitch.is_simulated,
        answer=vote.voted.name_shown if vote.voted else _alike(vote),
        outcome=outcome,
        agrees=agrees,
        at=vote.created_at,
    )


def _alike(vote: Vote) -> str:
    name = vote.batch.proposal.name.replace("_", " ") if vote.batch else ""
    said = _("Looks like “%(name)s”") if vote.alike else _("Does not look like “%(name)s”")
    return said % {"name": name}


def _outcome(
    vote: Vote, gold: GlitchClass | None, consensus: Consensus | None
) -> tuple[str, bool | None]:
    if vote.batch_id is not None:
        return _("part of a vote on a new class"), None
    if vote.was_gold and gold is not None:
        return _("experts say %(name)s") % {"name": gold.name_shown}, vote.voted_id == gold.pk
    if vote.glitch.retire_reason == vote.glitch.RetireReason.CLASSIFICATION_COUNT:
        return _("volunteers disagreed; an expert will look"), None
    if consensus is None:
        return _("still open: others are looking"), None
    agreed = _("settled as %(name)s, agreement %(share)s") % {
        "name": consensus.top_class.name_shown,
        "share": f"{consensus.top_agreement:.0%}",
    }
    return agreed, vote.voted_id == consensus.top_class_id
