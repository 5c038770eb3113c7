"""A level's policy of retirement: changed, and followed up on every glitch it decides on.

Raising a limit reopens what was retired by the old one; lowering it retires what has enough. The
follow-up runs in a worker, one short transaction a glitch. It may be killed at any point: until it
has ended, ``evaluated_version`` lags behind and the sweep sends it anew.
"""

import time
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from labeling import jobs
from labeling.models import Glitch, User, Workflow
from labeling.services.audit import record_deed
from labeling.services.consensus import update_consensus
from labeling.services.standing import Standing, read_evidence
from labeling.services.taxonomy import STALE_AT_MOST, current_taxonomy

# What people decided stays decided.
BY_PEOPLE = (Glitch.RetireReason.HUMAN, Glitch.RetireReason.FLAGGED)


@transaction.atomic
def change_workflow(workflow: Workflow, *, by: User | None) -> None:
    """Store a changed level and have its glitches judged anew."""
    workflow.policy_version += 1
    workflow.save()
    changed = {"policy": workflow.policy, "streams": workflow.streams}
    record_deed(by, "change_workflow", f"level {workflow.level}", **changed)
    jobs.enqueue_on_commit(jobs.REEVALUATE, workflow_id=workflow.pk)


def policies_to_follow_up() -> list[int]:
    """Ids of the levels whose latest change has not been followed up to its end."""
    due = Workflow.objects.filter(evaluated_version__lt=F("policy_version"))
    return list(due.values_list("pk", flat=True))


def reevaluate_workflow(workflow_id: int, wait: Callable[[float], object] = time.sleep) -> int:
    """Judge every voted-on glitch of the level by its policy of now; returns how many changed.

    Run twice at once or again it changes nothing more. It waits first until no process goes by the
    policy of before (``taxonomy.STALE_AT_MOST``): a vote reads the policy while it holds its
    glitch, so whatever the old one decides is stored when the glitch's turn comes here.
    """
    workflow = Workflow.objects.get(pk=workflow_id)
    if workflow.evaluated_version >= workflow.policy_version:
        return 0
    wait(STALE_AT_MOST * settings.TAXONOMY_SECONDS)
    current_taxonomy(newer=True)
    concerned = (
        Glitch.objects.filter(workflow=workflow, consensus__isnull=False, is_reserved=False)
        .exclude(retire_reason__in=BY_PEOPLE)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    changed = sum(_reevaluate(pk) for pk in concerned.iterator(chunk_size=2000))
    followed = Workflow.objects.filter(
        pk=workflow.pk, evaluated_version__lt=workflow.policy_version
    )
    followed.update(evaluated_version=workflow.policy_version)
    return changed


@transaction.atomic
def _reevaluate(glitch_id: int) -> bool:
    """Whether the glitch was reopened, retired or moved."""
    glitch = Glitch.objects.select_for_update(no_key=True).get(pk=glitch_id)
    if glitch.workflow_id is None or glitch.retire_reason in BY_PEOPLE:
        return False
    taxonomy = current_taxonomy()
    evidence = read_evidence(glitch_id, taxonomy.version.pk if taxonomy.version else None)
    before, standing = Standing.of(glitch), Standing.of(glitch)
    standing.retired_at, standing.retire_reason = None, ""
    update_consensus(standing, taxonomy, evidence, timezone.now())
    if standing.retire_reason and standing.retire_reason == before.retire_reason:
        standing.retired_at = before.retired_at
        standing.write()
    return (standing.retire_reason, standing.workflow_id) != (
        before.retire_reason,
        before.workflow_id,
    )
