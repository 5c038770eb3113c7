"""Two model versions on new glitches whose truth nobody knows: how often they disagree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ml.vision.judging.shares import share_interval

FLOWS_SHOWN = 20


@dataclass(frozen=True)
class Said:
    """What one version says of one glitch."""

    label: str
    confidence: float


def disagreement(active: Sequence[Said], candidate: Sequence[Said]) -> dict[str, Any]:
    """Both versions on the same glitches: the share called otherwise, with its interval, from
    which class to which, and the mean confidence of each."""
    pairs = list(zip(active, candidate, strict=True))
    if not pairs:
        return {"count": 0, "differ": 0, "share": None, "interval": [0.0, 1.0], "flows": []}
    flows = Counter((a.label, c.label) for a, c in pairs if a.label != c.label)
    differ = sum(flows.values())
    return {
        "count": len(pairs),
        "differ": differ,
        "share": differ / len(pairs),
        "interval": list(share_interval(differ, len(pairs))),
        "flows": [
            {"active": before, "candidate": after, "count": count}
            for (before, after), count in sorted(flows.items(), key=lambda f: (-f[1], f[0]))
        ][:FLOWS_SHOWN],
        "confidence": {
            "active": float(np.mean([a.confidence for a, _ in pairs])),
            "candidate": float(np.mean([c.confidence for _, c in pairs])),
        },
    }
