"""The gold test set, and what a version says of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.db.models import Func
from django.utils.translation import gettext as _

from labeling.errors import LabelingError
from labeling.models import (
    Glitch,
    GoldLabel,
    ModelVersion,
    Prediction,
    TrainingExample,
)
from labeling.selectors.learned import trainings_of
from ml.vision.judging.judged import Judged
from ml.vision.judging.nearness import LATER, Origins, nearness


@dataclass(frozen=True)
class GoldTest:
    """Gold glitches that no training ever sees, by id; ``detectors`` and ``times`` go along.

    ``times`` (n,): GPS seconds, NaN where unknown.
    """

    glitch_ids: list[int] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    detectors: list[str] = field(default_factory=list)
    times: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    @property
    def digest(self) -> str:
        """SHA-256 of glitches and labels: two figures compare where it is the same."""
        lines = (f"{pk} {label}" for pk, label in zip(self.glitch_ids, self.labels, strict=True))
        return sha256("\n".join(lines).encode()).hexdigest()

    def check_not_empty(self) -> None:
        """Raise LabelingError ``nothing_to_test`` if there is no glitch in it."""
        if not self.glitch_ids:
            raise LabelingError(
                _(
                    "The gold test set is empty: give gold labels first; a quarter of them is kept "
                    "for testing."
                ),
                code="nothing_to_test",
            )


def gold_test() -> GoldTest:
    """The test split of today: of classes in use, None_of_the_Above only where it is trained."""
    barred = [] if settings.TRAIN_NONE_OF_THE_ABOVE else [True]
    rows = list(
        GoldLabel.objects.filter(split=GoldLabel.Split.TEST, glitch_class__valid_to__isnull=True)
        .exclude(glitch_class__is_none_of_the_above__in=barred)
        .order_by("glitch_id")
        .values_list("glitch_id", "glitch_class__label", "glitch__ifo", "glitch__event_time")
    )
    return GoldTest(
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        np.array([np.nan if row[3] is None else row[3] for row in rows], np.float64),
    )


def unpredicted(version: ModelVersion, test: GoldTest) -> list[int]:
    """The test glitches that the version has not predicted."""
    there = Prediction.objects.filter(model_version=version, glitch__in=test.glitch_ids)
    predicted = set(there.values_list("glitch_id", flat=True))
    return [pk for pk in test.glitch_ids if pk not in predicted]


def without(test: GoldTest, left_out: list[int]) -> GoldTest:
    """The test without some of its glitches."""
    gone = set(left_out)
    stays = [place for place, pk in enumerate(test.glitch_ids) if pk not in gone]
    return GoldTest(
        [test.glitch_ids[place] for place in stays],
        [test.labels[place] for place in stays],
        [test.detectors[place] for place in stays],
        test.times[stays],
    )


def later_than_training(test: GoldTest, versions: Sequence[ModelVersion]) -> GoldTest:
    """Those test glitches that came later than all that any of the versions was trained on or
    chosen by, by more than a minute. Raises LabelingError ``nothing_later``.
    """
    later = np.ones(len(test.glitch_ids), bool)
    for version in versions:
        near = nearness(Origins(test.detectors, test.times, training_times(version)))
        later &= np.array(near) == LATER
    stays = without(
        test, [pk for pk, is_later in zip(test.glitch_ids, later, strict=True) if not is_later]
    )
    if not stays.glitch_ids:
        raise LabelingError(
            _(
                "No gold test glitch is known to be later than all that %(version)s was trained "
                "on: train by the setting split = 'in time', or give gold to what came since."
            )
            % {"version": versions[-1]},
            code="nothing_later",
        )
    return stays


def judged_on(version: ModelVersion, test: GoldTest) -> Judged:
    """The version's stored predictions of the whole test. ValueError where one is missing."""
    stored = dict(
        Prediction.objects.filter(model_version=version, glitch__in=test.glitch_ids).values_list(
            "glitch_id", "probabilities"
        )
    )
    missing = len(test.glitch_ids) - len(stored)
    if missing or version.class_list is None:
        raise ValueError(f"{version} has not predicted {missing} of the test glitches")
    probabilities = np.array([stored[pk] for pk in test.glitch_ids], np.float64)
    return Judged(
        version.class_list.labels,
        probabilities.reshape(len(stored), len(version.class_list.labels)),
        test.labels,
        [str(pk) for pk in test.glitch_ids],
    )


def training_times(version: ModelVersion) -> npt.NDArray[np.float64]:
    """When the glitches were that the version learned from, with a label or without, or was
    chosen by: GPS seconds (m,).

    Of an ensemble, those of its members too.
    """
    runs = trainings_of([version.number])
    labeled = TrainingExample.objects.filter(run__in=runs).exclude(split="test").values("glitch")
    unlabeled = runs.annotate(each=Func("unlabeled_ids", function="unnest")).values("each")
    # One after the other: joined by OR they would be gone through once for each glitch.
    timed = Glitch.objects.filter(event_time__isnull=False)
    seen = timed.filter(pk__in=labeled).union(timed.filter(pk__in=unlabeled))
    return np.array(list(seen.values_list("event_time", flat=True)), np.float64)
