"""Scoring: the active classifier predicts every glitch that it has not predicted yet."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
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
from ml.vision.inputs.dataset import GlitchPictures
from workers.classifiers import load_classifier
from workers.pictures import glitch_pictures
from workers.schedule import EVERY_SECONDS
from workers.tasks import DeviceTask
from workers.turns import Turn

if TYPE_CHECKING:
    from ml.vision.prediction.classifier import Classifier, Scores

log = logging.getLogger(__name__)

CHUNK = 128


@shared_task(name=jobs.SCORE_GLITCHES, base=DeviceTask)
def score_glitches(version_id: int | None = None) -> int:
    """Predict and route what is missing, a turn long; a second message finds nothing to do.

    ``version_id`` names the version that the sender knew; the active one is what counts. Returns
    how many were predicted.
    """
    version = active_version(ModelVersion.Role.CLASSIFIER)
    if version is None:
        return 0
    with scoring_lock(version.pk) as is_mine:
        if not is_mine:  # what came since the other one looked, the next sweep finds
            return 0
        turn = Turn()
        is_new = version.routed_at is None
        route_again(version)
        missing = list(unscored_glitches(version).values_list("pk", flat=True))
        stored = predict(version, missing, turn)
        if is_new or stored:
            outdate_picks()
    if turn.was_cut:
        # It expires as the sweep's own does: so they stay few, however long the work is.
        jobs.send_now(
            jobs.SCORE_GLITCHES,
            expires_seconds=EVERY_SECONDS[jobs.SWEEP_SCORES],
            version_id=version.pk,
        )
    return stored


def predict(version: ModelVersion, glitch_ids: Sequence[int], turn: Turn | None = None) -> int:
    """Predict and store until the turn is over; returns how many were stored.

    Nothing asked loads nothing. The caller holds the version's ``scoring_lock``.
    """
    if not glitch_ids:
        return 0
    return score_and_store(version, load_classifier(version), glitch_ids, turn)


def score_and_store(
    version: ModelVersion,
    classifier: "Classifier",
    glitch_ids: Sequence[int],
    turn: Turn | None = None,
) -> int:
    """Predict the glitches of these ids as one stream; how many were stored.

    What cannot be read is noted with its reason. Where the ``turn`` is over, what was read ahead
    is dropped; its views are in the cache.
    """
    stored = 0
    chunks = _chunks(version, glitch_ids)
    with closing(classifier.stream(chunks, settings.CACHE_FOLDER)) as stream:
        for scores in stream:
            stored += _store(version, scores)
            if turn is not None and turn.is_over():
                break
    return stored


def _store(version: ModelVersion, scores: "Scores") -> int:
    for skipped in scores.skipped:
        log.error("Glitch %s was not scored: %s", skipped.glitch_id, skipped.reason)
    store_unreadable(
        version, [Unreadable(int(s.glitch_id), s.code, s.reason) for s in scores.skipped]
    )
    rows = zip(scores.glitch_ids, scores.probabilities, scores.novelty, strict=True)
    return store_predictions(
        version, [Scored(int(pk), p.tolist(), float(novelty)) for pk, p, novelty in rows]
    )


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
