"""Long work as rows: who asked, how far it is, what came of it."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q, Value

from ml.vision.recipes import DEFAULT_RECIPE


class Run(models.Model):
    """Work that a worker leases; a run whose lease ran out is taken up by another worker."""

    class State(models.TextChoices):
        REQUESTED = "requested"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"

    LIVE = (State.REQUESTED, State.RUNNING)

    state = models.CharField(max_length=10, choices=State.choices, default=State.REQUESTED)
    requested_by = models.ForeignKey("labeling.User", models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True)
    settings = models.JSONField(default=dict)
    stage = models.CharField(max_length=80, blank=True)
    progress = models.FloatField(default=0)  # how far it ever was, from 0 to 1
    worker = models.CharField(max_length=120, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    attempts_in_vain = models.PositiveSmallIntegerField(
        db_default=0, help_text="of these, since the work last got further"
    )
    leased_until = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)
    code_version = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        ordering = ["-id"]


class TrainingRun(Run):
    """One training of a classifier on a frozen, hashed list of examples."""

    role = models.CharField(max_length=16, default="classifier")
    data_digest = models.CharField(max_length=64, blank=True)
    class_list = models.ForeignKey("ClassList", models.PROTECT, null=True, related_name="+")
    epochs = models.JSONField(default=list, help_text="metrics by epoch")
    left_out = models.JSONField(
        default=dict, db_default={}, help_text="class left out -> what it lacks, in words"
    )
    notes = models.JSONField(
        default=list, db_default=[], help_text="sentences on what was unusual before it began"
    )
    unlabeled_ids = ArrayField(
        models.BigIntegerField(),
        null=True,
        help_text="glitches learned from without a label; null before they are chosen",
    )

    class Meta(Run.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["role"],
                condition=Q(state__in=["requested", "running"]),
                name="one_running_training_a_role",
            ),
            models.CheckConstraint(
                condition=Q(progress__gte=0, progress__lte=1), name="training_progress_in_range"
            ),
        ]
        # Without fastupdate, whose list of what is new would be read whole by every question.
        indexes = [GinIndex(fields=["unlabeled_ids"], name="training_unlabeled", fastupdate=False)]

    @property
    def recipe(self) -> str:
        """Its name; the first trainings stored none, for there was one recipe."""
        return str(self.settings.get("recipe", DEFAULT_RECIPE))


class TrainingExample(models.Model):
    """One line of a run's frozen training set."""

    class Origin(models.TextChoices):
        GOLD = "gold"
        CONSENSUS = "consensus"

    run = models.ForeignKey(TrainingRun, models.CASCADE, related_name="examples")
    glitch = models.ForeignKey("Glitch", models.PROTECT, related_name="+", db_index=False)
    glitch_class = models.ForeignKey("GlitchClass", models.PROTECT, related_name="+")
    split = models.CharField(max_length=12)
    origin = models.CharField(max_length=9, choices=Origin.choices)
    weight = models.FloatField(default=1)
    posterior = models.JSONField(
        null=True, blank=True, help_text="what the crowd held of each class; null for gold"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "glitch"], name="one_example_a_run_glitch")
        ]
        indexes = [models.Index(fields=["glitch", "split"], name="example_split")]


class DiscoveryRun(Run):
    """One search of the pool of unknowns for new classes."""

    pool_size = models.PositiveIntegerField(null=True)
    glitch_ids = ArrayField(models.BigIntegerField(), default=list, help_text="the pool, frozen")
    embedding = models.ForeignKey("ModelVersion", models.SET_NULL, null=True, related_name="+")
    measured = models.JSONField(
        default=list, help_text="each embedding tried: NMI and ARI on held-out known classes"
    )
    left_out = models.JSONField(default=list, help_text="clusters not worth showing, and why")

    class Meta(Run.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(progress__gte=0, progress__lte=1), name="discovery_progress_in_range"
            ),
            models.UniqueConstraint(
                Value(1), condition=Q(state__in=Run.LIVE), name="one_discovery_at_a_time"
            ),
        ]
