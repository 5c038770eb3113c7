"""What is known of a model version: its figures, its trial in the shadow, its drift."""

from django.db import models
from django.db.models import F, Q

from labeling.models.runs import Run


class Evaluation(models.Model):
    """A version's figures on one gold test set, alone or against another version."""

    model_version = models.ForeignKey("ModelVersion", models.CASCADE, related_name="evaluations")
    against = models.ForeignKey("ModelVersion", models.CASCADE, null=True, related_name="+")
    test_digest = models.CharField(max_length=64, help_text="SHA-256 of the glitches and labels")
    in_time = models.BooleanField(
        default=False,
        db_default=False,
        help_text="on those glitches alone that came later than all training",
    )
    figures = models.JSONField()
    comparison = models.JSONField(null=True)
    code_version = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["model_version", "against", "test_digest", "in_time"],
                nulls_distinct=False,
                name="one_evaluation_a_version_test_time",
            ),
            models.CheckConstraint(
                condition=Q(against__isnull=True) | ~Q(against=F("model_version")),
                name="no_version_against_itself",
            ),
            models.CheckConstraint(
                condition=Q(against__isnull=True) | Q(comparison__isnull=False),
                name="against_with_its_comparison",
            ),
        ]


class EvaluationRun(Run):
    """That a version is to be judged, alone or against another, and what came of it."""

    model_version = models.ForeignKey("ModelVersion", models.CASCADE, related_name="+")
    against = models.ForeignKey("ModelVersion", models.CASCADE, null=True, related_name="+")
    in_time = models.BooleanField(default=False)
    evaluation = models.ForeignKey(
        Evaluation, models.SET_NULL, null=True, related_name="+", help_text="the figures stored"
    )

    class Meta(Run.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(progress__gte=0, progress__lte=1), name="evaluation_progress_in_range"
            ),
            models.UniqueConstraint(
                fields=["model_version", "against", "in_time"],
                condition=Q(state__in=Run.LIVE),
                nulls_distinct=False,
                name="one_evaluation_run_at_a_time",
            ),
        ]


class ShadowTrial(models.Model):
    """A candidate predicts new glitches beside the version in use; nobody goes by what it says."""

    class State(models.TextChoices):
        RUNNING = "running"
        PASSED = "passed"
        FAILED = "failed"
        CALLED_OFF = "called_off"

    role = models.CharField(max_length=16, default="classifier")
    candidate = models.ForeignKey("ModelVersion", models.CASCADE, related_name="trials")
    active = models.ForeignKey("ModelVersion", models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    requested_by = models.ForeignKey("User", models.SET_NULL, null=True, related_name="+")
    glitches_wanted = models.PositiveIntegerField()
    until = models.DateTimeField()
    report = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["role"],
                condition=Q(state="running"),
                name="one_running_shadow_trial_a_role",
            ),
            models.CheckConstraint(
                condition=Q(state="running", ended_at__isnull=True)
                | (~Q(state="running") & Q(ended_at__isnull=False)),
                name="shadow_trial_ends_with_its_time",
            ),
            models.CheckConstraint(condition=~Q(candidate=F("active")), name="no_shadow_of_itself"),
        ]


class DriftCheck(models.Model):
    """One week of a version's predictions against the weeks before; an alert where it moved."""

    model_version = models.ForeignKey("ModelVersion", models.CASCADE, related_name="drift_checks")
    week = models.PositiveIntegerField(help_text="GPS second at which the week begins")
    glitches = models.PositiveIntegerField()
    glitches_before = models.PositiveIntegerField()
    measured = models.JSONField(help_text="of classes and of confidence: divergence, PSI, p")
    is_alert = models.BooleanField()
    words = models.TextField()
    seen_by = models.ForeignKey("User", models.SET_NULL, null=True, related_name="+")
    seen_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-week"]
        constraints = [
            models.UniqueConstraint(
                fields=["model_version", "week"], name="one_drift_check_a_version_week"
            )
        ]


class TrainingRequest(models.Model):
    """That a training is due, and why; it waits a while, so that several reasons are one run."""

    class State(models.TextChoices):
        WAITING = "waiting"
        STARTED = "started"
        REFUSED = "refused"

    class Trigger(models.TextChoices):
        LABELS = "labels", "new labels"
        NEW_CLASS = "new_class", "a new class"
        DRIFT = "drift", "drift"
        SCHEDULE = "schedule", "the schedule"

    role = models.CharField(max_length=16, default="classifier")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    reasons = models.JSONField(default=dict, help_text="trigger -> why, in words")
    due_at = models.DateTimeField()
    training_run = models.OneToOneField(
        "TrainingRun", models.SET_NULL, null=True, related_name="training_request"
    )
    refusal_code = models.CharField(max_length=64, blank=True)
    refusal = models.TextField(blank=True)
    requested_by = models.ForeignKey("User", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["role"],
                condition=Q(state="waiting"),
                name="one_waiting_training_request_a_role",
            ),
            models.CheckConstraint(
                condition=~Q(state="refused") | ~Q(refusal=""),
                name="training_refused_with_its_reason",
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", ended_at__isnull=True)
                | (~Q(state="waiting") & Q(ended_at__isnull=False)),
                name="training_request_ends_with_its_time",
            ),
        ]
