"""Picks of active learning: which open glitches of a level a vote teaches most about.

A bounded number of open glitches is looked at, from a random place of the queue on, so that the
cost does not grow with the table; another place each time, so that all have their turn.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone

from labeling.models import ModelVersion, Pick, PickList, Workflow
from labeling.selectors.picks import (
    Doubt,
    lists_of_active,
    open_doubts,
    unit_embeddings,
    wanted_picks,
)
from labeling.selectors.versions import active_version
from labeling.services.consensus import posterior
from labeling.services.taxonomy import current_taxonomy
from ml.crowd.consensus import Vector
from ml.query.diversity import pick_diverse
from ml.query.uncertainty import MEASURES, joint_uncertainty

LOOKED_AT = 20_000
# The most uncertain of them, among which the picks are spread out.
UNCERTAIN = 4_000
PICKS = 500
OLD = timedelta(minutes=10)


def active_picks_due() -> list[tuple[int, int]]:
    """(level's id, version of its list) where active learning needs new picks.

    They are due where none were made, half of them have their votes, another classifier is in use,
    or they are ten minutes old.
    """
    version = active_version(ModelVersion.Role.CLASSIFIER)
    lists = {made.workflow_id: made for made in lists_of_active()}
    due = []
    for workflow in Workflow.objects.filter(is_open=True):
        if workflow.selection().active > 0:
            made = lists.get(workflow.pk)
            if made is None or _is_due(made, version):
                due.append((workflow.pk, made.version if made else 0))
    return due


def outdate_picks() -> None:
    """Have the next sweep pick anew everywhere: more is predicted than when the lists were made."""
    lists_of_active().update(made_at=None)


def _is_due(made: PickList, version: ModelVersion | None) -> bool:
    return made.model_version_id != (version.pk if version else None) or is_used_up(made)


def is_used_up(made: PickList) -> bool:
    """Whether half of a list's picks have their votes, or it is ten minutes old."""
    if made.made_at is None or made.made_at < timezone.now() - OLD:
        return True
    return 2 * wanted_picks(made) < made.size


def refresh_active_picks(workflow_id: int, version: int) -> int:
    """Pick anew where the list is still of this version; returns how many were picked.

    The same state gives the same picks, and a message that comes twice does nothing.
    """
    workflow = Workflow.objects.get(pk=workflow_id)
    made, _ = PickList.objects.get_or_create(workflow=workflow, stream=PickList.Stream.ACTIVE)
    if made.version != version or not workflow.is_open:
        return 0
    rng = np.random.default_rng([workflow_id, version])
    classifier = active_version(ModelVersion.Role.CLASSIFIER)
    doubts = open_doubts(workflow, classifier, start=float(rng.random()), at_most=LOOKED_AT)
    picks = _pick(doubts, workflow.selection().uncertainty, classifier, rng)
    rows = (
        Pick(rank=rank, glitch_id=glitch_id, why={"uncertainty": round(uncertainty, 4)})
        for rank, (glitch_id, uncertainty) in enumerate(picks)
    )
    return replace_picks(made, rows, model_version=classifier)


def replace_picks(made: PickList, picks: Iterable[Pick], **fields: Any) -> int:
    """Put these in the place of a list's picks, all at once; nothing where it was replaced since.

    Who lends meanwhile sees the old ones or the new ones. Returns how many were stored.
    """
    with transaction.atomic():
        current = PickList.objects.select_for_update(no_key=True).get(pk=made.pk)
        if current.version != made.version:
            return 0
        current.version += 1
        rows = list(picks)
        for row in rows:
            row.pick_list = current
            row.why |= {"version": current.version, "rank": row.rank}
        current.picks.all().delete()
        Pick.objects.bulk_create(rows, batch_size=1000)
        current.size, current.made_at = len(rows), timezone.now()
        for name, value in fields.items():
            setattr(current, name, value)
        current.save()
    return len(rows)


def _pick(
    doubts: Sequence[Doubt],
    measure: str,
    version: ModelVersion | None,
    rng: np.random.Generator,
) -> list[tuple[int, float]]:
    """(glitch, uncertainty) of the picks, in their order."""
    if not doubts:
        return []
    axis = current_taxonomy(newer=True).axis  # the version may know a class born just now

    def rows(beliefs: Iterable[Vector]) -> Any:
        return np.stack(list(beliefs))  # (n, C)

    crowd = rows(posterior(axis, version, d.agreement, d.probabilities) for d in doubts)
    classifier = rows(posterior(axis, version, None, d.probabilities) for d in doubts)
    uncertainty = joint_uncertainty(MEASURES[measure], classifier, crowd)
    kept = np.argsort(-uncertainty, kind="stable")[:UNCERTAIN]
    times = np.array([doubts[i].event_time for i in kept], dtype=np.float64)  # None is NaN
    # What no embedding tells apart, its probabilities do; their roots lie on the unit sphere too.
    embedded = unit_embeddings([doubts[i].glitch_id for i in kept])
    vectors = np.hstack([embedded, np.sqrt(crowd[kept]).astype(np.float32)])
    picked = pick_diverse(uncertainty[kept], vectors, times, PICKS, rng)
    return [(doubts[kept[i]].glitch_id, float(uncertainty[kept[i]])) for i in picked]
