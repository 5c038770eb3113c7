"""What the version in use says, counted by week; and the alerts that came of it."""

from collections import defaultdict

import numpy as np
import numpy.typing as npt
from django.db.models import Count, F, FloatField, Func, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, Extract, Floor
from django.utils.translation import gettext as _

from labeling.errors import NotFoundError
from labeling.models import DriftCheck, ModelVersion, Prediction
from ml.vision.judging.drift import CONFIDENCE_BINS

SECONDS_PER_WEEK = 7 * 24 * 3600
GPS_EPOCH = 315964800 - 18  # of the Unix clock, leap seconds since 2017
CountsByWeek = dict[int, npt.NDArray[np.int64]]


def weekly_counts(version: ModelVersion) -> tuple[CountsByWeek, CountsByWeek]:
    """GPS second of each week's begin -> counts by class (C,), and by bin of confidence (10,).

    A glitch without a time counts in the week in which it came. Gold and reserved glitches are left
    out: somebody chose them.
    """
    if version.class_list is None:
        return {}, {}
    places = {label: place for place, label in enumerate(version.class_list.labels)}
    came = Cast(Extract("glitch__created_at", "epoch"), FloatField()) - Value(float(GPS_EPOCH))
    rows = (
        Prediction.objects.filter(
            model_version=version, glitch__is_reserved=False, glitch__gold_labels__isnull=True
        )
        .annotate(
            week=Floor(Coalesce(F("glitch__event_time"), came) / SECONDS_PER_WEEK),
            bin=Func(
                F("confidence"), Value(0.0), Value(1.0), Value(CONFIDENCE_BINS),
                function="width_bucket", output_field=FloatField(),
            ),
        )
        .values_list("week", "top_class__label", "bin")
        .annotate(count=Count("pk"))
        .order_by()
    )  # fmt: skip
    classes: CountsByWeek = defaultdict(lambda: np.zeros(len(places), np.int64))
    confidence: CountsByWeek = defaultdict(lambda: np.zeros(CONFIDENCE_BINS, np.int64))
    for week, label, place, count in rows:
        begin = int(week) * SECONDS_PER_WEEK
        classes[begin][places[label]] += count
        # width_bucket counts from 1, and puts a confidence of exactly 1 into a bin of its own.
        confidence[begin][min(int(place), CONFIDENCE_BINS) - 1] += count
    return dict(classes), dict(confidence)


def all_checks() -> QuerySet[DriftCheck]:
    return DriftCheck.objects.select_related("model_version", "seen_by")


def listed_checks(version: ModelVersion) -> QuerySet[DriftCheck]:
    return all_checks().filter(model_version=version)


def find_check(check_id: int) -> DriftCheck:
    """One week's check. Raises NotFoundError."""
    found = all_checks().filter(pk=check_id).first()
    if found is None:
        raise NotFoundError(_("There is no drift check %(check_id)s.") % {"check_id": check_id})
    return found


def open_alerts() -> QuerySet[DriftCheck]:
    """Alerts on the versions in use that no reviewer has seen yet."""
    return DriftCheck.objects.filter(
        is_alert=True, seen_at__isnull=True, model_version__state=ModelVersion.State.ACTIVE
    ).select_related("model_version")
