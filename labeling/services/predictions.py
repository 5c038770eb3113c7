"""Predictions: what a model version says of each glitch, and where that sends it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from labeling.models import (
    Glitch,
    GlitchClass,
    ModelVersion,
    Prediction,
    UnreadableGlitch,
    Workflow,
    WorkflowClass,
)
from labeling.selectors.latest import look_after
from labeling.selectors.unreadable import given_up

ROUTED_AT_ONCE = 2000


@dataclass(frozen=True)
class Scored:
    """``probabilities``: one a class of the version's class list, summing to 1."""

    glitch_id: int
    probabilities: Sequence[float]
    novelty: float | None = None


def unscored_glitches(version: ModelVersion) -> QuerySet[Glitch]:
    """The glitches without a prediction of this version: reads all of them to the first one.

    Those that it could not read are left out until their pictures change, or for a day.
    """
    scored = Prediction.objects.filter(glitch=OuterRef("pk"), model_version=version)
    return Glitch.objects.filter(~Exists(scored), ~given_up(version.pk)).order_by("pk")


def are_new_unscored(version: ModelVersion) -> bool:
    """Whether one of the newest glitches is without a prediction of this version.

    They are predicted in the order of their ids, so the newest are the last to be.
    """
    latest = version.predictions.order_by("-glitch_id").values_list("glitch_id", flat=True).first()
    return unscored_glitches(version).filter(pk__gt=look_after(latest)).exists()


@transaction.atomic
def store_predictions(version: ModelVersion, scored: Sequence[Scored]) -> int:
    """Store one prediction a glitch and version; the version in use also routes the glitches that
    nobody has voted on yet.

    Predictions that are there already stay: the task may come twice. Returns how many were given.
    """
    if version.class_list is None:
        raise ValueError("a classifier has a class list")
    labels = version.class_list.labels
    by_label = {c.label: c for c in GlitchClass.objects.filter(label__in=labels)}
    rows = []
    for one in scored:
        probabilities = [min(max(float(p), 0.0), 1.0) for p in one.probabilities]
        confidence = max(probabilities)
        rows.append(
            Prediction(
                glitch_id=one.glitch_id,
                model_version=version,
                probabilities=probabilities,
                top_class=by_label[labels[probabilities.index(confidence)]],
                confidence=confidence,
                novelty=one.novelty,
            )
        )
    Prediction.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    version.unreadable.filter(glitch__in=[row.glitch_id for row in rows]).delete()
    if version.state == ModelVersion.State.ACTIVE:
        route_glitches([(row.glitch_id, row.top_class_id, row.confidence) for row in rows])
    return len(rows)


@dataclass(frozen=True)
class Unreadable:
    """Why a glitch could not be predicted: an error's code and message."""

    glitch_id: int
    code: str
    reason: str


def store_unreadable(version: ModelVersion, found: Sequence[Unreadable]) -> None:
    """Note what this version could not read, so that no sweep tries it again and again."""
    digests = dict(
        Glitch.objects.filter(pk__in=[one.glitch_id for one in found]).values_list(
            "pk", "content_digest"
        )
    )
    now = timezone.now()
    UnreadableGlitch.objects.bulk_create(
        [
            UnreadableGlitch(
                glitch_id=one.glitch_id,
                model_version=version,
                content_digest=digests[one.glitch_id],
                code=one.code,
                reason=one.reason[:2000],
                tried_at=now,
            )
            for one in found
            if one.glitch_id in digests
        ],
        update_conflicts=True,
        unique_fields=["model_version", "glitch"],
        update_fields=["content_digest", "code", "reason", "tried_at"],
    )


def route_again(version: ModelVersion) -> None:
    """Route by the predictions that a version made earlier, once after it was put into use again.

    Run twice it changes nothing more; killed in between, the next run does it all.
    """
    if version.routed_at is not None:
        return
    rows = version.predictions.order_by("glitch_id").values_list(
        "glitch_id", "top_class", "confidence"
    )
    waiting = rows.iterator(chunk_size=ROUTED_AT_ONCE)
    while chunk := list(islice(waiting, ROUTED_AT_ONCE)):
        route_glitches(chunk)
    still = ModelVersion.objects.filter(
        pk=version.pk, state=ModelVersion.State.ACTIVE, activated_at=version.activated_at
    )
    still.update(routed_at=timezone.now())


def route_glitches(predicted: Sequence[tuple[int, int, float]]) -> None:
    """Send glitches (id, class id, confidence) to the lowest open level that their class feeds.

    Glitches that volunteers have begun on, gold, reserved and retired ones stay where they are.
    """
    levels = list(Workflow.objects.filter(is_open=True).order_by("level"))
    if not levels:
        return
    fed = WorkflowClass.objects.filter(workflow__in=levels, min_confidence__isnull=False)
    thresholds = {(f.workflow_id, f.glitch_class_id): f.min_confidence for f in fed}
    destinations: dict[int, list[int]] = {}
    for glitch_id, class_id, confidence in predicted:
        level = next(
            (w for w in levels if confidence >= (thresholds.get((w.pk, class_id)) or 2.0)),
            levels[-1],
        )
        destinations.setdefault(level.pk, []).append(glitch_id)
    for workflow in levels:
        waiting = Glitch.objects.filter(
            pk__in=destinations.get(workflow.pk, []),
            votes_count=0,
            leases_open=0,
            retired_at__isnull=True,
            is_reserved=False,
            gold_labels__isnull=True,
        )
        waiting.update(workflow=workflow, votes_needed=workflow.votes_min)
