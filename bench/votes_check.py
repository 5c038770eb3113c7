"""What must hold after every load of ``bench.votes``: read from the database itself."""

from django.db.models import Case, F, IntegerField, When

from labeling.models import Glitch, Vote


def votes_stored() -> int:
    return Vote.objects.count()


def over_limit() -> int:
    """Open glitches that hold more votes and live leases than they need."""
    held = F("votes_count") + F("leases_open")
    over = Glitch.objects.filter(retired_at=None, gold_labels=None).annotate(
        over=Case(When(votes_needed__lt=held, then=1), default=0, output_field=IntegerField())
    )
    return over.filter(over=1).count()
