"""Model versions, and what each says of a glitch."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from pgvector.django import HnswIndex, VectorField

EMBEDDING_DIMENSIONS = 200


class ModelVersion(models.Model):
    """Stored weights with their class list and everything needed to make them again."""

    class Role(models.TextChoices):
        CLASSIFIER = "classifier"
        EMBEDDING = "embedding"

    class State(models.TextChoices):
        CANDIDATE = "candidate"
        ACTIVE = "active"
        REPLACED = "replaced"
        KEPT_OUT = "kept_out"

    role = models.CharField(max_length=16, choices=Role.choices)
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.CANDIDATE)
    training_run = models.OneToOneField(
        "TrainingRun", models.PROTECT, null=True, related_name="model_version"
    )
    class_list = models.ForeignKey("ClassList", models.PROTECT, null=True, related_name="+")
    weights = models.CharField(max_length=200, help_text="file under the models folder")
    weights_sha256 = models.CharField(max_length=64)
    metrics = models.JSONField(default=dict)
    decision_reason = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    activated_at = models.DateTimeField(null=True)
    replaces = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        related_name="+",
        help_text="the version that was in use before it: a rollback leads there",
    )
    routed_at = models.DateTimeField(
        null=True, help_text="when glitches predicted earlier were routed by it again"
    )

    class Meta:
        ordering = ["role", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["role", "number"], name="one_model_version_a_number"),
            models.UniqueConstraint(
                fields=["role"],
                condition=Q(state="active"),
                name="one_active_model_version_a_role",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.number}"


class Prediction(models.Model):
    """One model version's probabilities for one glitch, in the order of its class list."""

    glitch = models.ForeignKey("Glitch", models.CASCADE, related_name="predictions")
    model_version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="predictions")
    probabilities = ArrayField(models.FloatField())
    top_class = models.ForeignKey("GlitchClass", models.PROTECT, related_name="+")
    confidence = models.FloatField()
    novelty = models.FloatField(null=True, help_text="out-of-distribution measure; high is novel")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["glitch", "model_version"], name="one_prediction_a_glitch_version"
            ),
            models.CheckConstraint(
                condition=Q(confidence__gte=0, confidence__lte=1),
                name="confidence_is_a_probability",
            ),
        ]
        indexes = [
            models.Index(fields=["model_version", "confidence"], name="prediction_confidence")
        ]


class UnreadableGlitch(models.Model):
    """A glitch that a model version could not predict: why, when, and with which pictures."""

    glitch = models.ForeignKey("Glitch", models.CASCADE, related_name="+")
    model_version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="unreadable")
    content_digest = models.CharField(max_length=64, help_text="of the pictures that were tried")
    code = models.CharField(max_length=64)
    reason = models.TextField()
    tried_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model_version", "glitch"], name="one_unreadable_a_version_glitch"
            )
        ]


class Embedding(models.Model):
    """The vector of one glitch under one embedding version; shorter ones are padded with 0."""

    glitch = models.ForeignKey("Glitch", models.CASCADE, related_name="embeddings")
    model_version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="embeddings")
    vector = VectorField(dimensions=EMBEDDING_DIMENSIONS)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["glitch", "model_version"], name="one_embedding_a_glitch_version"
            )
        ]
        indexes = [
            HnswIndex(
                name="embedding_neighbours",
                fields=["vector"],
                m=16,
                ef_construction=64,
                opclasses=["vector_l2_ops"],
            )
        ]
