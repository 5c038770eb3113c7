"""Label checks: out-of-fold predictions on frozen features, and the labels they speak against."""

import logging
from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from celery import shared_task
from django.conf import settings

from labeling import jobs
from labeling.models import LabelCheck
from labeling.selectors.training_rows import LabeledGlitch, labeled_glitches
from labeling.services.label_issues import Doubt, finish_label_check
from labeling.services.runs import claim_run, held
from labeling.version import code_version
from ml.vision.recipes.settings import TrainingSettings
from workers.pictures import glitch_pictures
from workers.tasks import DeviceTask, Held, holding, worker_name

log = logging.getLogger(__name__)

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
        life.report("looking at the pictures", 0.05, until=0.5)
        seen = _comparable(_seen(labeled_glitches()))
        finish_label_check(run, len(seen), _doubts(run, seen, life))


@dataclass(frozen=True)
class Seen:
    """A labeled glitch and its features (D,)."""

    row: LabeledGlitch
    features: npt.NDArray[np.float32]


def _seen(rows: list[LabeledGlitch]) -> list[Seen]:
    """Those whose pictures can be read."""
    from ml.vision.embedding.frozen import frozen_features

    pictures = glitch_pictures(row.glitch_id for row in rows)
    table = frozen_features(list(pictures.values()), VIEWS, settings.CACHE_FOLDER)
    for skipped in table.skipped:
        log.warning("The label of glitch %s was not judged: %s", skipped.glitch_id, skipped.reason)
    by_id = {row.glitch_id: row for row in rows}
    found = zip(table.glitch_ids, table.features, strict=True)
    return [Seen(by_id[int(glitch_id)], features) for glitch_id, features in found]


def _comparable(seen: list[Seen]) -> list[Seen]:
    """Without the classes of a single label: there is nothing to compare it with."""
    counts = Counter(one.row.label for one in seen)
    return [one for one in seen if counts[one.row.label] >= 2]


def _doubts(run: LabelCheck, seen: list[Seen], life: Held) -> list[Doubt]:
    """Raises TooFewLabels."""
    from ml.label_issues import find_suspects, out_of_fold

    rows = [one.row for one in seen]
    classes, given = np.unique([row.label for row in rows], return_inverse=True)
    life.report("comparing labels", 0.5, until=0.95)
    predicted = out_of_fold(
        np.array([one.features for one in seen]),
        given,
        repeats=int(run.settings.get("repeats", 3)),
        seed=int(run.settings.get("seed", 0)),
    )
    suspects = find_suspects(predicted, given)
    return [
        Doubt(
            glitch_id=rows[row].glitch_id,
            origin=rows[row].origin,
            given=rows[row].label,
            suggested=str(classes[suggested]),
            given_probability=float(predicted.probabilities[row, given[row]]),
            suggested_probability=float(predicted.probabilities[row, suggested]),
            misread=float(predicted.misread[row]),
        )
        for row, suggested in zip(suspects.rows, suspects.suggested, strict=True)
    ]
