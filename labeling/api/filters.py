"""What lists can be narrowed by."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django_filters import rest_framework as filters

from labeling.api.fields import MOST
from labeling.models import (
    DriftCheck,
    Evaluation,
    EvaluationRun,
    Glitch,
    LabelIssue,
    ModelVersion,
    Prediction,
    Proposal,
    ShadowTrial,
    TrainingRequest,
)
from labeling.selectors.glitches import labeled_as


class WholeNumberFilter(filters.NumberFilter):
    """Whole numbers that fit a column; others are refused before the database sees them."""

    def __init__(self, field_name: str, help_text: str = "") -> None:
        super().__init__(
            field_name=field_name,
            decimal_places=0,
            min_value=0,
            max_value=MOST,
            label=help_text,
        )


class _TrueOrFalse(forms.Field):
    """What is neither is refused: left out, it would narrow nothing, without a word."""

    words = {"": None, "true": True, "1": True, "false": False, "0": False}

    def to_python(self, value: Any) -> bool | None:
        word = str(value or "").lower()
        if word not in self.words:
            raise ValidationError("Give true or false.", code="invalid")
        return self.words[word]


class TrueOrFalseFilter(filters.BooleanFilter):
    field_class = _TrueOrFalse

    def __init__(self, **where: Any) -> None:
        super().__init__(widget=forms.TextInput, **where)


class GlitchFilter(filters.FilterSet):
    ifo = filters.ChoiceFilter(choices=Glitch.Ifo.choices)
    label = filters.CharFilter(method="filter_label", label="gold label, else consensus")
    retired = TrueOrFalseFilter(field_name="retired_at", lookup_expr="isnull", exclude=True)
    reason = filters.ChoiceFilter(
        field_name="retire_reason", choices=Glitch.RetireReason.choices, label="of the retirement"
    )
    level = WholeNumberFilter("workflow__level")
    after = filters.NumberFilter(
        field_name="event_time", lookup_expr="gte", label="GPS seconds, this one included"
    )
    before = filters.NumberFilter(field_name="event_time", lookup_expr="lt", label="GPS seconds")
    reserved = TrueOrFalseFilter(field_name="is_reserved")

    def filter_label(self, queryset: QuerySet[Glitch], name: str, value: str) -> QuerySet[Glitch]:
        return queryset.filter(labeled_as(value))


class PredictionFilter(filters.FilterSet):
    version = WholeNumberFilter("model_version__number")
    gravityspy_id = filters.CharFilter(field_name="glitch__gravityspy_id")
    reserved = TrueOrFalseFilter(field_name="glitch__is_reserved")

    class Meta:
        model = Prediction
        fields: list[str] = []


class ModelVersionFilter(filters.FilterSet):
    role = filters.ChoiceFilter(choices=ModelVersion.Role.choices)
    state = filters.ChoiceFilter(choices=ModelVersion.State.choices)


class EvaluationFilter(filters.FilterSet):
    version = WholeNumberFilter("model_version__number")
    against = WholeNumberFilter("against__number")
    in_time = TrueOrFalseFilter(field_name="in_time")

    class Meta:
        model = Evaluation
        fields: list[str] = []


class EvaluationRunFilter(filters.FilterSet):
    version = WholeNumberFilter("model_version__number")
    state = filters.ChoiceFilter(choices=EvaluationRun.State.choices)


class ShadowTrialFilter(filters.FilterSet):
    version = WholeNumberFilter("candidate__number", "the one on trial")
    state = filters.ChoiceFilter(choices=ShadowTrial.State.choices)


class DriftCheckFilter(filters.FilterSet):
    version = WholeNumberFilter("model_version__number")
    alert = TrueOrFalseFilter(field_name="is_alert")
    seen = TrueOrFalseFilter(field_name="seen_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = DriftCheck
        fields: list[str] = []


class LabelIssueFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=LabelIssue.State.choices)
    check = WholeNumberFilter("label_check", "the search that found it")


class TrainingRequestFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=TrainingRequest.State.choices)


class ProposalFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=Proposal.State.choices)
