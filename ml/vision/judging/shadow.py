"""Two model versions on new glitches whose truth nobody knows: how often they disagree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ml.vision.judging.shares import exact_interval

FLOWS_SHOWN = 20


@dataclass(frozen=True)
class Said:
    """What one version says of one glitch."""

    label: str
    confidence: float


def disagreement(
    active: Sequence[Said], candidate: Sequence[Said], known: Collection[str] | None = None
) -> dict[str, Any]:
    """Both versions on the same glitches: the share called otherwise, with its interval, from
    which class to which, and the mean confidence of each.

    What the candidate calls by a class that the other does not know (``known``; None: it knows all)
    is counted apart as "new", and in nothing else: on these the two cannot agree.
    """
    both = list(zip(active, candidate, strict=True))
    pairs = [(a, c) for a, c in both if known is None or c.label in known]
    new = len(both) - len(pairs)
    if not pairs:
        nothing = {"count": 0, "differ": 0, "share": None, "interval": [0.0, 1.0], "flows": []}
        return nothing | {"new": new}
    flows = Counter((a.label, c.label) for a, c in pairs if a.label != c.label)
    differ = sum(flows.values())
    return {
        "count": len(pairs),
        "new": new,
        "differ": differ,
        "share": differ / len(pairs),
        "interval": list(exact_interval(differ, len(pairs))),
        "flows": [
            {"active": before, "candidate": after, "count": count}
            for (before, after), count in sorted(flows.items(), key=lambda f: (-f[1], f[0]))
        ][:FLOWS_SHOWN],
        "confidence": {
            "active": float(np.mean([a.confidence for a, _ in pairs])),
            "candidate": float(np.mean([c.confidence for _, c in pairs])),
        },
    }
