"""Classes, levels and what else every vote needs to know, kept in memory for a second.

They change a few times a day and are read with every vote. What is a second old does no harm: an
assignment stores the list that it offered, and a vote for a class that is not known here yet
reads them anew.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from django.conf import settings
from django.db.models import OuterRef, Subquery
from numpy.typing import NDArray

from labeling.models import (
    Batch,
    ClassList,
    Glitch,
    GlitchClass,
    GoldLabel,
    LearnedPrior,
    ModelVersion,
    PickList,
    Workflow,
)
from labeling.selectors.classes import all_classes, labels_of
from labeling.selectors.versions import active_version
from labeling.services.classes import freeze_class_list
from ml.crowd.consensus import Vector
from ml.crowd.policy import RetirementPolicy
from ml.query.streams import Selection

Mask = NDArray[np.bool_]
STALE_AT_MOST = 2  # times TAXONOMY_SECONDS: no process goes by what is older


@dataclass(frozen=True)
class Axis:
    """The classes that a posterior speaks of, in the order of birth, and where each stands."""

    classes: tuple[GlitchClass, ...]
    ids: tuple[int, ...]
    by_label: dict[str, int]
    none_of_the_above: int
    class_list: ClassList
    class_prior: Vector

    @classmethod
    def load(cls) -> "Axis":
        classes = all_classes()
        labels = labels_of(classes)
        return cls(
            classes=tuple(classes),
            ids=tuple(c.pk for c in classes),
            by_label={label: index for index, label in enumerate(labels)},
            # -1 on a site without classes: it has no levels, and so nothing to vote on.
            none_of_the_above=next(
                (i for i, c in enumerate(classes) if c.is_none_of_the_above), -1
            ),
            class_list=freeze_class_list(labels),
            class_prior=_class_prior(classes),
        )

    def as_of(self, class_list: ClassList) -> "Axis":
        """The axis when it had the classes of a stored list: classes are added, never taken off."""
        size = len(class_list.labels)
        return replace(
            self, classes=self.classes[:size], ids=self.ids[:size], class_list=class_list
        )

    def mask(self, labels: list[str]) -> Mask:
        """(C,) True where offered; None_of_the_Above always is."""
        offered = np.zeros(len(self.classes), dtype=bool)
        offered[[self.by_label[label] for label in labels]] = True
        offered[self.none_of_the_above] = True
        return offered


class Picks(NamedTuple):
    """A list of picks (id) and how many it holds."""

    pick_list: int
    size: int


@dataclass(frozen=True)
class Level:
    """A level as volunteers meet it.

    ``adds``: ids of the classes in use that the open levels below lack; ``has_pool``: glitches
    wait there; ``picks``: the streams that have a list of picks here.
    """

    workflow: Workflow
    offered: ClassList
    class_ids: tuple[int, ...]
    mask: Mask
    adds: frozenset[int]
    has_pool: bool
    policy: RetirementPolicy
    selection: Selection
    picks: Mapping[str, Picks]


class Taxonomy:
    """What one look at the database found; lists of classes are added as they are met."""

    def __init__(self) -> None:
        self.made_at = time.monotonic()
        self.axis = Axis.load()
        self.levels = _load_levels(self.axis)
        self.with_gold = _classes_with_gold()
        self.open_batches = tuple(
            Batch.objects.filter(state=Batch.State.OPEN).order_by("pk").values_list("pk", flat=True)
        )
        self.version = active_version(ModelVersion.Role.CLASSIFIER)
        latest = LearnedPrior.objects.order_by("-pk").values_list("pk", flat=True)
        self.skill_prior = latest.first()
        self._labels: dict[int, list[str]] = {}
        self._masks: dict[int, Mask] = {}

    @property
    def open_levels(self) -> list[Level]:
        """The levels that are open, the lowest first."""
        return [level for level in self.levels if level.workflow.is_open]

    def level_of(self, workflow_id: int | None) -> Level | None:
        return next((v for v in self.levels if v.workflow.pk == workflow_id), None)

    def labels_of_list(self, class_list_id: int) -> list[str]:
        """The labels of a stored list: such a list never changes."""
        if class_list_id not in self._labels:
            self._labels[class_list_id] = ClassList.objects.get(pk=class_list_id).labels
        return self._labels[class_list_id]

    def knows(self, class_list_id: int) -> bool:
        """Whether the classes of the stored list had all been born when this was read."""
        return class_list_id in self._masks or all(
            label in self.axis.by_label for label in self.labels_of_list(class_list_id)
        )

    def mask_of_list(self, class_list_id: int) -> Mask:
        """(C,) True where the stored list offers the class."""
        if class_list_id not in self._masks:
            self._masks[class_list_id] = self.axis.mask(self.labels_of_list(class_list_id))
        return self._masks[class_list_id]

    def class_of(self, class_id: int | None) -> GlitchClass:
        """The class of an id; one born since is read from the database."""
        if class_id in self.axis.ids:
            return self.axis.classes[self.axis.ids.index(class_id)]
        return GlitchClass.objects.get(pk=class_id or 0)

    def class_labeled(self, label: str) -> GlitchClass | None:
        place = self.axis.by_label.get(label)
        return None if place is None else self.axis.classes[place]


def _class_prior(classes: list[GlitchClass]) -> Vector:
    """(C,) shares of the classes among labeled glitches; uniform where none is known yet."""
    known = np.array([c.prior if c.prior is not None else np.nan for c in classes])
    prior = np.where(np.isnan(known), 1.0 / max(len(classes), 1), known)
    return np.asarray(prior / prior.sum())


_current: Taxonomy | None = None
_renewing = threading.Lock()


def current_taxonomy(*, knowing: str | None = None, newer: bool = False) -> Taxonomy:
    """The taxonomy of at most ``TAXONOMY_SECONDS`` ago.

    Read anew where it lacks the label ``knowing``, or where it is to be ``newer``.
    """
    found = _current
    if found is None or newer or (knowing is not None and knowing not in found.axis.by_label):
        return _renew()
    age = time.monotonic() - found.made_at
    if age < settings.TAXONOMY_SECONDS:
        return found
    # One thread reads anew; those that vote meanwhile go by what there is, never for long.
    is_mine = _renewing.acquire(blocking=False)
    if not is_mine and age < STALE_AT_MOST * settings.TAXONOMY_SECONDS:
        return found
    try:
        return _renew()
    finally:
        if is_mine:
            _renewing.release()


def _renew() -> Taxonomy:
    global _current  # one a process; threads that read at once each leave a right one
    _current = Taxonomy()
    return _current


def _classes_with_gold() -> frozenset[int]:
    """Ids of the classes that have gold: one look into its index for each."""
    gold = GoldLabel.objects.filter(glitch_class=OuterRef("pk")).order_by("queue_key")
    classes = GlitchClass.objects.annotate(first=Subquery(gold.values("pk")[:1]))
    return frozenset(classes.filter(first__isnull=False).values_list("pk", flat=True))


def _load_levels(axis: Axis) -> tuple[Level, ...]:
    levels = []
    below: set[int] = set()
    waiting = Glitch.objects.filter(
        workflow=OuterRef("pk"), retired_at__isnull=True, is_reserved=False
    )
    # The first by the queue's own order: for an EXISTS Postgres may read the whole table.
    first = Subquery(waiting.order_by("queue_key").values("pk")[:1])
    picks: dict[int, dict[str, Picks]] = {}
    listed = PickList.objects.filter(size__gt=0)
    for workflow_id, stream, *found in listed.values_list("workflow", "stream", "pk", "size"):
        picks.setdefault(workflow_id, {})[stream] = Picks(*found)
    workflows = Workflow.objects.annotate(first=first).prefetch_related("classes")
    for workflow in workflows.order_by("level"):
        offered = sorted(
            (c for c in workflow.classes.all() if c.valid_to is None),
            key=lambda c: (c.is_none_of_the_above, c.position, c.pk),
        )
        named = {c.pk for c in offered if not c.is_none_of_the_above}
        labels = labels_of(offered)
        levels.append(
            Level(
                workflow=workflow,
                offered=freeze_class_list(labels),
                class_ids=tuple(c.pk for c in offered),
                mask=axis.mask(labels),
                adds=frozenset(named - below),
                has_pool=workflow.first is not None,
                policy=workflow.retirement(),
                selection=workflow.selection(),
                picks=picks.get(workflow.pk, {}),
            )
        )
        if workflow.is_open:
            below |= named
    return tuple(levels)
