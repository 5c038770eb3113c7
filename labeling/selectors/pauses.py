"""For how long the house asks for no training, after one of its own that came to nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from labeling.models import TrainingRun
from labeling.selectors.recipes import settings_as_stored, site_recipe
from ml.errors import MLError

State = TrainingRun.State
# What made it fail is seldom gone at once; who calls one off means more than the next minutes.
PAUSES = {State.FAILED: timedelta(hours=6), State.CANCELLED: timedelta(days=1)}
LONGEST = timedelta(days=7)
LETTERS = 300  # of an error


@dataclass(frozen=True)
class Pause:
    """``run`` failed or was cancelled, and ended last; until ``until`` the house asks for none."""

    run: TrainingRun
    until: datetime

    @property
    def words(self) -> str:
        """Which training it was, why that one counts, and what became of it."""
        is_own = hasattr(self.run, "training_request")
        named = {"run": self.run.pk, "error": Truncator(self.run.error).chars(LETTERS)}
        if self.run.state == State.CANCELLED:
            return _("Training %(run)s, which the house had asked for, was cancelled.") % named
        if is_own:
            return _("Training %(run)s, which the house had asked for, failed: %(error)s") % named
        return _("Training %(run)s, by the site's own settings, failed: %(error)s") % named


def last_succeeded() -> TrainingRun | None:
    """The training from which labels, drift and days are counted."""
    return TrainingRun.objects.filter(state=State.SUCCEEDED).order_by("-pk").first()


def pause_of_the_house(now: datetime) -> Pause | None:
    """The pause after the training that ended last; None where that succeeded, or it is over.

    A person's experiment makes none: what counts are the trainings that the house asked for, and
    failures of others that go by the site's recipe unchanged, as the house's next one would.

    Each further training of the house's own that ends without a version doubles it: what fails for
    the same reason each time is not tried again all day.
    """
    own = Q(training_request__isnull=False, state__in=PAUSES)
    alike = Q(state=State.FAILED) & _by_the_sites_settings()
    ended = TrainingRun.objects.filter(ended_at__isnull=False).select_related("training_request")
    last = ended.filter(Q(state=State.SUCCEEDED) | own | alike).order_by("-ended_at").first()
    if last is None or last.state not in PAUSES:
        return None
    before = last_succeeded()
    in_vain = TrainingRun.objects.filter(own, pk__gt=before.pk if before else 0).count()
    pause = min(PAUSES[State(last.state)] * 2 ** max(in_vain - 1, 0), LONGEST)
    until = (last.ended_at or now) + pause
    return Pause(last, until) if until > now else None


def _by_the_sites_settings() -> Q:
    try:
        stored = settings_as_stored(site_recipe(), {})
    except MLError:  # by no such recipe was anything trained
        return Q(pk__in=[])
    found = Q()
    for settings in stored:
        found |= Q(settings=settings)
    return found
