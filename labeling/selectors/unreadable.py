"""Glitches whose pictures a model version could not read: left alone until there is a chance."""

from datetime import timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from labeling.models import ModelVersion, UnreadableGlitch

# A disk that was away comes back; a file that is broken stays so.
TRY_AGAIN_AFTER = timedelta(days=1)


def given_up(version_id: int) -> Exists:
    """Of a queryset of glitches: tried lately by this version, with the pictures of today."""
    return Exists(
        UnreadableGlitch.objects.filter(
            glitch=OuterRef("pk"),
            model_version=version_id,
            content_digest=OuterRef("content_digest"),
            tried_at__gt=timezone.now() - TRY_AGAIN_AFTER,
        )
    )


def unreadable_in_use() -> QuerySet[UnreadableGlitch]:
    """What the classifier in use could not read."""
    return UnreadableGlitch.objects.filter(
        model_version__role=ModelVersion.Role.CLASSIFIER,
        model_version__state=ModelVersion.State.ACTIVE,
    )
