"""Batches: closed when every glitch in them is decided."""

from celery import shared_task

from labeling import jobs
from labeling.services.batches import close_batch_if_decided
from workers.tasks import RecordedTask


@shared_task(name=jobs.CLOSE_BATCH, base=RecordedTask)
def close_batch(batch_id: int) -> bool:
    return close_batch_if_decided(batch_id)
