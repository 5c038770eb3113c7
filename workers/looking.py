"""Looks: what a classifier says of a glitch, where it sees it, and what is like it."""

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
from labeling.services.looks import Seen, finish_look, look_folder
from labeling.services.runs import claim_run
from ml.axes import axes_box
from ml.vision.inputs.dataset import GlitchPictures
from ml.vision.recipes.settings import TrainingSettings
from workers.classifiers import load_classifier
from workers.pictures import glitch_pictures
from workers.tasks import Held, RecordedTask, holding, worker_name

if TYPE_CHECKING:
    from ml.vision.prediction.explain import Explanation

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
    life.report("finding where it is seen", 0.4)
    explanation = explain(classifier, pictures, cache, run.label or None)
    life.report("finding look-alikes", 0.7)
    return Seen(
        model_version=version,
        probabilities=sorted(shares, key=lambda pair: -pair[1]),
        novelty=float(scores.novelty[0]),
        explained=explanation.label,
        heat=_drawn(explanation, pictures),
        alike=_alike(run, pictures, cache, classifier.settings),
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
) -> dict[float, tuple[bytes, int, int]]:
    from ml.heat import render_heat

    drawn = {}
    for duration, heat in explanation.heat.items():
        with Image.open(pictures.paths[duration]) as image:
            size, box = image.size, axes_box(image) or (0, 0, *image.size)
        drawn[duration] = (render_heat(heat, size, box), *size)
    return drawn


def _alike(
    run: Look, pictures: GlitchPictures, cache: Path, recipe: TrainingSettings
) -> list[tuple[int, float]]:
    """None where no discovery has made an embedding yet, or one of another backbone."""
    from ml.vision.embedding.embed import load_embedding
    from ml.vision.embedding.frozen import embedding_inputs

    version = active_version(ModelVersion.Role.EMBEDDING)
    if version is None:
        return []
    stored = Embedding.objects.filter(glitch=run.glitch_id, model_version=version).first()
    if stored is not None:
        return nearest_glitches(stored.vector, besides=run.glitch_id)
    inputs = embedding_inputs([pictures], recipe, cache, DEVICE)
    try:
        vector = load_embedding(settings.MODELS_FOLDER / version.weights).transform(inputs.rows)[0]
    except (ValueError, RuntimeError):  # fitted on the features of another backbone
        return []
    return nearest_glitches(vector.tolist(), besides=run.glitch_id)
