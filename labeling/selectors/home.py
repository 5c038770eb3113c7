"""What a stranger sees of the site: its size, and some glitches to look at."""

from typing import Any

from labeling.models import Glitch, GlitchClass, User, Vote
from labeling.selectors.assignments import render_reference


def site_counts() -> dict[str, int]:
    """How large the site is; simulated volunteers are counted apart from people."""
    volunteers = User.objects.filter(role=User.Role.VOLUNTEER, is_active=True)
    return {
        "glitches": Glitch.objects.count(),
        "retired": Glitch.objects.filter(retired_at__isnull=False).count(),
        "votes": Vote.objects.count(),
        "volunteers": volunteers.filter(is_simulated=False).count(),
        "simulated": volunteers.filter(is_simulated=True).count(),
        "classes": GlitchClass.objects.filter(valid_to__isnull=True).count(),
        "born": GlitchClass.objects.filter(proposal__isnull=False).count(),
    }


def sample_glitches(count: int = 6) -> list[dict[str, Any]]:
    """Some glitches from all over the queue, the same ones for everybody; without any label."""
    some = Glitch.objects.filter(is_reserved=False).prefetch_related("pictures")
    return [
        {**render_reference(glitch), "ifo": glitch.ifo, "is_simulated": glitch.is_simulated}
        for glitch in some.order_by("queue_key")[:count]
    ]
