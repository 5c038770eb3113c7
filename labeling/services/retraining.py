"""When a training is due by itself: new labels, a new class, drift, or the schedule.

A reason becomes a waiting request, one a role; further reasons join it until it is due; then a
training starts, or the request keeps why none could. Whatever is no person's own wish comes in by
this door.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q

from labeling.errors import LabelingError
from labeling.models import (
    Consensus,
    DriftCheck,
    Glitch,
    GlitchClass,
    GoldLabel,
    LabelIssue,
    ModelVersion,
    TrainingRequest,
    TrainingRun,
    User,
)
from labeling.selectors.pauses import last_succeeded, pause_of_the_house
from labeling.selectors.runs import live_training
from labeling.selectors.trainable import trainable_classes
from labeling.selectors.versions import active_version
from labeling.services.training import request_training
from ml.errors import MLError

Trigger = TrainingRequest.Trigger
# Reviewers conclude several votes in one sitting: one training then knows all their classes.
BIRTHS_TOGETHER_SECONDS = 5.0
# A refusal stands until there is more to say than when it was given.
TRIES_APART = timedelta(hours=6)


@dataclass(frozen=True)
class Due:
    """A reason to train, in words."""

    trigger: TrainingRequest.Trigger
    words: str


def reasons_due(now: datetime) -> list[Due]:
    """What speaks for a training since the last one that succeeded was asked for.

    One that failed or was called off uses up no reason. Nothing before the first: that is a
    person's or a pipeline's to start, since nobody knows the site's data yet.
    """
    last = last_succeeded()
    if last is None or live_training() is not None:
        return []
    found = [_new_labels(last), _new_class(last), _drift(last), _schedule(last, now)]
    return [due for due in found if due is not None]


def _new_labels(last: TrainingRun) -> Due | None:
    """Labels given since, and gold labels that an expert has put right since."""
    put_right = LabelIssue.objects.filter(
        state__in=[LabelIssue.State.AGREED, LabelIssue.State.RELABELED],
        origin=LabelIssue.Origin.GOLD,
        decided_at__gt=last.created_at,
    )
    given = Q(created_at__gt=last.created_at, glitch_class__is_none_of_the_above=False)
    gold = GoldLabel.objects.filter(given | Q(glitch__in=put_right.values("glitch")))
    agreed = Consensus.objects.filter(
        glitch__retired_at__gt=last.created_at,
        glitch__retire_reason=Glitch.RetireReason.CONSENSUS,
        glitch__gold_labels__isnull=True,
        top_class__is_none_of_the_above=False,
    )
    count = gold.count() + agreed.count()
    before = last.examples.count()
    enough = settings.RETRAIN_LABELS and count >= settings.RETRAIN_LABELS
    share = settings.RETRAIN_SHARE and before and count >= settings.RETRAIN_SHARE * before
    if not count or not (enough or share):
        return None
    words = f"{count} new or corrected labels since training {last.pk}, which had {before}"
    return Due(Trigger.LABELS, words)


def _new_class(last: TrainingRun) -> Due | None:
    """A class was born, can be trained, and neither the version in use nor this one knows it."""
    active = active_version(ModelVersion.Role.CLASSIFIER)
    if active is None or active.class_list is None:
        return None
    born = GlitchClass.objects.filter(proposal__isnull=False, valid_to__isnull=True)
    unknown = set(born.values_list("label", flat=True)) - set(active.class_list.labels)
    tried = set(last.class_list.labels) if last.class_list else set()
    due = (unknown - tried) & trainable_classes() if unknown - tried else set()
    if not due:
        return None
    return Due(Trigger.NEW_CLASS, f"classes without a training: {', '.join(sorted(due))}")


def _drift(last: TrainingRun) -> Due | None:
    """An alert on a week that nobody had measured when the last training was asked for.

    The version that came of it measures earlier weeks anew: their shift is no reason a second time.
    """
    if not settings.RETRAIN_ON_DRIFT:
        return None
    before = DriftCheck.objects.filter(created_at__lte=last.created_at)
    known = before.aggregate(last=Max("week"))["last"]
    alerts = DriftCheck.objects.filter(
        is_alert=True, model_version__state=ModelVersion.State.ACTIVE
    )
    alert = alerts.filter(week__gt=-1 if known is None else known).first()
    return Due(Trigger.DRIFT, f"drift: {alert.words}") if alert else None


def _schedule(last: TrainingRun, now: datetime) -> Due | None:
    days = settings.RETRAIN_DAYS
    if not days or now - last.created_at < timedelta(days=days):
        return None
    return Due(Trigger.SCHEDULE, f"{days:g} days since training {last.pk}")


@transaction.atomic
def ask_for_training(due: Due, now: datetime, *, by: User | None) -> TrainingRequest:
    """Add a reason to the waiting request, or make one that waits for further reasons.

    Two at once become one: the row of the role is unique while it waits, and is due when the more
    impatient reason is.
    """
    is_birth = due.trigger == Trigger.NEW_CLASS
    wait = BIRTHS_TOGETHER_SECONDS if is_birth else settings.RETRAIN_WAIT_SECONDS
    due_at = now + timedelta(seconds=wait)
    request, is_new = TrainingRequest.objects.select_for_update().get_or_create(
        role=ModelVersion.Role.CLASSIFIER,
        state=TrainingRequest.State.WAITING,
        defaults={
            "due_at": due_at,
            "reasons": {due.trigger.value: due.words},
            "requested_by": by,
        },
    )
    if not is_new:
        request.reasons[due.trigger.value] = due.words
        request.due_at = min(request.due_at, due_at)
        request.save(update_fields=["reasons", "due_at"])
    return request


def ask_if_due(now: datetime) -> None:
    """Turn what speaks for a training into a request.

    Not during a pause; and what was refused lately is not asked anew.
    """
    if pause_of_the_house(now) is not None:
        return
    refused = TrainingRequest.objects.filter(
        state=TrainingRequest.State.REFUSED, ended_at__gt=now - TRIES_APART
    ).first()
    tried = set(refused.reasons) if refused else set()
    for due in reasons_due(now):
        if due.trigger.value not in tried:
            ask_for_training(due, now, by=None)


def start_if_due(now: datetime) -> TrainingRun | None:
    """Start the training whose request has waited long enough, or store why it cannot start.

    A training under way is waited for, and so is the end of a pause where no person asks.
    Idempotent: the request's row is locked, and a training that starts ends it in the same
    transaction.
    """
    with transaction.atomic():
        request = (
            TrainingRequest.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("requested_by")
            .filter(Q(state=TrainingRequest.State.WAITING), due_at__lte=now)
            .first()
        )
        if request is None or live_training() is not None:
            return None
        if request.requested_by is None and pause_of_the_house(now) is not None:
            return None
        return _start(request, now)


def _start(request: TrainingRequest, now: datetime) -> TrainingRun | None:
    """The caller holds the request's row."""
    reason = "; ".join(words for _, words in sorted(request.reasons.items()))
    request.ended_at = now
    try:
        with transaction.atomic():
            run = request_training(request.requested_by, reason)
    except (LabelingError, MLError) as refusal:
        if refusal.code == "training_under_way":  # somebody was quicker: after that one
            return None
        request.state = TrainingRequest.State.REFUSED
        request.refusal_code, request.refusal = refusal.code, str(refusal)
        request.save()
        return None
    request.state, request.training_run = TrainingRequest.State.STARTED, run
    request.save()
    return run
