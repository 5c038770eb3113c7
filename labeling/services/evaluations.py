"""An evaluation is asked for here, and made by a worker."""

from django.db import transaction
from django.utils.translation import gettext as _

from labeling import jobs
from labeling.errors import LabelingError
from labeling.models import ModelVersion, User
from labeling.selectors.gold_test import gold_test
from labeling.selectors.versions import find_version
from labeling.services.audit import record_deed


def request_evaluation(
    number: int, *, against: int | None, by: User | None
) -> tuple[ModelVersion, ModelVersion | None]:
    """Have a worker judge a classifier on today's gold test set, perhaps against another.

    Raises NotFoundError; LabelingError ``against_itself``, ``nothing_to_test``.
    """
    if number == against:
        raise LabelingError(_("A version cannot be compared with itself."), code="against_itself")
    role = ModelVersion.Role.CLASSIFIER
    version = find_version(role, number)
    other = find_version(role, against) if against is not None else None
    gold_test().check_not_empty()
    with transaction.atomic():
        record_deed(by, "evaluate", f"{role} {number}", against=against)
        jobs.enqueue_on_commit(
            jobs.EVALUATE, version_id=version.pk, against_id=other.pk if other else None
        )
    return version, other
