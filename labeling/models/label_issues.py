"""Labels that are probably wrong: the search for them, and what experts make of each."""

from django.db import models
from django.db.models import Q, Value

from labeling.models.runs import Run


class LabelCheck(Run):
    """One search of all labels for those that other labels speak against."""

    judged = models.PositiveIntegerField(null=True, help_text="labels looked at")
    found = models.PositiveIntegerField(null=True, help_text="labels put into the queue")

    class Meta(Run.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(progress__gte=0, progress__lte=1), name="label_check_progress_in_range"
            ),
            models.UniqueConstraint(
                Value(1), condition=Q(state__in=Run.LIVE), name="one_label_check_at_a_time"
            ),
        ]


class LabelIssue(models.Model):
    """A doubt about one label. Agreeing with the doubt gives the glitch the suggested class."""

    class State(models.TextChoices):
        OPEN = "open"
        AGREED = "agreed", "the label was wrong"
        DISAGREED = "disagreed", "the label stands"
        RELABELED = "relabeled", "it is another class"
        WITHDRAWN = "withdrawn", "a later search has no doubt"

    class Origin(models.TextChoices):
        GOLD = "gold"
        CONSENSUS = "consensus"

    label_check = models.ForeignKey(LabelCheck, models.CASCADE, related_name="issues")
    glitch = models.ForeignKey("Glitch", models.CASCADE, related_name="label_issues")
    origin = models.CharField(max_length=9, choices=Origin.choices)
    given_class = models.ForeignKey("GlitchClass", models.PROTECT, related_name="+")
    suggested_class = models.ForeignKey("GlitchClass", models.PROTECT, related_name="+")
    given_probability = models.FloatField()
    suggested_probability = models.FloatField()
    misread = models.FloatField(help_text="share of the repeats that read another class")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    was_shown = models.BooleanField(
        default=False,
        db_default=False,
        help_text="whether the gold glitch was an example of its class before it was relabeled",
    )
    answer = models.ForeignKey("GlitchClass", models.PROTECT, null=True, related_name="+")
    decided_by = models.ForeignKey("User", models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["glitch"], condition=Q(state="open"), name="one_open_issue_a_glitch"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "withdrawn"], decided_at__isnull=True)
                | Q(state__in=["agreed", "disagreed", "relabeled"], decided_at__isnull=False),
                name="issue_decided_at_with_its_decision",
            ),
        ]

    @property
    def margin(self) -> float:
        return self.suggested_probability - self.given_probability
