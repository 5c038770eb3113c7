"""Glitches and their pictures."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Random
from pgvector.django import BitField, HnswIndex

from ml.sketch import BITS

# The reasons that follow from votes alone, in Panoptes' words.
RETIRED_BY_VOTES = ("classification_count", "consensus", "nothing_here", "other")

LATEST_EVENT = 5e9  # GPS seconds, in the year 2138: nanoseconds, as some tables hold, lie far above


class Glitch(models.Model):
    """The subject that volunteers look at: one noise burst in one detector."""

    class Ifo(models.TextChoices):
        H1 = "H1", "Hanford"
        L1 = "L1", "Livingston"
        V1 = "V1", "Virgo"

    class RetireReason(models.TextChoices):
        """Panoptes' reasons; ``classification_count`` is "no consensus within the vote limit"."""

        CLASSIFICATION_COUNT = "classification_count"
        FLAGGED = "flagged"
        NOTHING_HERE = "nothing_here"
        CONSENSUS = "consensus"
        OTHER = "other"
        HUMAN = "human"

    gravityspy_id = models.CharField(max_length=32)
    ifo = models.CharField(max_length=2, choices=Ifo.choices)
    event_time = models.FloatField(null=True, help_text="GPS seconds")
    peak_frequency = models.FloatField(null=True, help_text="Hz")
    snr = models.FloatField(null=True)
    is_simulated = models.BooleanField(default=False)
    content_digest = models.CharField(max_length=64, help_text="SHA-256 over its pictures")
    is_reserved = models.BooleanField(
        default=False, help_text="kept for evaluation: never voted on, never trained on"
    )
    workflow = models.ForeignKey(
        "Workflow", models.SET_NULL, null=True, related_name="glitches", db_index=False
    )
    # A fixed random place in the queue: picking "the first from a random point" is an index scan
    # whatever the size of the table, where ORDER BY random() reads it all.
    queue_key = models.FloatField(db_default=Random(), editable=False)
    votes_count = models.PositiveIntegerField(default=0)
    votes_needed = models.PositiveIntegerField(default=2)
    leases_open = models.PositiveIntegerField(default=0)
    retired_at = models.DateTimeField(null=True)
    retire_reason = models.CharField(
        max_length=24, choices=RetireReason.choices, blank=True, default=""
    )
    answers_counted = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="its votes have been counted in their volunteers' skills",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "glitches"
        constraints = [
            models.UniqueConstraint(fields=["gravityspy_id"], name="one_glitch_an_id"),
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True, retire_reason="")
                | (Q(retired_at__isnull=False) & ~Q(retire_reason="")),
                name="retired_at_with_its_reason",
            ),
            models.CheckConstraint(condition=Q(ifo__in=["H1", "L1", "V1"]), name="known_detector"),
            models.CheckConstraint(
                condition=Q(event_time__isnull=True)
                | Q(event_time__gte=0, event_time__lte=LATEST_EVENT),
                name="event_time_in_gps_seconds",
            ),
        ]
        indexes = [
            models.Index(
                fields=["workflow", "queue_key"],
                condition=Q(retired_at__isnull=True, is_reserved=False),
                name="glitch_queue",
            ),
            models.Index(
                fields=["retired_at"],
                condition=Q(
                    retired_at__isnull=False,
                    retire_reason__in=RETIRED_BY_VOTES,
                    answers_counted=False,
                ),
                name="glitch_answers_to_count",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ifo} {self.gravityspy_id}"


class Picture(models.Model):
    """One spectrogram of a glitch: a file under its SHA-256, and the seconds that it spans."""

    glitch = models.ForeignKey(Glitch, models.CASCADE, related_name="pictures")
    duration = models.DecimalField(max_digits=3, decimal_places=1)
    sha256 = models.CharField(max_length=64, db_index=True)
    extension = models.CharField(max_length=4, default="png")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    # Pictures of before sketches were made get theirs by a sweep.
    sketch = BitField(
        length=BITS, null=True, editable=False, help_text="what copies are known by (ml.sketch)"
    )

    class Meta:
        ordering = ["glitch_id", "duration"]
        indexes = [
            HnswIndex(name="picture_copies", fields=["sketch"], opclasses=["bit_hamming_ops"]),
            models.Index(fields=["id"], condition=Q(sketch__isnull=True), name="picture_to_sketch"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["glitch", "duration"], name="one_picture_a_glitch_duration"
            ),
            models.CheckConstraint(
                condition=Q(duration__in=["0.5", "1.0", "2.0", "4.0"]), name="known_duration"
            ),
        ]
