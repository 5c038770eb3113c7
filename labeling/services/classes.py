"""The taxonomy: loading it, freezing lists of it, adding to it."""

import hashlib
import json
from collections.abc import Iterable, Sequence

from django.db import transaction

from labeling import gravity_spy
from labeling.models import ClassList, GlitchClass, Workflow, WorkflowClass


def freeze_class_list(labels: Sequence[str]) -> ClassList:
    """The stored list of exactly these labels in this order; made on first use."""
    digest = hashlib.sha256(json.dumps(list(labels)).encode()).hexdigest()
    found = ClassList.objects.filter(digest=digest).first()
    if found is not None:
        return found
    return ClassList.objects.get_or_create(digest=digest, defaults={"labels": list(labels)})[0]


@transaction.atomic
def load_gravity_spy(*, without: Iterable[str] = (), also: Iterable[str] = ()) -> None:
    """Load Gravity Spy's classes and volunteer levels; running it again changes nothing.

    Args:
        without: labels to leave out, for instance a class that is to be discovered.
        also: further labels, of the O3 and volunteer-made classes or of your own.
    """
    wanted = [label for label in gravity_spy.CLASSES if label not in set(without)]
    wanted += [label for label in also if label not in wanted and label not in set(without)]
    for position, label in enumerate(wanted, start=1):
        _load_class(label, position)
    by_label = {c.label: c for c in GlitchClass.objects.all()}
    for label in wanted:
        twins = [by_label[t] for t in gravity_spy.traits_of(label).twins if t in by_label]
        by_label[label].confused_with.add(*twins)
    _load_levels([by_label[label] for label in wanted])


def _load_class(label: str, position: int) -> None:
    traits = gravity_spy.traits_of(label)
    GlitchClass.objects.get_or_create(
        label=label,
        defaults={
            "name_shown": traits.name_shown,
            "description": traits.description,
            "duration": traits.duration,
            "frequency": traits.frequency,
            "evolves": traits.evolves,
            "is_none_of_the_above": label == gravity_spy.NONE_OF_THE_ABOVE,
            "position": position,
        },
    )


def _load_levels(classes: list[GlitchClass]) -> None:
    by_label = {c.label: c for c in classes}
    offered: dict[str, float | None] = {gravity_spy.NONE_OF_THE_ABOVE: None}
    for level in gravity_spy.LEVELS:
        workflow, _ = Workflow.objects.get_or_create(
            level=level.number, defaults={"name": level.name}
        )
        new = level.min_confidence
        if level.offers_all:
            new = {label: level.default_confidence for label in by_label if label not in offered}
        offered = {**dict.fromkeys(offered), **new}
        if level.offers_all:
            offered = dict.fromkeys(offered, level.default_confidence)
            offered[gravity_spy.NONE_OF_THE_ABOVE] = None
        for label, min_confidence in offered.items():
            if label in by_label:
                WorkflowClass.objects.get_or_create(
                    workflow=workflow,
                    glitch_class=by_label[label],
                    defaults={"min_confidence": min_confidence},
                )


def add_class(label: str, name_shown: str, description: str) -> GlitchClass:
    """Add a class to the taxonomy and to the levels that offer every class.

    The caller holds a transaction. IntegrityError ``glitch_class_label_unique`` where it exists.
    """
    last = GlitchClass.objects.order_by("-position").values_list("position", flat=True).first()
    glitch_class = GlitchClass.objects.create(
        label=label, name_shown=name_shown, description=description, position=(last or 0) + 1
    )
    # A new class needs eyes that know the others: it joins the two highest levels.
    for workflow in Workflow.objects.order_by("-level")[:2]:
        WorkflowClass.objects.create(workflow=workflow, glitch_class=glitch_class)
    return glitch_class
