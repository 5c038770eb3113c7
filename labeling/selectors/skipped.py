"""Glitches whose pictures a training could not read, as pages and the API name them."""

from collections.abc import Sequence
from typing import Any

from labeling.models import Glitch

SHOWN = 100


def skipped_glitches(skipped: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How many are stored with a version as skipped or untested, and the first of them by name.

    ``more``: how many are not among ``glitches``.
    """
    shown = named(skipped[:SHOWN])
    return {"count": len(skipped), "glitches": shown, "more": len(skipped) - len(shown)}


def named(skipped: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """{gravityspy_id, code, reason} of each; the id is "" where the glitch was deleted since."""
    ids = {int(one["glitch_id"]) for one in skipped}
    names = dict(Glitch.objects.filter(pk__in=ids).values_list("pk", "gravityspy_id"))
    return [
        {
            "gravityspy_id": names.get(int(one["glitch_id"]), ""),
            "code": one["code"],
            "reason": one["reason"],
        }
        for one in skipped
    ]
