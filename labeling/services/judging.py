"""Evaluations: a version's stored predictions of the gold test set become its stored figures.

For workers and commands: scikit-learn is loaded. The pages ask for one through
``labeling.services.evaluations`` and show what is stored.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from labeling.errors import LabelingError
from labeling.models import Evaluation, ModelVersion
from labeling.selectors.gold_test import (
    GoldTest,
    gold_test,
    judged_on,
    training_times,
    unpredicted,
    without,
)
from labeling.version import code_version
from ml.vision.judging.compare import compare
from ml.vision.judging.figures import figures
from ml.vision.judging.groups import LATER, Origins, by_groups, nearness
from ml.vision.judging.judged import Judged
from ml.vision.judging.trust import at_thresholds


def evaluate_version(
    version: ModelVersion, against: ModelVersion | None = None, *, whole: bool = True
) -> Evaluation:
    """Judge a version on today's gold test set, perhaps against another, and store the figures.

    ``whole=False`` leaves out the glitches that one of the two has not predicted: a worker has
    tried, and their pictures cannot be read. The same test again writes the same row anew. Raises
    LabelingError ``nothing_to_test`` or ``not_predicted``.
    """
    test = _test_of([one for one in (version, against) if one is not None], whole)
    found = _judge(version, against, test)
    with transaction.atomic():
        stored, _is_new = Evaluation.objects.update_or_create(
            model_version=version,
            against=against,
            test_digest=test.digest,
            defaults={**asdict(found), "code_version": code_version()},
        )
        return stored


@dataclass(frozen=True)
class Verdict:
    """A version's figures, and what it is against another, as stored with an evaluation."""

    figures: dict[str, Any]
    comparison: dict[str, Any] | None


def judge_in_time(
    version: ModelVersion, against: ModelVersion | None = None, *, whole: bool = True
) -> Verdict:
    """The figures on those test glitches alone that came later than all that either version was
    trained on or chosen by, by more than a minute. Nothing is stored. ``whole`` as above.

    Raises LabelingError ``nothing_to_test``, ``not_predicted`` or ``nothing_later``.
    """
    versions = [one for one in (version, against) if one is not None]
    test = _test_of(versions, whole)
    later = np.ones(len(test.glitch_ids), bool)
    for one in versions:
        near = nearness(Origins(test.detectors, test.times, training_times(one)))
        later &= np.array(near) == LATER
    test = without(
        test, [pk for pk, stays in zip(test.glitch_ids, later, strict=True) if not stays]
    )
    if not test.glitch_ids:
        raise LabelingError(
            f"No gold test glitch is known to be later than all that {versions[-1]} was trained "
            "on: train by the setting split = 'in time', or give gold to what came since.",
            code="nothing_later",
        )
    return _judge(version, against, test)


def _judge(version: ModelVersion, against: ModelVersion | None, test: GoldTest) -> Verdict:
    mine = judged_on(version, test)
    comparison = compare(mine, judged_on(against, test)) if against else None
    return Verdict(_figures(version, mine, test), comparison)


def _test_of(versions: Sequence[ModelVersion], whole: bool) -> GoldTest:
    test = gold_test()
    missing = {version: unpredicted(version, test) for version in versions}
    for version, glitches in missing.items() if whole else ():
        if glitches:
            raise LabelingError(
                _(
                    "%(version)s has not predicted %(glitches)s of the %(glitch_ids)s gold test "
                    "glitches yet; a worker does it when the page or the command asks for it."
                )
                % {
                    "version": version,
                    "glitches": len(glitches),
                    "glitch_ids": len(test.glitch_ids),
                },
                code="not_predicted",
                missing=len(glitches),
            )
    test = without(test, [pk for glitches in missing.values() for pk in glitches])
    test.check_not_empty()
    return test


def _figures(version: ModelVersion, mine: Judged, test: GoldTest) -> dict[str, Any]:
    origins = Origins(test.detectors, test.times, training_times(version))
    return figures(mine) | {
        "by": by_groups(mine, origins),
        "thresholds": at_thresholds(mine, version.metrics.get("thresholds") or {}),
    }
