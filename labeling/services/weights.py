"""A model version's file: whether it is still what was stored."""

import hashlib

from django.conf import settings
from django.utils.translation import gettext as _

from labeling.errors import ConflictError
from labeling.models import ModelVersion


def check_weights(version: ModelVersion) -> None:
    """:func:`check_file` of a stored version."""
    check_file(version.weights, version.weights_sha256, str(version))


def check_file(weights: str, sha256: str, version: str) -> None:
    """Raise ConflictError ``missing_weights`` or ``damaged_weights`` where the file ``weights`` of
    ``version`` is not as it was stored, by its SHA-256.

    Some hundred megabytes take a second or more: never within a transaction.
    """
    names = {"version": version, "weights": weights}
    try:
        with (settings.MODELS_FOLDER / weights).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ConflictError(
            _(
                "%(version)s cannot be used: its file %(weights)s is not there or cannot be read "
                "in the folder of models (%(error)s). Restore it from a backup, or train anew."
            )
            % {**names, "error": error.strerror},
            code="missing_weights",
        ) from error
    if found != sha256:
        raise ConflictError(
            _(
                "%(version)s cannot be used: its file %(weights)s in the folder of models was "
                "truncated or changed. Restore it from a backup, or train anew."
            )
            % names,
            code="damaged_weights",
        )
