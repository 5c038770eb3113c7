"""Evaluations: a version's stored predictions of the gold test set become its stored figures.

For workers and commands: scikit-learn is loaded. The pages ask for one through
``labeling.services.evaluations`` and show what is stored.
"""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from labeling.errors import LabelingError
from labeling.models import Evaluation, EvaluationRun, ModelVersion
from labeling.selectors.gold_test import (
    GoldTest,
    gold_test,
    judged_on,
    later_than_training,
    training_times,
    unpredicted,
    without,
)
from labeling.services.runs import end_run, held
from labeling.version import code_version
from ml.vision.judging.compare import compare
from ml.vision.judging.figures import figures
from ml.vision.judging.groups import by_groups
from ml.vision.judging.judged import Judged
from ml.vision.judging.nearness import Origins
from ml.vision.judging.trust import at_thresholds


def evaluate_version(
    version: ModelVersion,
    against: ModelVersion | None = None,
    *,
    whole: bool = True,
    in_time: bool = False,
) -> Evaluation:
    """Judge a version on today's gold test set, perhaps against another, and store the figures.

    ``whole=False`` leaves out the glitches that one of the two has not predicted: a worker has
    tried, and their pictures cannot be read. ``in_time``: on those alone that came later than all
    that either was trained on. The same test again writes the same row anew. Raises LabelingError
    ``nothing_to_test``, ``not_predicted`` or ``nothing_later``.
    """
    return _store(_judge(version, against, whole=whole, in_time=in_time))


def finish_evaluation(run: EvaluationRun) -> bool:
    """Store the figures; False, and nothing stored, where the run was cancelled or taken from this
    worker meanwhile.

    What has no prediction is left out: the worker has tried, and its pictures cannot be read.
    Raises LabelingError ``nothing_to_test``, ``nothing_later``.
    """
    beside = [None, run.against] if run.against else [None]
    judged = [
        _judge(run.model_version, against, whole=False, in_time=run.in_time) for against in beside
    ]
    with transaction.atomic():
        if held(run).select_for_update().first() is None:
            return False
        stored = [_store(one) for one in judged][-1]
        held(run).update(evaluation=stored)
        return end_run(run, EvaluationRun.State.SUCCEEDED)


def _judge(
    version: ModelVersion, against: ModelVersion | None, *, whole: bool, in_time: bool
) -> Evaluation:
    """The row of :func:`evaluate_version`, not stored yet."""
    versions = [one for one in (version, against) if one is not None]
    test = _test_of(versions, whole)
    if in_time:
        test = later_than_training(test, versions)
    mine = judged_on(version, test)
    return Evaluation(
        model_version=version,
        against=against,
        test_digest=test.digest,
        in_time=in_time,
        figures=_figures(version, mine, test),
        comparison=compare(mine, judged_on(against, test)) if against else None,
        code_version=code_version(),
    )


def _store(judged: Evaluation) -> Evaluation:
    """In place of what the same test gave before."""
    stored, _is_new = Evaluation.objects.update_or_create(
        model_version=judged.model_version,
        against=judged.against,
        test_digest=judged.test_digest,
        in_time=judged.in_time,
        defaults={
            "figures": judged.figures,
            "comparison": judged.comparison,
            "code_version": judged.code_version,
        },
    )
    return stored


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
    test.check_not_empty()
    readable = without(test, [pk for glitches in missing.values() for pk in glitches])
    if not readable.glitch_ids:
        raise LabelingError(
            _("%(versions)s can read none of the %(count)s gold test glitches.")
            % {"versions": _(" and ").join(map(str, versions)), "count": len(test.glitch_ids)},
            code="nothing_to_test",
        )
    return readable


def _figures(version: ModelVersion, mine: Judged, test: GoldTest) -> dict[str, Any]:
    origins = Origins(test.detectors, test.times, training_times(version))
    return figures(mine) | {
        "by": by_groups(mine, origins),
        "thresholds": at_thresholds(mine, version.metrics.get("thresholds") or {}),
    }
