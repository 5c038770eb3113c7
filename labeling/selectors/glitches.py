"""Glitches with all that is known of them, for reviewers and pipelines only."""

from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from labeling.errors import NotFoundError
from labeling.models import Glitch, GoldLabel, Prediction
from labeling.selectors.visitors import visitor_votes


def listed_glitches() -> QuerySet[Glitch]:
    """Glitches with pictures, gold label, consensus and level: four queries for any number."""
    gold = GoldLabel.objects.select_related("glitch_class")
    told_apart = Glitch.objects.annotate(visitor_votes=visitor_votes())
    return told_apart.select_related(
        "workflow", "consensus__top_class", "consensus__class_list", "consensus__model_version"
    ).prefetch_related("pictures", Prefetch("gold_labels", queryset=gold))


def labeled_as(label: str) -> Q:
    """Glitches whose gold label is ``label``; of those without gold, whose consensus is."""
    by_gold = Q(gold_labels__glitch_class__label=label)
    by_consensus = Q(gold_labels__isnull=True, consensus__top_class__label=label)
    return by_gold | by_consensus


def find_glitch(gravityspy_id: str) -> Glitch:
    """One glitch with its predictions, the newest version's first. Raises NotFoundError."""
    predictions = listed_predictions().order_by("-model_version__number")
    with_all = listed_glitches().prefetch_related(Prefetch("predictions", queryset=predictions))
    found = with_all.filter(gravityspy_id=gravityspy_id).first()
    if found is None:
        raise NotFoundError(_("There is no glitch %(id)s.") % {"id": gravityspy_id})
    return found


def listed_predictions() -> QuerySet[Prediction]:
    """Predictions with their glitch, version and its class list: one query."""
    return Prediction.objects.select_related("glitch", "top_class", "model_version__class_list")
