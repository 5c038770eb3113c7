"""An evaluation is asked for here, and made by a worker."""

from django.db import transaction
from django.utils.translation import gettext as _

from labeling import jobs
from labeling.errors import LabelingError
from labeling.models import ModelVersion, User
from labeling.selectors.gold_test import gold_test, later_than_training
from labeling.selectors.versions import find_version
from labeling.services.audit import record_deed


def request_evaluation(
    number: int, *, against: int | None, by: User | None, in_time: bool = False
) -> tuple[ModelVersion, ModelVersion | None]:
    """Have a worker judge a classifier on today's gold test set, perhaps against another.

    ``in_time``: on those glitches alone that came later than all that either was trained on.
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
        jobs.enqueue_on_commit(
            jobs.EVALUATE, version_id=version.pk, against_id=other.pk if other else None, **only
        )
    return version, other
