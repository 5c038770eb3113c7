"""What was done by whom, and what went wrong where."""

from django.db import models
from django.db.models.functions import MD5, Now
from django.utils import timezone


class AuditEvent(models.Model):
    """A deed of a person or program that changes what others see."""

    actor = models.ForeignKey("User", models.SET_NULL, null=True, related_name="+")
    verb = models.CharField(max_length=64)
    target = models.CharField(max_length=80, help_text="kind and key, as in 'proposal 7'")
    data = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            # Deeds name people as text only where a comment of theirs was deleted.
            models.Index(
                models.F("data__author"),
                name="audit_author",
                condition=models.Q(verb="delete_comment"),
            )
        ]


class TaskError(models.Model):
    """How a task failed in a worker, for the system page; what fails again is counted."""

    task = models.CharField(max_length=120)
    arguments = models.JSONField(default=dict, help_text="of the last time")
    error = models.TextField()
    times = models.PositiveIntegerField(default=1, db_default=1)
    first_at = models.DateTimeField(default=timezone.now, db_default=Now())
    at = models.DateTimeField(default=timezone.now, help_text="the last time")

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint("task", MD5("error"), name="one_row_a_task_failure"),
        ]
