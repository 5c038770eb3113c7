"""Evaluations are asked for here, and made by a worker."""

from django.db import transaction
from django.utils.translation import gettext as _

from labeling import jobs
from labeling.errors import LabelingError
from labeling.models import EvaluationRun, ModelVersion, User
from labeling.selectors.gold_test import gold_test, later_than_training
from labeling.selectors.versions import find_version
from labeling.services.audit import record_deed
from labeling.services.runs import hand_back


def request_evaluation(
    number: int, *, against: int | None, by: User | None, in_time: bool = False
) -> EvaluationRun:
    """Have a worker judge a classifier on today's gold test set, perhaps against another.

    ``in_time``: on those glitches alone that came later than all that either was trained on. One
    that is asked for or under way already is given again.
    Raises NotFoundError; LabelingError ``against_itself``, ``nothing_to_test``, ``nothing_later``.
    """
    if number == against:
        raise LabelingError(_("A version cannot be compared with itself."), code="against_itself")
    role = ModelVersion.Role.CLASSIFIER
    version = find_version(role, number)
    other = find_version(role, against) if against is not None else None
    test = gold_test()
    test.check_not_empty()
    if in_time:
        later_than_training(test, [version, other] if other else [version])
    only = {"in_time": True} if in_time else {}
    with transaction.atomic():
        record_deed(by, "evaluate", f"{role} {number}", against=against, **only)
        return begin_evaluation(version, other, by=by, in_time=in_time)


def begin_evaluation(
    version: ModelVersion, against: ModelVersion | None, *, by: User | None, in_time: bool = False
) -> EvaluationRun:
    """The row of an evaluation that a worker is to make, which the sweep sends until one has.

    The caller holds a transaction.
    """
    run, is_new = EvaluationRun.objects.get_or_create(
        model_version=version,
        against=against,
        in_time=in_time,
        state__in=EvaluationRun.LIVE,
        defaults={"requested_by": by},
    )
    if is_new:
        jobs.enqueue_on_commit(jobs.EVALUATE, run_id=run.pk)
    return run


def go_on_later(run: EvaluationRun) -> None:
    """Hand an evaluation back whose turn is over; it is sent again, behind those that wait."""
    with transaction.atomic():
        if hand_back(run):
            jobs.enqueue_on_commit(jobs.EVALUATE, run_id=run.pk)
