"""Consensus: the running posterior of a glitch, and what follows from it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
from django.conf import settings

from labeling.models import Glitch, ModelVersion, Workflow
from labeling.services.skills import matrices
from labeling.services.standing import (
    CastBefore,
    Evidence,
    Standing,
    read_evidence,
    write_agreed,
)
from labeling.services.taxonomy import Axis, Level, Mask, Taxonomy, current_taxonomy
from ml.crowd.consensus import Agreement, CastVote, Vector, mix_prior, rule_named
from ml.crowd.retirement import Outcome, decide, no_consensus
from ml.crowd.visitors import unless_alone


def classifier_probabilities(
    axis: Axis, version: ModelVersion | None, probabilities: Sequence[float] | None
) -> Vector | None:
    """(C,) what the version says of a glitch, 0 for classes that it does not know."""
    if probabilities is None or version is None or version.class_list is None:
        return None
    classifier = np.zeros(len(axis.ids))
    classifier[[axis.by_label[label] for label in version.class_list.labels]] = probabilities
    return classifier


def posterior(
    axis: Axis,
    version: ModelVersion | None,
    agreement: Sequence[float] | None,
    probabilities: Sequence[float] | None,
) -> Vector:
    """(C,) what is believed of a glitch now, summing to 1: its consensus, else its prior.

    Args:
        agreement: the stored one, on the classes of its time, which may be a moment newer than
            the axis; None before the first vote.
        probabilities: the version's; None where there are none.
    """
    if agreement is not None:
        known = agreement[: len(axis.ids)]
        believed = np.pad(np.asarray(known, dtype=np.float64), (0, len(axis.ids) - len(known)))
        if believed.sum() > 0:
            return believed / believed.sum()
    classifier = classifier_probabilities(axis, version, probabilities)
    return mix_prior(axis.class_prior, classifier, axis.none_of_the_above)


def cast_votes(
    axis: Axis,
    mask_of: Callable[[int], Mask],
    votes: Sequence[CastBefore],
    skill_prior: int | None,
) -> list[CastVote]:
    """The votes with the skills behind them, as the rules need them.

    ``mask_of``: id of a list of classes -> (C,) what it offers on the axis; ``skill_prior``: id of
    the stored prior that the skills are read with.
    """
    skills = [matrices(vote.skill, axis.ids, skill_prior) for vote in votes]
    return [
        CastVote(axis.ids.index(vote.voted), mask_of(vote.offered), skill.confusion, skill.counts)
        for vote, skill in zip(votes, skills, strict=True)
    ]


def _weighed(votes: Sequence[CastBefore], rule: str) -> list[CastBefore]:
    """The votes with the skills that the rule goes by.

    In Gravity Spy's a vote without an account adds nothing, as that of somebody without gold: it
    is stored with a newcomer's skill, so that it comes out the same once its voter has signed up.
    """
    leaves_out = rule == Workflow.Rule.GRAVITY_SPY
    return [replace(v, skill=None) if leaves_out and v.by_visitor else v for v in votes]


def update_consensus(
    standing: Standing, taxonomy: Taxonomy, evidence: Evidence, now: datetime
) -> None:
    """Bring a glitch's consensus up to date after a vote, and do what follows from it.

    The caller holds the glitch's row, has stored the vote and counted it; ``standing`` is written
    with the consensus. Without a level the glitch only keeps its count.
    """
    if not all(taxonomy.knows(vote.offered) for vote in evidence.votes):
        # Another process has offered a class that was born since this taxonomy was read. The
        # version may be another now too: what it says of the glitch goes with it.
        taxonomy = current_taxonomy(newer=True)
        version = taxonomy.version.pk if taxonomy.version else None
        evidence = read_evidence(standing.glitch_id, version)
    level = taxonomy.level_of(standing.workflow_id)
    if level is None:
        standing.write()
        return
    axis = taxonomy.axis
    classifier = classifier_probabilities(axis, taxonomy.version, evidence.probabilities)
    prior = mix_prior(axis.class_prior, classifier, axis.none_of_the_above)
    votes = _weighed(evidence.votes, level.workflow.rule)
    agreement = rule_named(level.workflow.rule)(
        prior,
        cast_votes(axis, taxonomy.mask_of_list, votes, taxonomy.skill_prior),
        axis.none_of_the_above,
        classifier=classifier,
    )
    _follow(standing, level, taxonomy, agreement, evidence.votes, now)
    has_opinion = classifier is not None and taxonomy.version is not None
    write_agreed(
        standing,
        {
            "class_list": axis.class_list.pk,
            "agreement": np.clip(agreement.by_class, 0, 1).round(6).tolist(),
            "top_class": axis.ids[agreement.top],
            "top_agreement": agreement.value,
            "agreed_votes": len(evidence.votes),
            "rule": level.workflow.rule,
            "prior": prior.round(9).tolist(),
            "skills": [vote.skill for vote in votes],
            "skill_prior": taxonomy.skill_prior,
            "version": taxonomy.version.pk if has_opinion and taxonomy.version else None,
            "now": now,
        },
    )


def _follow(
    standing: Standing,
    level: Level,
    taxonomy: Taxonomy,
    agreement: Agreement,
    votes: Sequence[CastBefore],
    now: datetime,
) -> None:
    """Do what the policy says: retire, move up a level, or ask for one more vote."""
    workflow, axis = level.workflow, taxonomy.axis
    above = next((v for v in taxonomy.open_levels if v.workflow.level > workflow.level), None)
    height = {v.workflow.pk: v.workflow.level for v in taxonomy.levels}
    none_of_the_above = agreement.by_class[axis.none_of_the_above]
    votes_here = sum(height.get(vote.workflow or 0, 0) >= workflow.level for vote in votes)
    most = level.policy.limits(axis.classes[agreement.top].label).votes_max
    none_votes = sum(vote.voted == axis.ids[axis.none_of_the_above] for vote in votes)
    outcome = decide(
        level.policy,
        agreement,
        votes_here=votes_here,
        elsewhere=float(agreement.by_class[~level.mask].sum() + none_of_the_above),
        top_was_offered=bool(level.mask[agreement.top]),
        top_is_none_of_the_above=agreement.top == axis.none_of_the_above,
        is_top_level=above is None,
        top_label=axis.classes[agreement.top].label,
        none_of_the_above_votes=none_votes,
        average_skill=matrices(None, axis.ids, taxonomy.skill_prior).confusion,
    )
    outcome = unless_alone(
        outcome,
        alone=all(vote.by_visitor for vote in votes) and not settings.ANONYMOUS_VOTES_SETTLE,
        at_limit=no_consensus(level.policy, above is None) if votes_here >= most else None,
    )
    if outcome == Outcome.MOVE_UP and above is not None:
        standing.workflow_id = above.workflow.pk
    if outcome == Outcome.TO_REVIEWER:
        # The reviewers' list holds what is retired without agreement.
        standing.retire(Glitch.RetireReason.CLASSIFICATION_COUNT, now)
    elif outcome.reason is not None:
        standing.retire(outcome.reason, now)
    else:
        # One vote at a time beyond the minimum: two people never give the same last vote. Who has
        # it open from before, when more were asked for, is that one.
        more = max(standing.leases_open, 1)
        standing.votes_needed = max(standing.votes_count + more, workflow.votes_min)
