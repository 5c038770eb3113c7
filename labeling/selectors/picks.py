"""What the picks of active learning are chosen from, as arrays."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from django.db.models import F, FilteredRelation, Q, QuerySet
from numpy.typing import NDArray

from labeling.models import Embedding, Glitch, ModelVersion, PickList, Workflow
from labeling.selectors.versions import active_version


class Doubt(NamedTuple):
    """An open glitch: when it was (GPS seconds), its consensus, the version's probabilities."""

    glitch_id: int
    event_time: float | None
    agreement: Sequence[float] | None
    probabilities: Sequence[float] | None


def open_doubts(
    workflow: Workflow, version: ModelVersion | None, *, start: float, at_most: int
) -> list[Doubt]:
    """Open glitches of a level of which something is believed, from a place of its queue on.

    Two index scans of the queue that end after ``at_most``, however many are open.
    """
    queue = (
        Glitch.objects.filter(workflow=workflow, retired_at=None, is_reserved=False)
        .annotate(
            opinion=FilteredRelation("predictions", condition=Q(predictions__model_version=version))
        )
        .order_by("queue_key")
        .values_list("pk", "event_time", "consensus__agreement", "opinion__probabilities")
    )
    rows = list(queue.filter(queue_key__gte=start)[:at_most])
    rows += queue.filter(queue_key__lt=start)[: at_most - len(rows)]
    doubts = (Doubt(*row) for row in rows)
    return [d for d in doubts if d.agreement is not None or d.probabilities is not None]


def unit_embeddings(glitch_ids: Sequence[int]) -> NDArray[np.float32]:
    """(n, d) the embeddings of the active version, of length 1; zeros where a glitch has none."""
    version = active_version(ModelVersion.Role.EMBEDDING)
    if version is None:
        return np.zeros((len(glitch_ids), 0), dtype=np.float32)
    stored = Embedding.objects.filter(model_version=version, glitch__in=glitch_ids)
    vectors = {pk: np.asarray(v) for pk, v in stored.values_list("glitch", "vector")}
    size = len(next(iter(vectors.values()), ()))
    rows = np.zeros((len(glitch_ids), size), dtype=np.float32)
    for row, glitch_id in enumerate(glitch_ids):
        if glitch_id in vectors:
            rows[row] = vectors[glitch_id] / max(float(np.linalg.norm(vectors[glitch_id])), 1e-12)
    return rows


def wanted_picks(pick_list: PickList) -> int:
    """How many of the picks still need a vote: at their level, or although they are retired."""
    in_turn = Q(glitch__workflow=F("pick_list__workflow"), glitch__retired_at=None)
    return pick_list.picks.filter(
        Q(in_turn, after_retirement=False)
        | Q(after_retirement=True, glitch__retired_at__isnull=False),
        glitch__votes_needed__gt=F("glitch__votes_count"),
    ).count()


def lists_of_active() -> QuerySet[PickList]:
    return PickList.objects.filter(stream=PickList.Stream.ACTIVE)
