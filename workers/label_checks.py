"""Label checks: out-of-fold predictions on frozen features, and the labels they speak against."""

from collections import Counter

import numpy as np
from celery import shared_task
from django.conf import settings

from labeling import jobs
from labeling.models import LabelCheck
from labeling.services.label_issues import Doubt, finish_label_check
from labeling.services.runs import claim_run, held
from labeling.services.training_sets import LabeledGlitch, labeled_glitches
from labeling.version import code_version
from ml.vision.settings import TrainingSettings
from workers.pictures import glitch_pictures
from workers.tasks import DeviceTask, Held, holding, worker_name

# The whole glitch as its longest picture shows it, and its middle: what every glitch has.
VIEWS = TrainingSettings(trainable_blocks=0, copies=0)


@shared_task(name=jobs.CHECK_LABELS, base=DeviceTask)
def check_labels(run_id: int) -> None:
    """Search, and store the queue; returns at once where the run is another's or has ended."""
    run = claim_run(LabelCheck, run_id, worker_name())
    if run is None:
        return
    with holding(run) as life:
        life.check_attempts()
        held(run).update(code_version=code_version())
        rows = _comparable(labeled_glitches())
        finish_label_check(run, len(rows), _doubts(run, rows, life))


def _comparable(rows: list[LabeledGlitch]) -> list[LabeledGlitch]:
    """Without the classes of a single label: there is nothing to compare it with."""
    counts = Counter(row.label for row in rows)
    return [row for row in rows if counts[row.label] >= 2]


def _doubts(run: LabelCheck, rows: list[LabeledGlitch], life: Held) -> list[Doubt]:
    from ml.label_issues import find_suspects, out_of_fold
    from ml.vision.frozen import frozen_features

    life.report("looking at the pictures", 0.05, until=0.5)
    pictures = glitch_pictures(row.glitch_id for row in rows)
    table = frozen_features(list(pictures.values()), VIEWS, settings.CACHE_FOLDER)
    by_id = {row.glitch_id: row for row in rows}
    seen = [by_id[int(glitch_id)] for glitch_id in table.glitch_ids]
    classes, given = np.unique([row.label for row in seen], return_inverse=True)
    predicted = out_of_fold(
        table.features,
        given,
        repeats=int(run.settings.get("repeats", 3)),
        seed=int(run.settings.get("seed", 0)),
        on_progress=lambda done, of: life.report("comparing labels", 0.5 + 0.45 * done / of),
    )
    suspects = find_suspects(predicted, given)
    return [
        Doubt(
            glitch_id=seen[row].glitch_id,
            origin=seen[row].origin,
            given=seen[row].label,
            suggested=str(classes[suggested]),
            given_probability=float(predicted.probabilities[row, given[row]]),
            suggested_probability=float(predicted.probabilities[row, suggested]),
            misread=float(predicted.misread[row]),
        )
        for row, suggested in zip(suspects.rows, suspects.suggested, strict=True)
    ]
