"""Reads of what asked for a training, and what came of it."""

from django.db.models import QuerySet

from labeling.models import TrainingRequest, TrainingRun


def listed_requests() -> QuerySet[TrainingRequest]:
    return TrainingRequest.objects.select_related("requested_by")


def unanswered_refusal() -> TrainingRequest | None:
    """The last time that a training was due and could not start, if none has started since."""
    last = listed_requests().first()
    if last is None or last.state != TrainingRequest.State.REFUSED:
        return None
    since = TrainingRun.objects.filter(created_at__gt=last.created_at)
    return None if since.exists() else last
