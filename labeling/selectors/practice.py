"""Practice: gold that everybody may see anyway, asked for the fun of it; nothing is counted."""

from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _

from labeling.errors import NotFoundError
from labeling.models import Glitch, GlitchClass
from labeling.selectors.examples import example_of, shown_gold


@dataclass(frozen=True)
class PracticeAnswer:
    """What is said after an answer: the experts' class, and another example of it."""

    glitch: Glitch
    truth: GlitchClass
    answered: GlitchClass
    example: Glitch | None

    @property
    def is_right(self) -> bool:
        return self.truth.pk == self.answered.pk


def draw_practice(height: int, *, besides: str = "", rng: np.random.Generator) -> Glitch | None:
    """A shown gold glitch of a class that open levels up to ``height`` offer; not ``besides``.

    Each class is as likely as the others, however many glitches it has. None where no expert has
    labeled any.
    """
    on_offer = GlitchClass.objects.filter(
        valid_to__isnull=True, workflow__is_open=True, workflow__level__lte=height
    )
    shown = shown_gold().filter(glitch_class__in=on_offer).exclude(glitch__gravityspy_id=besides)
    by_class: dict[int, list[int]] = {}
    for class_id, glitch_id in shown.values_list("glitch_class_id", "glitch_id"):
        by_class.setdefault(class_id, []).append(glitch_id)
    if not by_class:
        return None
    drawn = int(rng.choice(by_class[int(rng.choice(sorted(by_class)))]))
    return Glitch.objects.prefetch_related("pictures").get(pk=drawn)


def check_practice(gravityspy_id: str, label: str) -> PracticeAnswer:
    """The experts' answer on a glitch that is shown to everybody, and on no other one.

    Raises NotFoundError ``no_practice``: what may still be asked for a vote is told to nobody.
    """
    gold = (
        shown_gold()
        .select_related("glitch", "glitch_class")
        .filter(glitch__gravityspy_id=gravityspy_id)
        .first()
    )
    answered = GlitchClass.objects.filter(label=label).first()
    if gold is None or answered is None:
        raise NotFoundError(
            _("This is no glitch to practise on; go back to the practice page."), code="no_practice"
        )
    example = example_of(gold.glitch_class, besides=gold.glitch_id)
    return PracticeAnswer(gold.glitch, gold.glitch_class, answered, example)
