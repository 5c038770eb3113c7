"""The classes as the pages show them: in stable places, with keys, traits and examples."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, Min, Q, Window
from django.db.models.functions import Coalesce, RowNumber
from django.utils.translation import gettext as _

from labeling.models import GlitchClass, GoldLabel
from labeling.selectors.assignments import render_reference
from labeling.words import word

KEYS = "123456789qwertyuiopasdfghjklzxcvbnm"
NONE_KEY = "0"
FREQUENCY = " frequency"
LOOK_AT = {"short": 1.0, "long": 4.0}
NEVER = 1_000_000  # sorts a class that no level names behind all others


@dataclass(frozen=True)
class GuideEntry:
    """One class. ``level``: the lowest open level that offers it, None where none does.

    ``traits`` are the words of the data; what people read is in their own language.
    """

    label: str
    name_shown: str
    description: str
    traits: list[str]
    twins: list[dict[str, Any]]
    level: int | None
    key: str
    is_none_of_the_above: bool
    is_born_here: bool
    examples: list[dict[str, Any]] = field(default_factory=list)

    @property
    def short_traits(self) -> str:
        """Duration and frequency as they fit on a button."""
        return " · ".join(_choice(trait.removesuffix(FREQUENCY)) for trait in self.traits[:2])

    @property
    def traits_shown(self) -> list[str]:
        """The traits as sentences name them.

        >>> GuideEntry("", "", "", ["short", "mid/low frequency"], [], 1, "", 0, 0).traits_shown
        ['short', 'mid/low frequency']
        """
        return [
            _("%(range)s frequency") % {"range": _choice(trait.removesuffix(FREQUENCY))}
            if trait.endswith(FREQUENCY)
            else _choice(trait)
            for trait in self.traits
        ]

    @property
    def look_at(self) -> float:
        """The duration (seconds) that shows the class best, for its small pictures."""
        return LOOK_AT.get(self.traits[0] if self.traits else "", 2.0)

    @property
    def trait_words(self) -> str:
        """The traits one by one, as the buttons of the filter name them.

        A class that may change its pitch or keep it fits both words.

        >>> entry = GuideEntry("", "", "", ["short/long", "mid/low frequency"], [], 1, "", 0, 0)
        >>> entry.trait_words
        'short long mid low frequency changes keeps'
        """
        words = " ".join(self.traits).replace("/", " ")
        return words if "pitch" in words else f"{words} changes keeps"

    @property
    def words(self) -> str:
        """What the filter box searches."""
        twins = " ".join(twin["name_shown"] for twin in self.twins)
        parts = (self.name_shown, self.label, *self.traits_shown, self.description, twins)
        return " ".join(parts).lower()


def _choice(trait: str) -> str:
    """``short/long`` in the reader's words, one by one."""
    return "/".join(word(one) for one in trait.split("/"))


def field_guide(*, examples: int = 1) -> list[GuideEntry]:
    """The classes in use in the order of their places, with ``examples`` gold glitches each."""
    return [entry for _home, entry in _places(examples) if entry is not None]


def class_buttons(*, up_to_level: int) -> list[GuideEntry | None]:
    """The classes on offer up to a level, each in the place that it keeps for ever.

    None is a place left empty: its class is retired, or offered by no open level so far.
    """
    return [
        entry if entry and entry.level is not None and entry.level <= up_to_level else None
        for home, entry in _places(examples=1)
        if home <= up_to_level
    ]


def _places(examples: int) -> list[tuple[int, GuideEntry | None]]:
    """All classes there ever were, each with its home: the lowest level that names it, open or not.

    A class stands where its home puts it, so a level newly reached, or a class newly born, adds
    buttons behind the known ones and moves none. The entry of a retired class is None: its place
    and its key go to no other. None_of_the_Above comes last, with a key of its own.
    """
    every = (
        GlitchClass.objects.annotate(
            home=Coalesce(Min("workflow__level"), NEVER),
            level=Min("workflow__level", filter=Q(workflow__is_open=True)),
        )
        .order_by("is_none_of_the_above", "home", "position", "pk")
        .prefetch_related("confused_with")
    )
    shown = gold_examples((c.pk for c in every if c.valid_to is None), each=examples)
    places: list[tuple[int, GuideEntry | None]] = []
    for place, one in enumerate(every):
        key = NONE_KEY if one.is_none_of_the_above else _key(place)
        is_in_use = one.valid_to is None
        places.append((one.home, _entry(one, one.level, key, shown) if is_in_use else None))
    return places


def _key(place: int) -> str:
    return KEYS[place] if place < len(KEYS) else ""


def _entry(
    glitch_class: GlitchClass,
    level: int | None,
    key: str,
    shown: dict[int, list[dict[str, Any]]],
) -> GuideEntry:
    twins: list[dict[str, Any]] = [
        {"label": twin.label, "name_shown": twin.name_shown}
        for twin in glitch_class.confused_with.all()
        if twin.valid_to is None
    ]
    return GuideEntry(
        label=glitch_class.label,
        name_shown=glitch_class.name_shown,
        description=_(glitch_class.description),
        traits=_traits(glitch_class),
        twins=twins,
        level=level,
        key=key,
        is_none_of_the_above=glitch_class.is_none_of_the_above,
        is_born_here=glitch_class.proposal_id is not None,
        examples=shown.get(glitch_class.pk, []),
    )


def _traits(glitch_class: GlitchClass) -> list[str]:
    """Gravity Spy's three filters in words.

    >>> _traits(GlitchClass(duration="short", frequency="mid/low", evolves="yes"))
    ['short', 'mid/low frequency', 'changes pitch']
    """
    traits = [glitch_class.duration]
    if glitch_class.frequency:
        traits.append(f"{glitch_class.frequency}{FREQUENCY}")
    changes = {"yes": "changes pitch", "no": "keeps its pitch"}
    traits.append(changes.get(glitch_class.evolves, ""))
    return [trait for trait in traits if trait]


def gold_examples(class_ids: Iterable[int], *, each: int) -> dict[int, list[dict[str, Any]]]:
    """Class id -> up to ``each`` gold glitches of the training split, always the same ones."""
    place = Window(RowNumber(), partition_by=F("glitch_class"), order_by=F("pk").asc())
    chosen = (
        GoldLabel.objects.filter(glitch_class__in=list(class_ids), split=GoldLabel.Split.TRAIN)
        .annotate(place=place)
        .filter(place__lte=each)
        .select_related("glitch")
        .prefetch_related("glitch__pictures")
        .order_by("pk")
    )
    examples: dict[int, list[dict[str, Any]]] = {}
    for gold in chosen:
        shown = {**render_reference(gold.glitch), "is_simulated": gold.glitch.is_simulated}
        examples.setdefault(gold.glitch_class_id, []).append(shown)
    return examples
