"""What a shadow trial has shown: how often the two disagree, and whether that is allowed."""

from typing import Any

from django.conf import settings

from labeling.models import ShadowTrial
from labeling.selectors.trials import said_by_both, said_on_gold, unshadowed_glitches
from ml.vision.judging.shadow import disagreement


def trial_report(trial: ShadowTrial) -> dict[str, Any]:
    """How often the two disagree on new glitches and, under "gold", on the gold test."""
    known = trial.active.class_list.labels if trial.active.class_list else None
    gold = disagreement(*said_on_gold(trial), known=known)
    kept = {name: gold[name] for name in ("count", "differ", "share")}
    return disagreement(*said_by_both(trial), known=known) | {"gold": kept}


def trial_verdict(trial: ShadowTrial) -> tuple[bool, str]:
    """Whether the candidate has passed by the trial's report, and why, in words."""
    count, share = trial.report["count"], trial.report["share"]
    if trial.report["new"] and share is None:
        return False, (
            f"It calls all {trial.report['new']} new glitches by classes that {trial.active} does "
            "not know: look at what it says before you put it into use."
        )
    unread = unshadowed_glitches(trial).count()
    if share is None and unread:
        return False, (
            f"It has predicted none of the {unread} new glitches that {trial.active} has: the log "
            "of the worker says what it could not read."
        )
    if share is None:
        checks = trial.candidate.metrics.get("checks", [])
        if checks and all(check["passed"] for check in checks):
            return True, "No new glitch came during the trial: what the gate said stands."
        return False, "No new glitch came during the trial; put it into use by hand, or try again."
    low, high = (100 * end for end in trial.report["interval"])
    most, why = _allowed(trial)
    passed = low <= 100 * most
    words = (
        f"On {count} new glitches it disagrees with {trial.active} on {100 * share:.1f} % (95 % "
        f"interval {low:.1f} to {high:.1f} %); the interval begins at {low:.1f} %, "
        f"{'no more' if passed else 'more'} than the {why}."
    )
    return passed, words


def _allowed(trial: ShadowTrial) -> tuple[float, str]:
    """The share of new glitches that the two may disagree on, and why.

    What is better than the version in use disagrees with it, and by how much the gate has seen: so
    what they disagree on in the gold test is allowed, and ``SHADOW_DISAGREEMENT`` besides.
    """
    slack, on_gold = settings.SHADOW_DISAGREEMENT, trial.report["gold"]["share"]
    if on_gold is None:
        return slack, f"{100 * slack:.1f} % allowed; no gold test glitch was predicted by both"
    most = min(on_gold + slack, 1.0)
    return most, (
        f"{100 * most:.1f} % allowed: {100 * on_gold:.1f} %, as on the gold test, and "
        f"{100 * slack:.0f} % besides"
    )
