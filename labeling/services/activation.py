"""Putting a model version into use: the one door, for trainings, searches, trials and people."""

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling import jobs
from labeling.errors import ConflictError, from_integrity_error
from labeling.models import ModelVersion, User
from labeling.services.audit import record_deed


def activate(
    version: ModelVersion, *, instead_of: int | None, by: User | None, verb: str = "activate"
) -> None:
    """Make ``version`` the one in use, if ``instead_of`` still is.

    The caller holds a transaction, and has checked the version's file before it began.

    A classifier scores what it has not seen yet; what it predicted earlier is used again, and the
    glitches that nobody has voted on are routed anew. Raises ConflictError ``activation_conflict``.
    """
    active = ModelVersion.objects.select_for_update().filter(
        role=version.role, state=ModelVersion.State.ACTIVE
    )
    current = active.first()
    if (current.pk if current else None) != instead_of:
        raise ConflictError(
            _("Another model version went live since the comparison; compare again."),
            code="activation_conflict",
        )
    if current is not None:
        current.state = ModelVersion.State.REPLACED
        current.save(update_fields=["state"])
        if current.replaces_id != version.pk:  # on a rollback the way back stays as it was
            _put_before(current, version)
    version.state = ModelVersion.State.ACTIVE
    version.activated_at = timezone.now()
    version.routed_at = None
    try:
        with transaction.atomic():
            version.save(update_fields=["state", "activated_at", "replaces", "routed_at"])
    except IntegrityError as error:
        # None was in use, so there was no row to lock, and somebody else was quicker.
        refusal = from_integrity_error(error)
        if refusal is None:
            raise
        raise refusal from error
    record_deed(by, verb, f"{version.role} {version.number}", reason=version.decision_reason)
    if version.role == ModelVersion.Role.CLASSIFIER:
        jobs.enqueue_on_commit(jobs.SCORE_GLITCHES, version_id=version.pk)


def _put_before(current: ModelVersion, version: ModelVersion) -> None:
    """Let the way back from ``version`` begin with ``current``.

    It leaves its place further down, so that the way back comes to each version once, the last
    used first, and has an end.
    """
    ModelVersion.objects.filter(replaces=version).update(replaces=version.replaces)
    version.replaces = current
