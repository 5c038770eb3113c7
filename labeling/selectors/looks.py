"""Looks as pages show them, and the glitches of which something may be said to whom."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from labeling.errors import NotFoundError
from labeling.models import (
    Embedding,
    Glitch,
    GlitchClass,
    GoldLabel,
    Look,
    ModelVersion,
    User,
)
from labeling.selectors.assignments import render_reference
from labeling.selectors.embeddings import nearest_embeddings
from labeling.selectors.pictures import render_pictures
from labeling.selectors.talk import in_audit, in_batch, open_to
from labeling.selectors.versions import active_version

ALIKE_SHOWN = 6
CLASSES_SHOWN = 6


def known_to_all() -> Q:
    """Glitches whose label everybody may know: shown as examples, or settled without gold."""
    gold = GoldLabel.objects.filter(glitch=OuterRef("pk"))
    settled = Q(~Exists(gold), ~in_audit(), retire_reason=Glitch.RetireReason.CONSENSUS)
    shown = Q(Exists(gold.filter(is_shown=True)))
    return (settled | shown) & Q(~in_batch(), is_reserved=False)


def may_look_at(viewer: User | None, glitch: Glitch) -> bool:
    """Whether what the classifier says of the glitch can lead no vote of the viewer or others."""
    if viewer is not None and (viewer.is_reviewer or viewer.is_pipeline):
        return True
    allowed = known_to_all()
    if viewer is not None:
        allowed |= open_to(viewer) & Q(is_reserved=False)
    return Glitch.objects.filter(allowed, pk=glitch.pk).exists()


def somebody_answers() -> bool:
    """Whether a classifier is in use, so that there is one to ask."""
    return active_version(ModelVersion.Role.CLASSIFIER) is not None


def nearest_glitches(
    vector: Sequence[float], version: ModelVersion, *, besides: int | None
) -> list[tuple[int, float]]:
    """(glitch id, distance) of the nearest in ``version``'s space among those that all may know."""
    known = Glitch.objects.filter(known_to_all())
    known = known if besides is None else known.exclude(pk=besides)
    rows = Embedding.objects.filter(model_version=version, glitch__in=known)
    return nearest_embeddings(rows, vector, ALIKE_SHOWN)


def find_look(key: UUID) -> Look:
    """Raises NotFoundError."""
    found = Look.objects.select_related("glitch", "model_version").filter(key=key).first()
    if found is None:
        raise NotFoundError(_("There is no such question any more: it was deleted after its time."))
    return found


def last_look(glitch: Glitch, version: ModelVersion | None, label: str = "") -> Look | None:
    """The latest look of a version at a glitch, for the heat of a class or of the likeliest."""
    return Look.objects.filter(glitch=glitch, model_version=version, label=label).first()


def render_look(look: Look) -> dict[str, Any]:
    """Pictures with their heat, classes by probability, and the look-alikes with their labels."""
    names = dict(GlitchClass.objects.values_list("label", "name_shown"))
    return {
        "look": look,
        "live": look.state in {look.State.REQUESTED, look.State.RUNNING},
        "pictures": list(_pictures(look)),
        "classes": [
            {"label": label, "name": names.get(label, label), "probability": probability}
            for label, probability in look.probabilities[:CLASSES_SHOWN]
        ],
        "explained": names.get(look.explained, look.explained),
        "alike": _alike(look, names),
    }


def describe_look(look: Look) -> dict[str, Any]:
    """All of a look, for programs: every class, the heat maps by their addresses."""
    return {
        "key": look.key,
        **{name: getattr(look, name) for name in ("state", "stage", "progress")},
        **{name: getattr(look, name) for name in ("error_code", "error", "label", "explained")},
        "gravityspy_id": look.glitch.gravityspy_id if look.glitch else None,
        "version": look.model_version.number if look.model_version else None,
        "classes": [{"label": label, "probability": share} for label, share in look.probabilities],
        "novelty": look.novelty,
        "pictures": _own_pictures(look),
        "heat": [_addressed(look, one) for one in look.heat],
        "no_heat": look.no_heat,
        "alike": [
            {key: one[key] for key in ("gravityspy_id", "label", "distance")}
            for one in _alike(look, {})
        ],
        "no_alike": look.no_alike,
        **{name: getattr(look, name) for name in ("created_at", "ended_at", "expires_at")},
    }


def _pictures(look: Look) -> Iterable[dict[str, Any]]:
    heat = {one["duration"]: _addressed(look, one)["url"] for one in look.heat}
    return (one | {"heat": heat.get(one["duration"])} for one in _own_pictures(look))


def _own_pictures(look: Look) -> list[dict[str, Any]]:
    """Those of its glitch, or those that were sent."""
    if look.glitch is not None:
        return render_pictures(look.glitch)
    return [_addressed(look, one) for one in look.pictures]


def _addressed(look: Look, file: dict[str, Any]) -> dict[str, Any]:
    """A file of the look's folder with its address instead of its name."""
    size = {key: file[key] for key in ("duration", "width", "height")}
    return {**size, "url": f"/looks/{look.key}/{file['name']}"}


def _alike(look: Look, names: dict[str, str]) -> list[dict[str, Any]]:
    """In the order of distance; what meanwhile went into a vote is left out."""
    distances: dict[int, float] = dict(look.alike)
    glitches = _with_labels(Glitch.objects.filter(known_to_all(), pk__in=list(distances)))
    found = [
        {
            **render_reference(glitch),
            "is_simulated": glitch.is_simulated,
            "distance": distances[glitch.pk],
            "label": _label_of(glitch),
            "name": names.get(_label_of(glitch), ""),
        }
        for glitch in glitches
    ]
    return sorted(found, key=lambda one: float(one["distance"]))


def _with_labels(glitches: QuerySet[Glitch]) -> QuerySet[Glitch]:
    with_consensus = glitches.select_related("consensus__top_class")
    return with_consensus.prefetch_related("pictures", "gold_labels__glitch_class")


def _label_of(glitch: Glitch) -> str:
    for gold in glitch.gold_labels.all():
        return gold.glitch_class.label
    consensus = getattr(glitch, "consensus", None)
    return consensus.top_class.label if consensus else ""
