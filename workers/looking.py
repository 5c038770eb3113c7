"""Looks: what a classifier says of a glitch, where it sees it, and what is like it."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from celery import shared_task
from django.conf import settings
from PIL import Image

from labeling import jobs
from labeling.errors import LabelingError
from labeling.models import Embedding, Look, ModelVersion
from labeling.selectors.looks import nearest_glitches
from labeling.selectors.versions import active_version
from labeling.services.failures import record_failure
from labeling.services.looks import Seen, finish_look, look_folder
from labeling.services.runs import claim_run
from labeling.services.weights import check_weights
from ml.axes import axes_box
from ml.vision.errors import OldEmbedding
from ml.vision.inputs.dataset import GlitchPictures
from workers.classifiers import load_classifier
from workers.pictures import glitch_pictures
from workers.tasks import Held, LostRunError, RecordedTask, holding, worker_name

if TYPE_CHECKING:
    from ml.vision.prediction.explain import Explanation

log = logging.getLogger(__name__)

# A GPU belongs to the trainings; one glitch is soon seen without.
DEVICE = "cpu"


@shared_task(name=jobs.LOOK, base=RecordedTask)
def look(run_id: int) -> None:
    """Look, and store the answer; returns at once where it is another's or has ended."""
    run = claim_run(Look, run_id, worker_name())
    if run is None:
        return
    with holding(run) as life:
        life.check_attempts()
        finish_look(run, _see(run, life))


def _see(run: Look, life: Held) -> Seen:
    from ml.vision.prediction.explain import explain

    version = run.model_version or active_version(ModelVersion.Role.CLASSIFIER)
    if version is None:
        raise LabelingError("There is no classifier in use.", code="no_active_classifier")
    pictures = _pictures(run)
    # What strangers send leaves no trace in the common cache.
    cache = Path(settings.CACHE_FOLDER) if run.glitch_id else look_folder(run.key) / "cache"
    life.report("looking at the pictures", 0.1)
    classifier = load_classifier(version, DEVICE)
    scores = classifier.score([pictures], cache)
    if scores.skipped:
        raise LabelingError(scores.skipped[0].reason, code=scores.skipped[0].code)
    shares = zip(classifier.classes, scores.probabilities[0].tolist(), strict=True)
    said = sorted(shares, key=lambda pair: -pair[1])
    life.report("finding where it is seen", 0.4)
    # What is said may be an average over copies of the pictures, of which heat would show one.
    explanation = explain(classifier, pictures, cache, run.label or said[0][0])
    life.report("finding look-alikes", 0.7)
    heat, no_heat = _drawn(explanation, pictures)
    alike, no_alike = _alike(run, pictures, cache)
    return Seen(
        model_version=version,
        probabilities=said,
        novelty=float(scores.novelty[0]),
        explained=explanation.label,
        heat=heat,
        no_heat=no_heat,
        alike=alike,
        no_alike=no_alike,
    )


def _pictures(run: Look) -> GlitchPictures:
    if run.glitch_id:
        return glitch_pictures([run.glitch_id])[run.glitch_id]
    folder = look_folder(run.key)
    return GlitchPictures(
        str(run.key), {float(one["duration"]): folder / one["name"] for one in run.pictures}
    )


def _drawn(
    explanation: "Explanation", pictures: GlitchPictures
) -> tuple[dict[float, tuple[bytes, int, int]], str]:
    """Duration -> PNG, width and height; and why there is none."""
    from ml.heat import render_heat

    if not explanation.heat:
        return {}, Look.NoHeat.NO_MAPS
    if explanation.is_cold:
        return {}, Look.NoHeat.NOTHING
    drawn = {}
    for duration, heat in explanation.heat.items():
        with Image.open(pictures.paths[duration]) as image:
            size, box = image.size, axes_box(image) or (0, 0, *image.size)
        drawn[duration] = (render_heat(heat, size, box), *size)
    return drawn, ""


def _alike(run: Look, pictures: GlitchPictures, cache: Path) -> tuple[list[tuple[int, float]], str]:
    """(glitch id, distance) of what is near to it, and why there is none.

    Classes and heat are there already: whatever goes wrong here costs the look-alikes alone, and
    stands on the system page.
    """
    version = active_version(ModelVersion.Role.EMBEDDING)
    if version is None:
        return [], Look.NoAlike.NO_SEARCH
    try:
        vector = _vector(run, pictures, cache, version)
        near = nearest_glitches(vector, version, besides=run.glitch_id)
    except LostRunError:
        raise
    except OldEmbedding:
        return [], Look.NoAlike.NO_SEARCH
    except Exception as error:
        log.warning("Look %s has no look-alikes by %s:", run.key, version, exc_info=True)
        record_failure(f"{jobs.LOOK}: look-alikes", {"key": str(run.key)}, repr(error)[:2000])
        return [], Look.NoAlike.FAILED
    return near, "" if near else Look.NoAlike.NONE_NEAR


def _vector(
    run: Look, pictures: GlitchPictures, cache: Path, version: ModelVersion
) -> Sequence[float]:
    """The stored one of a glitch, else by the network and views that the version was fitted on."""
    from ml.vision.embedding.embedder import Embedder

    stored = Embedding.objects.filter(glitch=run.glitch_id, model_version=version).first()
    if stored is not None:
        return list(stored.vector)
    check_weights(version)
    embedder = Embedder.read(settings.MODELS_FOLDER / version.weights)
    vectors, skipped = embedder.embed([pictures], cache, DEVICE)
    if skipped:
        raise LabelingError(skipped[0].reason, code=skipped[0].code)
    return [float(number) for number in vectors[0]]
