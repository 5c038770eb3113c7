"""Picks of active learning and the random audit: kept up to date beside the voting."""

from celery import shared_task
from django.utils import timezone

from labeling import jobs
from labeling.services.picks import refresh_active_picks
from labeling.services.sampling import audit
from workers.tasks import RecordedTask


@shared_task(name=jobs.REFRESH_PICKS, base=RecordedTask)
def refresh_picks(workflow_id: int, version: int) -> int:
    """Pick anew at a level whose list is of this version; a second message finds a newer one."""
    return refresh_active_picks(workflow_id, version)


@shared_task(name=jobs.SWEEP_AUDIT, base=RecordedTask)
def sweep_audit() -> None:
    audit(timezone.now())
