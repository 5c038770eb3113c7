"""Consensus: the running posterior of a glitch, and what follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Subquery
from django.db.models.functions import JSONObject

from labeling.models import Consensus, Glitch, Prediction, Vote
from labeling.services.skills import matrices
from labeling.services.taxonomy import Level, Taxonomy, current_taxonomy
from ml.crowd.consensus import Agreement, CastVote, Vector, mix_prior, rule_named
from ml.crowd.retirement import Outcome, RetirementPolicy, decide


@dataclass(frozen=True)
class Evidence:
    """What is known of one glitch: its votes in their order, and the active classifier's opinion.

    ``votes`` hold ``voted``, ``offered``, ``workflow`` and ``skill`` (ids); ``probabilities`` are
    in the order of the version's class list.
    """

    votes: Sequence[dict[str, Any]]
    probabilities: Sequence[float] | None


def read_evidence(glitch_id: int, taxonomy: Taxonomy) -> Evidence:
    """All of it in one query. Each vote comes with its volunteer's skill of now."""
    votes = (
        Vote.objects.filter(glitch=OuterRef("pk"), batch=None)
        .order_by("pk")
        .values(
            json=JSONObject(
                voted="voted_id",
                offered="offered_id",
                workflow="workflow_id",
                skill="volunteer__skill_id",
            )
        )
    )
    predictions = Prediction.objects.filter(
        glitch=OuterRef("pk"), model_version=taxonomy.version
    ).values("probabilities")
    found = (
        Glitch.objects.filter(pk=glitch_id)
        .annotate(cast=ArraySubquery(votes), probabilities=Subquery(predictions))
        .values_list("cast", "probabilities")
        .get()
    )
    return Evidence(*found)


def classifier_probabilities(taxonomy: Taxonomy, evidence: Evidence) -> Vector | None:
    """(C,) what the active classifier says, 0 for classes that it does not know."""
    version = taxonomy.version
    if evidence.probabilities is None or version is None or version.class_list is None:
        return None
    classifier = np.zeros(len(taxonomy.axis.classes))
    places = [taxonomy.axis.by_label[label] for label in version.class_list.labels]
    classifier[places] = evidence.probabilities
    return classifier


def cast_votes(taxonomy: Taxonomy, votes: Sequence[dict[str, Any]]) -> list[CastVote]:
    """The votes with the skills behind them, as the rules need them."""
    axis = taxonomy.axis
    cast = []
    for vote in votes:
        skill = matrices(vote["skill"], axis.ids)
        cast.append(
            CastVote(
                voted=axis.ids.index(vote["voted"]),
                offered=axis.mask(taxonomy.labels_of_list(vote["offered"])),
                confusion=skill.confusion,
                counts=skill.counts,
            )
        )
    return cast


def update_consensus(glitch: Glitch, now: datetime) -> None:
    """Bring a glitch's consensus up to date after a vote, and set on it what follows.

    The caller holds the glitch's row, has counted the vote on the object and saves it
    (``FOLLOWS`` and the counts): one write for both.
    """
    taxonomy = current_taxonomy()
    level = taxonomy.level_of(glitch.workflow_id)
    if level is None:
        return
    evidence = read_evidence(glitch.pk, taxonomy)
    classifier = classifier_probabilities(taxonomy, evidence)
    axis = taxonomy.axis
    prior = mix_prior(axis.class_prior(), classifier, axis.none_of_the_above)
    agreement = rule_named(level.workflow.rule)(
        prior, cast_votes(taxonomy, evidence.votes), axis.none_of_the_above, classifier=classifier
    )
    _store(glitch, level, taxonomy, agreement, prior, evidence)
    _follow(glitch, level, taxonomy, agreement, evidence.votes, now)


FOLLOWS = ("workflow", "votes_needed", "retired_at", "retire_reason")


def _store(
    glitch: Glitch,
    level: Level,
    taxonomy: Taxonomy,
    agreement: Agreement,
    prior: Vector,
    evidence: Evidence,
) -> None:
    axis = taxonomy.axis
    row = Consensus(
        glitch=glitch,
        class_list=axis.class_list,
        agreement=[round(float(p), 6) for p in np.clip(agreement.by_class, 0, 1)],
        top_class=axis.classes[agreement.top],
        top_agreement=agreement.value,
        votes_count=len(evidence.votes),
        rule=level.workflow.rule,
        prior=[round(float(p), 6) for p in prior],
        skills=[vote["skill"] for vote in evidence.votes],
        model_version=taxonomy.version if evidence.probabilities is not None else None,
    )
    Consensus.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["glitch"],
        update_fields=[
            *("class_list", "agreement", "top_class", "top_agreement", "votes_count"),
            *("rule", "prior", "skills", "model_version", "updated_at"),
        ],
    )


def _follow(
    glitch: Glitch,
    level: Level,
    taxonomy: Taxonomy,
    agreement: Agreement,
    votes: Sequence[dict[str, Any]],
    now: datetime,
) -> None:
    """Do what the policy says: retire, move up a level, or ask for one more vote."""
    workflow, axis = level.workflow, taxonomy.axis
    above = next((v for v in taxonomy.open_levels if v.workflow.level > workflow.level), None)
    height = {v.workflow.pk: v.workflow.level for v in taxonomy.levels}
    none_of_the_above = agreement.by_class[axis.none_of_the_above]
    outcome = decide(
        RetirementPolicy(workflow.retire_threshold, workflow.votes_min, workflow.votes_max),
        agreement,
        votes_here=sum(height.get(vote["workflow"], 0) >= workflow.level for vote in votes),
        elsewhere=float(agreement.by_class[~level.mask].sum() + none_of_the_above),
        top_was_offered=bool(level.mask[agreement.top]),
        top_is_none_of_the_above=agreement.top == axis.none_of_the_above,
        is_top_level=above is None,
    )
    if outcome == Outcome.MOVE_UP and above is not None:
        glitch.workflow = above.workflow
    if outcome == Outcome.TO_REVIEWER:
        # The reviewers' list holds what is retired without agreement.
        glitch.retire(Glitch.RetireReason.CLASSIFICATION_COUNT, now)
    elif outcome.reason is not None:
        glitch.retire(Glitch.RetireReason(outcome.reason), now)
    else:
        # One vote at a time beyond the minimum: two people never give the same last vote.
        glitch.votes_needed = max(glitch.votes_count + 1, workflow.votes_min)
