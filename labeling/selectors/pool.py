"""The pool of unknowns: glitches that seem to fit no class."""

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from labeling.models import (
    BatchGlitch,
    Consensus,
    Glitch,
    GoldLabel,
    ModelVersion,
    Prediction,
    Proposal,
)

# The classifier's measure of novelty from which a glitch lies outside of what it was trained on.
NOVEL = 1.0


def unknown_glitches() -> QuerySet[Glitch]:
    """Glitches whose consensus is None_of_the_Above, or that found none, or that look unfamiliar
    to the classifier (low confidence, or less like the class named than 95 % of its own).

    Left out: gold (the members of a class that was born among it), reserved ones, those settled as
    a known class by volunteers, and those that a batch is deciding.
    """
    reason = Glitch.RetireReason
    consensus = Consensus.objects.filter(glitch=OuterRef("pk"))
    none_of_the_above = Exists(consensus.filter(top_class__is_none_of_the_above=True))
    unfamiliar = Exists(
        Prediction.objects.filter(
            Q(confidence__lt=settings.LOW_CONFIDENCE)
            | Q(novelty__gt=NOVEL)
            | Q(top_class__is_none_of_the_above=True),
            glitch=OuterRef("pk"),
            model_version__role=ModelVersion.Role.CLASSIFIER,
            model_version__state=ModelVersion.State.ACTIVE,
        )
    )
    in_batch = Exists(
        BatchGlitch.objects.filter(
            batch__proposal__state=Proposal.State.IN_VOTE, glitch=OuterRef("pk")
        ).exclude(part=BatchGlitch.Part.DECOY)
    )
    gold = Exists(GoldLabel.objects.filter(glitch=OuterRef("pk")))
    return (
        Glitch.objects.filter(is_reserved=False)
        .filter(
            Q(retire_reason=reason.CONSENSUS) & none_of_the_above
            | Q(retire_reason=reason.CLASSIFICATION_COUNT)
            | Q(retired_at__isnull=True) & unfamiliar
        )
        .exclude(gold)
        .exclude(in_batch)
        .order_by("pk")
    )
