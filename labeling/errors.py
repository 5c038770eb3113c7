"""Domain errors: each has a stable code, an HTTP status and a message for people.

One handler in ``api.errors`` and one in ``web.errors`` render them. The database's named
constraints map to them here, so that what the database forbids reads like any other refusal.
"""

from typing import Any

from django.db import IntegrityError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class LabelingError(Exception):
    """A request that cannot be done; the message says what was wrong and what to do."""

    code = "labeling_error"
    http_status = 400

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        http_status: int | None = None,
        **data: Any,
    ) -> None:
        super().__init__(message)
        self.code = code or self.code
        self.http_status = http_status or self.http_status
        self.data = data


class NotFoundError(LabelingError):
    code = "not_found"
    http_status = 404


class ConflictError(LabelingError):
    """The request contradicts what is stored already."""

    code = "conflict"
    http_status = 409


class ForbiddenError(LabelingError):
    code = "forbidden"
    http_status = 403


class UnavailableError(LabelingError):
    """A part of the house is down; trying again later is right."""

    code = "unavailable"
    http_status = 503


CONSTRAINT_ERRORS: dict[str, tuple[str, Promise]] = {
    "one_vote_a_volunteer_glitch_question": (
        "already_voted",
        _("You have voted on this glitch already. Ask for the next one."),
    ),
    "one_vote_an_idempotency_key": (
        "idempotency_conflict",
        _("This idempotency key belongs to a vote on another glitch; use a new key a vote."),
    ),
    "one_open_assignment_a_volunteer_glitch": (
        "already_assigned",
        _("This glitch is open in front of you already; answer it first."),
    ),
    "one_gold_label_a_glitch": (
        "gold_exists",
        _("This glitch has a gold label already; change that one instead."),
    ),
    "one_active_model_version_a_role": (
        "activation_conflict",
        _("Another model version was activated at the same time; look at it and try again."),
    ),
    "one_running_shadow_trial_a_role": (
        "shadow_under_way",
        _("Another candidate is on trial already; wait for it or call it off."),
    ),
    "one_running_training_a_role": (
        "training_under_way",
        _("A training is under way already; wait for it or cancel it."),
    ),
    "proposal_moves_along_its_arrows": (
        "proposal_state",
        _("This proposal was decided already; reload it to see how."),
    ),
    "one_collection_an_owner_name": (
        "collection_exists",
        _("You have a collection of this name already; choose another name."),
    ),
    "glitch_class_label_unique": (
        "class_exists",
        _("A glitch class of this label exists already; choose another name."),
    ),
}


def from_integrity_error(error: IntegrityError) -> LabelingError | None:
    """The domain error of a violated constraint, or None where the constraint has none."""
    diagnostics = getattr(error.__cause__, "diag", None)
    name = getattr(diagnostics, "constraint_name", None)
    if name not in CONSTRAINT_ERRORS:
        return None
    code, message = CONSTRAINT_ERRORS[name]
    return ConflictError(str(message), code=code, constraint=name)
