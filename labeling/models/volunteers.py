"""People and programs that use the site, and what is known of a volunteer's skill."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q


class User(AbstractUser):
    """A person or a program. Simulated volunteers and reviewers are marked so for ever."""

    class Role(models.TextChoices):
        VOLUNTEER = "volunteer"
        REVIEWER = "reviewer"
        PIPELINE = "pipeline"

    role = models.CharField(max_length=16, choices=Role.choices, default=Role.VOLUNTEER)
    is_simulated = models.BooleanField(default=False)
    level = models.PositiveSmallIntegerField(default=1)
    gold_seen = models.PositiveIntegerField(default=0)
    gold_correct = models.PositiveIntegerField(default=0)
    votes_cast = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(gold_correct__lte=models.F("gold_seen")),
                name="gold_correct_within_gold_seen",
            ),
            models.CheckConstraint(condition=Q(level__gte=1), name="level_from_one"),
        ]

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


class SkillCount(models.Model):
    """How often a volunteer answered ``voted`` where gold says ``truth``: one cell of the skill."""

    volunteer = models.ForeignKey(User, models.CASCADE, related_name="skill_counts")
    truth = models.ForeignKey("GlitchClass", models.CASCADE, related_name="+")
    voted = models.ForeignKey("GlitchClass", models.CASCADE, related_name="+")
    answers = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["volunteer", "truth", "voted"], name="one_skill_count_a_cell"
            )
        ]
