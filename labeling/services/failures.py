"""What goes wrong in workers, kept for the system page: one row a task and message."""

from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from labeling.models import TaskError

KEPT = timedelta(days=90)


def record_failure(task: str, arguments: dict[str, Any], error: str) -> None:
    """Store how a task failed; the same failure again, of a sweep say, is counted in its row."""
    now = timezone.now()
    same = TaskError.objects.filter(task=task, error=error)
    again = {"times": F("times") + 1, "at": now, "arguments": arguments}
    if same.update(**again):
        return
    TaskError.objects.filter(at__lt=now - KEPT).delete()
    try:
        with transaction.atomic():
            TaskError.objects.create(
                task=task, arguments=arguments, error=error, first_at=now, at=now
            )
    except IntegrityError:  # another worker's failed in the same way just now
        same.update(**again)
