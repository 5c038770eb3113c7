"""Reads of shadow trials: which glitches count, and what both versions say of them."""

from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils.translation import gettext as _

from labeling.errors import NotFoundError
from labeling.models import Glitch, ModelVersion, Prediction, ShadowTrial
from labeling.selectors.gold_test import gold_test
from labeling.selectors.unreadable import given_up
from ml.vision.judging.shadow import Said


def running_trial(role: str = ModelVersion.Role.CLASSIFIER) -> ShadowTrial | None:
    running = ShadowTrial.objects.filter(role=role, state=ShadowTrial.State.RUNNING)
    return running.select_related("candidate__class_list", "active", "requested_by").first()


def waiting_candidates(role: str = ModelVersion.Role.CLASSIFIER) -> QuerySet[ModelVersion]:
    """Those that are not on trial, the newest first: they wait for the end of a person's."""
    on_trial = ShadowTrial.objects.filter(candidate=OuterRef("pk"), state=ShadowTrial.State.RUNNING)
    candidates = ModelVersion.objects.filter(role=role, state=ModelVersion.State.CANDIDATE)
    return candidates.filter(~Exists(on_trial)).order_by("-number")


def listed_trials() -> QuerySet[ShadowTrial]:
    return ShadowTrial.objects.select_related("candidate", "active", "requested_by")


def find_trial(trial_id: int) -> ShadowTrial:
    """One trial. Raises NotFoundError."""
    found = listed_trials().filter(pk=trial_id).first()
    if found is None:
        raise NotFoundError(_("There is no shadow trial %(trial_id)s.") % {"trial_id": trial_id})
    return found


def unshadowed_glitches(trial: ShadowTrial) -> QuerySet[Glitch]:
    """Glitches that came since the trial began and that only the version in use has predicted.

    The newest first; what the candidate tried lately and cannot read is left out.
    """
    said = Prediction.objects.filter(glitch=OuterRef("pk"))
    return Glitch.objects.filter(
        Exists(said.filter(model_version=trial.active_id)),
        ~Exists(said.filter(model_version=trial.candidate_id)),
        ~given_up(trial.candidate_id),
        created_at__gte=trial.started_at,
    ).order_by("-pk")


def said_by_both(trial: ShadowTrial) -> tuple[list[Said], list[Said]]:
    """(n,) what the version in use and (n,) what the candidate says, on the same new glitches."""
    return _said(trial, glitch__created_at__gte=trial.started_at)


def said_on_gold(trial: ShadowTrial) -> tuple[list[Said], list[Said]]:
    """The same on those glitches of today's gold test that both have predicted."""
    return _said(trial, glitch__in=gold_test().glitch_ids)


def _said(trial: ShadowTrial, **which: Any) -> tuple[list[Said], list[Said]]:
    of_active = Prediction.objects.filter(glitch=OuterRef("glitch"), model_version=trial.active_id)
    rows = (
        Prediction.objects.filter(Exists(of_active), model_version=trial.candidate_id, **which)
        .order_by("glitch_id")
        .values_list("glitch_id", F("top_class__label"), "confidence")
    )
    candidate = {pk: Said(label, confidence) for pk, label, confidence in rows}
    theirs = Prediction.objects.filter(
        model_version=trial.active_id, glitch__in=list(candidate)
    ).values_list("glitch_id", F("top_class__label"), "confidence")
    active = {pk: Said(label, confidence) for pk, label, confidence in theirs}
    ids = sorted(active)
    return [active[pk] for pk in ids], [candidate[pk] for pk in ids]
