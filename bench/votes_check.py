"""What must hold after every load of ``bench.votes``: read from the database itself."""

from collections.abc import Iterable

from django.db import connection
from django.db.models import Case, F, IntegerField, Max, When

from labeling.models import Glitch, Vote


def newest_vote() -> int:
    """Id of the newest vote; 0 where there is none."""
    connection.close()  # the server may have been another one meanwhile
    return Vote.objects.aggregate(newest=Max("pk"))["newest"] or 0


def votes_after(vote_id: int) -> list[str]:
    """Idempotency keys of the votes stored after that one, each as often as it is stored."""
    connection.close()
    keys = Vote.objects.filter(pk__gt=vote_id).values_list("idempotency_key", flat=True)
    return [str(key) for key in keys]


def compare(acknowledged: Iterable[str], stored: Iterable[str]) -> dict[str, int]:
    """``lost``: acknowledged, not stored; ``unasked``: stored, acknowledged to nobody."""
    told, there = set(acknowledged), set(stored)
    return {"lost": len(told - there), "unasked": len(there - told)}


def over_limit() -> int:
    """Open glitches that hold more votes and live leases than they need."""
    held = F("votes_count") + F("leases_open")
    over = Glitch.objects.filter(retired_at=None, gold_labels=None).annotate(
        over=Case(When(votes_needed__lt=held, then=1), default=0, output_field=IntegerField())
    )
    return over.filter(over=1).count()
