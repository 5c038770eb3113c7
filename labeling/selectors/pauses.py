"""For how long the house asks for no training, after one that failed or was called off."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from labeling.models import TrainingRun

State = TrainingRun.State
# What made it fail is seldom gone at once; who calls one off means more than the next minutes.
PAUSES = {State.FAILED: timedelta(hours=6), State.CANCELLED: timedelta(days=1)}
LONGEST = timedelta(days=7)


@dataclass(frozen=True)
class Pause:
    """``run`` failed or was cancelled, and ended last; until ``until`` the house asks for none."""

    run: TrainingRun
    until: datetime


def last_succeeded() -> TrainingRun | None:
    """The training from which labels, drift and days are counted."""
    return TrainingRun.objects.filter(state=State.SUCCEEDED).order_by("-pk").first()


def pause_of_the_house(now: datetime) -> Pause | None:
    """The pause after the training that ended last; None where that succeeded, or it is over.

    Each further training of the house's own that ends without a version doubles it: what fails for
    the same reason each time is not tried again all day. Persons' own are not counted.
    """
    ended = TrainingRun.objects.filter(ended_at__isnull=False).order_by("-ended_at")
    last = ended.first()
    if last is None or last.state not in PAUSES:
        return None
    before = last_succeeded()
    in_vain = TrainingRun.objects.filter(
        pk__gt=before.pk if before else 0, state__in=PAUSES, training_request__isnull=False
    ).count()
    pause = min(PAUSES[State(last.state)] * 2 ** max(in_vain - 1, 0), LONGEST)
    until = (last.ended_at or now) + pause
    return Pause(last, until) if until > now else None
