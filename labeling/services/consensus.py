"""Consensus: the running posterior of a glitch, and what follows from it."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from labeling.models import Consensus, Glitch, GlitchClass, Vote, Workflow
from labeling.models.model_versions import Prediction
from labeling.selectors.classes import all_classes, labels_of, offered_classes
from labeling.selectors.skills import class_places, skill_counts
from labeling.selectors.versions import active_prediction
from labeling.services.classes import freeze_class_list
from ml.crowd.consensus import Agreement, CastVote, Vector, mix_prior, rule_named
from ml.crowd.retirement import Outcome, RetirementPolicy, decide
from ml.crowd.skill import Matrix, confusion_matrix


@dataclass(frozen=True)
class Axis:
    """The classes that a posterior speaks of, and where each stands in it."""

    classes: list[GlitchClass]
    place: dict[int, int]
    by_label: dict[str, int]
    none_of_the_above: int

    @classmethod
    def load(cls) -> "Axis":
        classes = all_classes()
        return cls(
            classes=classes,
            place=class_places(classes),
            by_label={c.label: index for index, c in enumerate(classes)},
            none_of_the_above=next(i for i, c in enumerate(classes) if c.is_none_of_the_above),
        )

    def mask(self, labels: list[str]) -> NDArray[np.bool_]:
        offered = np.zeros(len(self.classes), dtype=bool)
        offered[[self.by_label[label] for label in labels]] = True
        offered[self.none_of_the_above] = True
        return offered


def class_prior(axis: Axis) -> Vector:
    """(C,) shares of the classes among labeled glitches; uniform where none is known yet."""
    known = np.array([c.prior if c.prior is not None else np.nan for c in axis.classes])
    fallback = 1.0 / len(axis.classes)
    prior = np.where(np.isnan(known), fallback, known)
    return prior / prior.sum()


def classifier_probabilities(axis: Axis, prediction: Prediction | None) -> Vector | None:
    """(C,) what the active classifier says, 0 for classes that it does not know."""
    if prediction is None or prediction.model_version.class_list is None:
        return None
    classifier = np.zeros(len(axis.classes))
    labels = prediction.model_version.class_list.labels
    for label, probability in zip(labels, prediction.probabilities, strict=True):
        classifier[axis.by_label[label]] = probability
    return classifier


def _cast_votes(axis: Axis, votes: list[Vote]) -> list[CastVote]:
    counts = skill_counts({vote.volunteer_id for vote in votes}, axis.place)
    skills: dict[int, Matrix] = {v: confusion_matrix(c) for v, c in counts.items()}
    return [
        CastVote(
            voted=axis.place[vote.voted_id],
            offered=axis.mask(vote.offered.labels),
            confusion=skills[vote.volunteer_id],
            counts=counts[vote.volunteer_id],
        )
        for vote in votes
        if vote.voted_id is not None and vote.offered is not None
    ]


def compute_agreement(
    axis: Axis, rule: str, prediction: Prediction | None, votes: list[Vote]
) -> Agreement:
    """The agreement on one glitch from its raw votes: the same votes give the same answer."""
    classifier = classifier_probabilities(axis, prediction)
    prior = mix_prior(class_prior(axis), classifier, axis.none_of_the_above)
    agree = rule_named(rule)
    return agree(prior, _cast_votes(axis, votes), axis.none_of_the_above, classifier=classifier)


def update_consensus(glitch: Glitch, workflow: Workflow, now: datetime) -> bool:
    """Bring a glitch's consensus up to date after a vote; True where that retired it.

    The caller holds the glitch's row and has counted the vote on it; ``workflow`` is the level
    where the glitch is now.
    """
    axis = Axis.load()
    cast = Vote.objects.filter(glitch=glitch, batch=None)
    votes = list(cast.select_related("offered", "workflow"))
    prediction = active_prediction(glitch.pk)
    agreement = compute_agreement(axis, workflow.rule, prediction, votes)
    Consensus.objects.update_or_create(
        glitch=glitch,
        defaults={
            "class_list": freeze_class_list(labels_of(axis.classes)),
            "agreement": [round(float(p), 6) for p in np.clip(agreement.by_class, 0, 1)],
            "top_class": axis.classes[agreement.top],
            "top_agreement": agreement.value,
            "votes_count": len(votes),
            "rule": workflow.rule,
            "model_version": prediction.model_version if prediction else None,
        },
    )
    return _follow(glitch, workflow, axis, agreement, votes, now)


def _follow(
    glitch: Glitch,
    workflow: Workflow,
    axis: Axis,
    agreement: Agreement,
    votes: list[Vote],
    now: datetime,
) -> bool:
    """Do what the policy says: retire, move up a level, or ask for one more vote."""
    above = Workflow.objects.filter(is_open=True, level__gt=workflow.level).first()
    offered = axis.mask(labels_of(offered_classes(workflow)))
    none_of_the_above = agreement.by_class[axis.none_of_the_above]
    outcome = decide(
        RetirementPolicy(workflow.retire_threshold, workflow.votes_min, workflow.votes_max),
        agreement,
        votes_here=sum(
            v.workflow is not None and v.workflow.level >= workflow.level for v in votes
        ),
        elsewhere=float(agreement.by_class[~offered].sum() + none_of_the_above),
        top_was_offered=bool(offered[agreement.top]),
        top_is_none_of_the_above=agreement.top == axis.none_of_the_above,
        is_top_level=above is None,
    )
    if outcome == Outcome.MOVE_UP and above is not None:
        glitch.workflow = above
    if outcome == Outcome.RETIRE_CONSENSUS:
        glitch.retire(Glitch.RetireReason.CONSENSUS, now)
    elif outcome == Outcome.RETIRE_NO_CONSENSUS:
        glitch.retire(Glitch.RetireReason.CLASSIFICATION_COUNT, now)
    else:
        # One vote at a time beyond the minimum: two people never give the same last vote.
        glitch.votes_needed = max(glitch.votes_count + 1, workflow.votes_min)
    glitch.save(update_fields=["workflow", "votes_needed", "retired_at", "retire_reason"])
    return glitch.retired_at is not None
