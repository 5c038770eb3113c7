"""Scoring: the active classifier predicts every glitch that it has not predicted yet."""

import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from celery import shared_task
from django.conf import settings

from labeling import jobs
from labeling.models import ModelVersion
from labeling.selectors.versions import active_version
from labeling.services.locks import scoring_lock
from labeling.services.picks import outdate_picks
from labeling.services.predictions import (
    Scored,
    Unreadable,
    route_again,
    store_predictions,
    store_unreadable,
    unscored_glitches,
)
from ml.vision.dataset import GlitchPictures
from workers.classifiers import load_classifier
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
    with scoring_lock(version.pk) as is_mine:
        if not is_mine:  # what came since the other one looked, the next sweep finds
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
    return score_and_store(version, load_classifier(version), glitch_ids)


def score_and_store(
    version: ModelVersion, classifier: "Classifier", glitch_ids: Sequence[int]
) -> int:
    """Predict the glitches of these ids as one stream; how many were stored.

    What cannot be read is noted with its reason.
    """
    stored = 0
    for scores in classifier.stream(_chunks(version, glitch_ids), settings.CACHE_FOLDER):
        for skipped in scores.skipped:
            log.error("Glitch %s was not scored: %s", skipped.glitch_id, skipped.reason)
        store_unreadable(
            version, [Unreadable(int(s.glitch_id), s.code, s.reason) for s in scores.skipped]
        )
        rows = zip(scores.glitch_ids, scores.probabilities, scores.novelty, strict=True)
        stored += store_predictions(
            version, [Scored(int(pk), p.tolist(), float(novelty)) for pk, p, novelty in rows]
        )
    return stored


def _chunks(version: ModelVersion, glitch_ids: Sequence[int]) -> Iterator[list[GlitchPictures]]:
    """Fetched as the stream asks for them: reading, computing and writing go on at the same time,
    and the database is this thread's alone.
    """
    for start in range(0, len(glitch_ids), CHUNK):
        asked = glitch_ids[start : start + CHUNK]
        found = glitch_pictures(asked)
        bare = [pk for pk in asked if pk not in found]
        store_unreadable(version, [Unreadable(pk, "no_picture", "It has none.") for pk in bare])
        yield list(found.values())
