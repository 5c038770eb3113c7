"""Drift: each week's predictions of the version in use against the weeks before."""

from datetime import datetime

import numpy as np
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.errors import NotFoundError
from labeling.models import DriftCheck, ModelVersion, User
from labeling.selectors.drift import GPS_EPOCH, SECONDS_PER_WEEK, weekly_counts
from labeling.selectors.versions import active_version
from labeling.services.audit import record_deed
from ml.vision.judging.drift import Shift, measure_shift

WEEKS_CHECKED = 8  # the newest ones; older weeks were checked when they were new
WEEKS_BEFORE = 4  # those with glitches that a week is compared with


def check_drift(now: datetime) -> list[DriftCheck]:
    """Measure every newer week that is over and was not measured, or has grown; the alerts made.

    Idempotent: the same counts give the same rows.
    """
    version = active_version(ModelVersion.Role.CLASSIFIER)
    if version is None or version.class_list is None:
        return []
    classes, confidence = weekly_counts(version)
    over = now.timestamp() - GPS_EPOCH
    weeks = sorted(week for week in classes if week + SECONDS_PER_WEEK <= over)
    known = dict(DriftCheck.objects.filter(model_version=version).values_list("week", "glitches"))
    alerts = []
    for place in range(max(1, len(weeks) - WEEKS_CHECKED), len(weeks)):
        week, before = weeks[place], weeks[max(0, place - WEEKS_BEFORE) : place]
        if known.get(week) == int(classes[week].sum()):
            continue
        shifts = {
            name: measure_shift(counts[week], np.sum([counts[b] for b in before], axis=0))
            for name, counts in (("classes", classes), ("confidence", confidence))
        }
        sizes = (int(classes[week].sum()), int(sum(classes[b].sum() for b in before)))
        check = _store(version, week, sizes, shifts)
        alerts += [check] if check.is_alert else []
    return alerts


def _store(
    version: ModelVersion, week: int, sizes: tuple[int, int], shifts: dict[str, Shift | None]
) -> DriftCheck:
    """A week whose alert was put aside stays so, also for the version that came after."""
    seen = DriftCheck.objects.filter(week=week, seen_at__isnull=False).first()
    is_alert = any(shift is not None and shift.is_drift for shift in shifts.values())
    measured = {
        "glitches": sizes[0],
        "glitches_before": sizes[1],
        "measured": {name: s.to_dict() if s else None for name, s in shifts.items()},
        "is_alert": is_alert,
        "words": _words(shifts),
    }
    put_aside = {"seen_by": seen.seen_by, "seen_at": seen.seen_at} if seen else {}
    with transaction.atomic():
        check, _is_new = DriftCheck.objects.update_or_create(
            model_version=version,
            week=week,
            defaults=measured,
            create_defaults=measured | put_aside,
        )
        return check


def _words(shifts: dict[str, Shift | None]) -> str:
    named = {"classes": "The classes predicted", "confidence": "The confidence of predictions"}
    moved = [
        f"{named[name]} moved: divergence {shift.divergence:.3f} bits, stability index "
        f"{shift.stability_index:.2f}, p = {shift.p:.2g}."
        for name, shift in shifts.items()
        if shift is not None and shift.is_drift
    ]
    if moved:
        return " ".join(moved)
    if all(shift is None for shift in shifts.values()):
        return "Too few glitches to tell."
    return "As in the weeks before."


@transaction.atomic
def see_alert(check_id: int, *, by: User) -> DriftCheck:
    """Put an alert aside; whoever does it first is kept. Raises NotFoundError."""
    check = DriftCheck.objects.select_for_update().filter(pk=check_id, is_alert=True).first()
    if check is None:
        raise NotFoundError(_("There is no drift alert %(check_id)s.") % {"check_id": check_id})
    if check.seen_at is None:
        check.seen_by, check.seen_at = by, timezone.now()
        check.save(update_fields=["seen_by", "seen_at"])
        record_deed(by, "see_drift", f"drift {check.pk}", words=check.words)
    return check
