"""Reads of model versions and what they say."""

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from labeling.errors import NotFoundError
from labeling.models import ModelVersion


def active_version(role: str) -> ModelVersion | None:
    return (
        ModelVersion.objects.select_related("class_list", "replaces")
        .filter(role=role, state=ModelVersion.State.ACTIVE)
        .first()
    )


def listed_versions() -> QuerySet[ModelVersion]:
    """Model versions with their class lists and trainings: one query."""
    return ModelVersion.objects.select_related("class_list", "training_run", "replaces")


def find_version(role: str, number: int) -> ModelVersion:
    """One version. Raises NotFoundError."""
    found = listed_versions().filter(role=role, number=number).first()
    if found is None:
        raise NotFoundError(
            _("There is no %(role)s version %(number)s.") % {"role": role, "number": number}
        )
    return found
