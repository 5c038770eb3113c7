"""People and programs that use the site, and what is known of a volunteer's skill."""

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone


class User(AbstractUser):
    """A person or a program. Simulated volunteers and reviewers are marked so for ever.

    A visitor labels without an account: one row a browser session, with no way to log in, that
    becomes a volunteer's when its person signs up. A closed account keeps its votes and nothing
    that says whose they were.
    """

    class Role(models.TextChoices):
        VISITOR = "visitor"
        VOLUNTEER = "volunteer"
        REVIEWER = "reviewer"
        PIPELINE = "pipeline"

    role = models.CharField(max_length=16, choices=Role.choices, default=Role.VOLUNTEER)
    is_simulated = models.BooleanField(default=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    level = models.PositiveSmallIntegerField(default=1)
    gold_seen = models.PositiveIntegerField(default=0)
    gold_correct = models.PositiveIntegerField(default=0)
    votes_cast = models.PositiveIntegerField(default=0)
    queue_place = models.FloatField(
        null=True, editable=False, help_text="queue_key of the last glitch voted on from the pool"
    )
    skill = models.ForeignKey(
        "Skill",
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        help_text="the latest",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(gold_correct__lte=models.F("gold_seen")),
                name="gold_correct_within_gold_seen",
            ),
            models.CheckConstraint(condition=Q(level__gte=1), name="level_from_one"),
        ]

    @property
    def is_visitor(self) -> bool:
        return self.role == self.Role.VISITOR

    @property
    def is_reviewer(self) -> bool:
        return self.is_active and (self.role == self.Role.REVIEWER or self.is_superuser)

    @property
    def is_pipeline(self) -> bool:
        return self.is_active and (self.role == self.Role.PIPELINE or self.is_superuser)


class ApiToken(models.Model):
    """A bearer token; only its SHA-256 is stored, so a stolen table opens nothing."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class Skill(models.Model):
    """What one volunteer's answers say, up to one answer: a row is never changed.

    Sparse cells of the matrix of answers on gold: ``counts[i]`` times ``votes[i]`` where gold says
    ``truths[i]`` (both ids of classes); ``agreed`` holds those on what only the crowd settled. A
    consensus names the skills that it went by, so that it can be computed again from the raw
    votes; what no consensus names any more is pruned (``services/pruning.py``).
    """

    volunteer = models.ForeignKey(User, models.CASCADE, related_name="skills")
    truths = ArrayField(models.BigIntegerField())
    votes = ArrayField(models.BigIntegerField())
    counts = ArrayField(models.PositiveIntegerField())
    weights = ArrayField(
        models.FloatField(), help_text="as counts, older answers faded (ml.crowd.answers)"
    )
    agreed = models.ForeignKey("AgreedAnswers", models.RESTRICT, null=True, related_name="+")
    created_at = models.DateTimeField(
        default=timezone.now, help_text="also the time to which its answers are faded"
    )


class AgreedAnswers(models.Model):
    """What a volunteer's votes on glitches say that the crowd settled: a row is never changed.

    Sparse cells as in ``Skill``; each vote is spread over the classes that the others' votes make
    likely, so there are weights and no counts.
    """

    volunteer = models.ForeignKey(User, models.CASCADE, related_name="+")
    truths = ArrayField(models.BigIntegerField())
    votes = ArrayField(models.BigIntegerField())
    weights = ArrayField(models.FloatField())
    answers = models.PositiveIntegerField(help_text="votes counted")
    created_at = models.DateTimeField(default=timezone.now)
