"""Policies of retirement: what a change means for the glitches that are there."""

from celery import shared_task

from labeling import jobs
from labeling.services.policies import reevaluate_workflow
from workers.tasks import RecordedTask


@shared_task(name=jobs.REEVALUATE, base=RecordedTask)
def reevaluate(workflow_id: int) -> int:
    return reevaluate_workflow(workflow_id)
