"""Consensus computed again from the raw votes: to prove it, or to bring it up to date."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from labeling.models import Consensus, Glitch, Prediction
from labeling.services.consensus import cast_votes, classifier_probabilities, update_consensus
from labeling.services.standing import Standing, read_evidence
from labeling.services.taxonomy import Axis, Taxonomy, current_taxonomy
from ml.crowd.consensus import Vector, rule_named

# What the stored numbers are rounded to, twice over.
TOLERANCE = 2e-6
# Glitches that are brought up to date before a worker notes how far it is.
AT_ONCE = 500


@dataclass(frozen=True)
class Difference:
    """A stored consensus that its raw votes do not give; ``distance``: of the agreements."""

    gravityspy_id: str
    distance: float


def unrecorded() -> QuerySet[Consensus]:
    """Results from before priors and skills were recorded: there is nothing to prove them by."""
    return Consensus.objects.filter(prior=[])


def find_differences() -> Iterator[Difference]:
    """Compute every consensus again as it was computed: its votes, skills, prior and rule.

    Yields those that come out otherwise: none, unless somebody changed rows by hand. Those that
    are ``unrecorded`` are left out.
    """
    taxonomy = current_taxonomy()
    recorded = Consensus.objects.exclude(prior=[]).order_by("pk")
    rows = recorded.select_related("glitch", "class_list", "model_version__class_list")
    for row in rows.iterator(chunk_size=500):
        again = _as_recorded(row, taxonomy)
        stored = np.asarray(row.agreement)
        distance = float(np.abs(again - stored).max()) if len(again) == len(stored) else 1.0
        if distance > TOLERANCE:
            yield Difference(row.glitch.gravityspy_id, round(distance, 6))


def _as_recorded(row: Consensus, taxonomy: Taxonomy) -> Vector:
    """(C,) the agreement by the votes and skills that the row names, on its own list of classes."""
    axis = taxonomy.axis.as_of(row.class_list)
    votes = read_evidence(row.glitch_id, None).votes
    if len(votes) < len(row.skills):
        # From when a glitch that was reopened had its late votes counted too.
        votes = read_evidence(row.glitch_id, None, with_late=True).votes
    counted = zip(votes[: len(row.skills)], row.skills, strict=True)
    weighed = [replace(vote, skill=skill) for vote, skill in counted]
    agreement = rule_named(row.rule)(
        np.asarray(row.prior),
        cast_votes(
            axis, lambda pk: axis.mask(taxonomy.labels_of_list(pk)), weighed, row.skill_prior_id
        ),
        axis.none_of_the_above,
        classifier=_opinion(row, axis),
    )
    return np.clip(agreement.by_class, 0, 1)


def _opinion(row: Consensus, axis: Axis) -> Vector | None:
    said = Prediction.objects.filter(glitch=row.glitch_id, model_version=row.model_version_id)
    probabilities = said.values_list("probabilities", flat=True).first()
    return classifier_probabilities(axis, row.model_version, probabilities)


def refresh_all() -> int:
    """Bring the consensus of every open glitch up to the skills, prior and version of now.

    One short transaction each; what is retired stays as it was agreed. Returns how many.
    """
    count, after = 0, 0
    while (last := refresh_some(after)) is not None:
        count += last.refreshed
        after = last.glitch_id
    return count


class Refreshed(NamedTuple):
    """``glitch_id``: the last one of some; ``refreshed``: how many of them were still open."""

    glitch_id: int
    refreshed: int


def refresh_some(after: int) -> Refreshed | None:
    """Refresh the next open glitches by id, at most ``AT_ONCE``; None where there are no more."""
    due = Consensus.objects.filter(glitch__retired_at=None, glitch_id__gt=after)
    ids = list(due.order_by("glitch_id").values_list("glitch_id", flat=True)[:AT_ONCE])
    return Refreshed(ids[-1], sum(_refresh(pk) for pk in ids)) if ids else None


@transaction.atomic
def _refresh(glitch_id: int) -> int:
    glitch = Glitch.objects.select_for_update(no_key=True).get(pk=glitch_id)
    if glitch.retired_at is not None:
        return 0
    taxonomy = current_taxonomy()
    evidence = read_evidence(glitch_id, taxonomy.version.pk if taxonomy.version else None)
    if not evidence.votes:
        return 0
    standing = Standing.of(glitch)
    update_consensus(standing, taxonomy, evidence, timezone.now())
    return 1
