"""What a stranger sees of the site: its size, and some glitches to look at."""

import time
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Count, Q, Sum

from labeling.models import Glitch, GlitchClass, User, Workflow
from labeling.selectors.assignments import render_reference

VISITOR = Q(role=User.Role.VISITOR)
VOLUNTEER = Q(role=User.Role.VOLUNTEER, is_active=True)

SAMPLE = 6


class FrontPage(NamedTuple):
    """``sample``: some glitches to look at, the same ones for everybody; without any label."""

    counts: dict[str, int]
    sample: list[dict[str, Any]]


_read: tuple[float, FrontPage] | None = None


def front_page() -> FrontPage:
    """The site as it was at most ``HOME_SECONDS`` ago.

    Everybody who comes sees this page, so that a crowd of readers costs one look at the tables a
    process and half a minute.
    """
    global _read
    now = time.monotonic()
    if _read is None or now - _read[0] >= settings.HOME_SECONDS:
        _read = now, FrontPage(site_counts(), sample_glitches())
    return _read[1]


def site_counts() -> dict[str, int]:
    """How large the site is."""
    glitches = Glitch.objects.aggregate(
        glitches=Count("pk"), retired=Count("pk", filter=Q(retired_at__isnull=False))
    )
    classes = GlitchClass.objects.aggregate(
        classes=Count("pk", filter=Q(valid_to__isnull=True)),
        born=Count("pk", filter=Q(proposal__isnull=False)),
    )
    return {**glitches, **classes, **vote_counts(), **_people()}


def vote_counts() -> dict[str, int]:
    """All votes, and those cast without an account: sums of what stands with each voter.

    Each voter's count is kept by the vote itself, so that nobody counts millions of rows.
    """
    sums = User.objects.aggregate(
        votes=Sum("votes_cast", default=0),
        visitor_votes=Sum("votes_cast", filter=VISITOR, default=0),
    )
    return dict(sums)


def _people() -> dict[str, int]:
    """Simulated volunteers are counted apart from people; visitors are no volunteers."""
    people = User.objects.aggregate(
        volunteers=Count("pk", filter=VOLUNTEER & Q(is_simulated=False)),
        simulated=Count("pk", filter=VOLUNTEER & Q(is_simulated=True)),
    )
    return dict(people)


def sample_glitches() -> list[dict[str, Any]]:
    """The first glitches of the levels' queues, whose order is chance; else the newest ones.

    Each is read from an index, however many there are: a queue's, or that of the ids.
    """
    shown = Glitch.objects.filter(is_reserved=False).prefetch_related("pictures")
    waiting = shown.filter(retired_at=None).order_by("queue_key")
    found = [
        glitch
        for level in Workflow.objects.all()
        for glitch in waiting.filter(workflow=level)[:SAMPLE]
    ]
    if len(found) < SAMPLE:
        found = list(shown.order_by("-pk")[:SAMPLE])
    return [
        {**render_reference(glitch), "ifo": glitch.ifo, "is_simulated": glitch.is_simulated}
        for glitch in sorted(found, key=lambda glitch: glitch.queue_key)[:SAMPLE]
    ]
