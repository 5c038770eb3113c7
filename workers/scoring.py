"""Scoring: the active classifier predicts every glitch that it has not predicted yet."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from celery import shared_task
from django.conf import settings

from labeling import jobs
from labeling.models import ModelVersion
from labeling.selectors.versions import active_version
from labeling.services.picks import outdate_picks
from labeling.services.predictions import (
    Scored,
    route_again,
    store_predictions,
    unscored_glitches,
)
from workers.pictures import glitch_pictures
from workers.tasks import RecordedTask

if TYPE_CHECKING:
    from ml.vision.classifier import Classifier

log = logging.getLogger(__name__)

CHUNK = 128


@shared_task(name=jobs.SCORE_GLITCHES, base=RecordedTask)
def score_glitches(version_id: int | None = None) -> int:
    """Predict and route what is missing; a second message finds nothing to do.

    ``version_id`` names the version that the sender knew; the active one is what counts.
    """
    version = active_version(ModelVersion.Role.CLASSIFIER)
    if version is None:
        return 0
    is_new = version.routed_at is None
    route_again(version)
    stored = predict(version, list(unscored_glitches(version).values_list("pk", flat=True)))
    if is_new or stored:
        outdate_picks()
    return stored


def predict(version: ModelVersion, glitch_ids: Sequence[int]) -> int:
    """Predict and store; returns how many could be read. Nothing asked loads nothing."""
    if not glitch_ids:
        return 0
    from ml.vision.classifier import Classifier

    classifier = Classifier.load(settings.MODELS_FOLDER / version.weights)
    return score_and_store(version, classifier, glitch_ids)


def score_and_store(
    version: ModelVersion, classifier: "Classifier", glitch_ids: Sequence[int]
) -> int:
    """Predict the glitches of these ids as one stream; how many were stored."""
    # Fetched as the stream asks for them: reading, computing and writing go on at the same time,
    # and the database is this thread's alone.
    chunks = (
        list(glitch_pictures(glitch_ids[start : start + CHUNK]).values())
        for start in range(0, len(glitch_ids), CHUNK)
    )
    stored = 0
    for scores in classifier.stream(chunks, settings.CACHE_FOLDER):
        for skipped in scores.skipped:
            log.error("Glitch %s was not scored: %s", skipped.glitch_id, skipped.reason)
        rows = zip(scores.glitch_ids, scores.probabilities, scores.novelty, strict=True)
        stored += store_predictions(
            version, [Scored(int(pk), p.tolist(), float(novelty)) for pk, p, novelty in rows]
        )
    return stored
