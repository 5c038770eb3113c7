"""Skills: what is learned of them from the whole crowd, and what of them is kept."""

from celery import shared_task
from django.utils import timezone

from labeling import jobs
from labeling.services.agreed import count_agreed_answers
from labeling.services.pruning import prune_some_skills
from labeling.services.refitting import follow_up_refits, refit_if_due
from labeling.services.skill_priors import refresh_skill_prior
from workers.tasks import RecordedTask


@shared_task(name=jobs.COUNT_ANSWERS, base=RecordedTask)
def count_answers() -> int:
    return count_agreed_answers(timezone.now())


@shared_task(name=jobs.REFRESH_SKILL_PRIOR, base=RecordedTask)
def refresh_prior() -> int | None:
    made = refresh_skill_prior(timezone.now())
    return made.pk if made else None


@shared_task(name=jobs.REFIT_SKILLS, base=RecordedTask)
def refit() -> None:
    """Refit where one is due; else go on with what the last one left to do."""
    if refit_if_due(timezone.now()) is None:
        follow_up_refits()


@shared_task(name=jobs.PRUNE_SKILLS, base=RecordedTask)
def prune(after: int = 0) -> None:
    """Prune some volunteers, and send for the next: other work of the queue comes between."""
    last = prune_some_skills(after, timezone.now())
    if last is not None:
        jobs.send_now(jobs.PRUNE_SKILLS, after=last)
