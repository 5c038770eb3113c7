"""Model versions: taken back into use, or put out of it, by a person."""

from django.db import transaction

from labeling import jobs
from labeling.models import ModelVersion, User
from labeling.selectors.versions import active_version, find_version
from labeling.services.training import activate


def activate_version(role: str, number: int, *, by: User | None, reason: str = "") -> ModelVersion:
    """Put a stored version into use: a rollback, or a candidate let in against the gate.

    The one in use again changes nothing. A classifier scores what it has not seen yet.

    Raises:
        NotFoundError; ConflictError ``activation_conflict`` where two do it at once.
    """
    with transaction.atomic():
        version = find_version(role, number)
        current = active_version(role)
        if current == version:
            return version
        who = by.get_username() if by else "the house"
        version.decision_reason = f"Activated by {who}" + (f": {reason}" if reason else ".")
        version.save(update_fields=["decision_reason"])
        activate(version, instead_of=current.pk if current else None, by=by)
        if version.role == ModelVersion.Role.CLASSIFIER:
            jobs.enqueue_on_commit(jobs.SCORE_GLITCHES, version_id=version.pk)
        return version
