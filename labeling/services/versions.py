"""Model versions: taken back into use, or put out of it, by a person."""

from django.db import transaction
from django.utils.translation import gettext as _

from labeling.errors import ConflictError
from labeling.models import ModelVersion, User
from labeling.selectors.versions import active_version, find_version
from labeling.services.activation import activate
from labeling.services.reasons import OF_A_DECISION, checked_reason
from labeling.services.shadow import call_off_trial
from labeling.services.weights import check_weights


def activate_version(role: str, number: int, *, by: User | None, reason: str = "") -> ModelVersion:
    """Put a stored version into use: a rollback, or a candidate let in against the gate.

    The one in use again changes nothing. A classifier scores what it has not seen yet.

    Raises:
        NotFoundError; LabelingError ``unprintable_reason``; ConflictError
        ``activation_conflict`` where two do it at once,
        ``missing_weights`` or ``damaged_weights`` where its file is not what was stored,
        ``vectors_deleted`` of an embedding that a search for new classes has replaced for good.
    """
    version = find_version(role, number)
    if active_version(role) != version:
        check_weights(version)
    with transaction.atomic():
        return _put_into_use(version, by=by, reason=reason, verb="activate")


def roll_back(role: str, *, instead_of: int, by: User | None, reason: str = "") -> ModelVersion:
    """Put the version into use that was in use before the present one, whose number is given.

    So a second click, or another person's, does not roll back twice. What the earlier version
    predicted is used again; only newer glitches are predicted.

    Raises:
        ConflictError ``activation_conflict`` where another version is in use meanwhile, or
        ``no_earlier_version``; ``missing_weights``, ``damaged_weights``, ``vectors_deleted``;
        LabelingError ``unprintable_reason``.
    """
    earlier = _before(role, instead_of)
    check_weights(earlier)
    with transaction.atomic():
        if _before(role, instead_of) != earlier:
            raise _not_in_use(role, instead_of)
        return _put_into_use(earlier, by=by, reason=reason, verb="roll_back")


def _before(role: str, number: int) -> ModelVersion:
    """The version that was in use before ``number``, which is; ConflictError where it is not."""
    current = active_version(role)
    if current is None or current.number != number:
        raise _not_in_use(role, number)
    if current.replaces is None:
        raise ConflictError(
            _("No %(role)s was in use before %(instead_of)s: there is nothing to go back to.")
            % {"role": role, "instead_of": number},
            code="no_earlier_version",
        )
    return current.replaces


def _not_in_use(role: str, number: int) -> ConflictError:
    return ConflictError(
        _("The %(role)s %(instead_of)s is not in use any more; look at the list again.")
        % {"role": role, "instead_of": number},
        code="activation_conflict",
    )


def _put_into_use(
    version: ModelVersion, *, by: User | None, reason: str, verb: str
) -> ModelVersion:
    """The caller holds a transaction."""
    reason = checked_reason(reason, OF_A_DECISION)
    current = active_version(version.role)
    if current == version:
        return version
    if version.role == ModelVersion.Role.EMBEDDING and not version.embeddings.exists():
        raise ConflictError(
            _(
                "The vectors of %(version)s were deleted: only those of the embedding in use and "
                "of the one before it are kept. Search for new classes to make an embedding anew."
            )
            % {"version": version},
            code="vectors_deleted",
        )
    call_off_trial(version.role, reason=f"{version} was put into use.", by=by)
    version.refresh_from_db(fields=["state", "decision_reason"])
    who = by.get_username() if by else "the house"
    done = "Activated" if verb == "activate" else "Rolled back to"
    version.decision_reason = f"{done} by {who}" + (f": {reason}" if reason else ".")
    version.save(update_fields=["decision_reason"])
    activate(version, instead_of=current.pk if current else None, by=by, verb=verb)
    return version
