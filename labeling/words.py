"""Words that are stored as codes or written by workers, marked so that catalogues hold them.

Pages show them through the filter ``word``, which translates what is stored; the database and the
API keep the English. Stages that a worker composes of figures go through the filter ``stage``.
Other sentences that a worker composes (why a version was kept out, what went wrong)
are stored as they were said and stay English.
"""

import re

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

STATES = (
    _("requested"), _("running"), _("succeeded"), _("failed"), _("cancelled"),
    _("proposed"), _("in vote"), _("accepted"), _("rejected"), _("merged"),
    _("candidate"), _("active"), _("replaced"), _("kept out"),
    _("passed"), _("called off"), _("alert"),
    _("the label was wrong"), _("the label stands"), _("it is another class"),
    _("a later search has no doubt"),
)  # fmt: skip
STAGES = (
    _("waiting for a worker"), _("gathering labels"), _("looking at the pictures"),
    _("calibrating"), _("judging on the gold test set"),
    _("measuring embeddings on held-out classes"), _("clustering the pool"),
    _("storing proposals"), _("comparing labels"), _("finding where it is seen"),
    _("finding look-alikes"),
)  # fmt: skip
# Of what a composed stage consists, with ": " and ", " between.
PARTS = (
    _("read %(done)s of %(of)s"), _("predicted %(done)s of %(of)s"),
    _("looked through %(done)s of %(of)s"), _("learned from %(done)s of %(of)s"),
    _("round %(done)s of %(of)s"),
    _("epoch %(epoch)s of %(epochs)s"), _("embedding by %(name)s"),
    _("about %(number)s s left"), _("about %(number)s min left"), _("about %(number)s h left"),
    _("at most %(number)s s left"), _("at most %(number)s min left"),
    _("at most %(number)s h left"),
)  # fmt: skip
KINDS = (
    _("classifier"), _("embedding"), _("gold"), _("consensus"), _("train"), _("validation"),
    _("test"), _("member"), _("neighbour"), _("decoy"), _("macro"), _("micro"), _("weighted"),
    _("training"), _("detector"), _("run"), _("unknown"), _("within a minute of training"),
    _("later than training"), _("apart from training"),
    _("flagged"), _("nothing here"), _("other"), _("human"), _("no consensus"),
)  # fmt: skip
REASONS = (
    _("asked for on the training page"), _("asked for on the proposals page"),
    _("asked for on the page of doubtful labels"), _("the house"), _("the search"), _("none"),
)  # fmt: skip
TRAITS = (
    _("short"), _("long"), _("low"), _("mid"), _("high"),
    _("changes pitch"), _("keeps its pitch"),
)  # fmt: skip
DETECTORS = (_("Hanford"), _("Livingston"), _("Virgo"))


_PATTERNS = {part: re.compile(re.sub(r"%\((\w+)\)s", r"(?P<\1>\\S+)", part)) for part in PARTS}


def stage(stored: str | None) -> str:
    """A stage as a worker composed it, each part in the reader's words.

    >>> stage("epoch 2 of 9: learned from 64 of 640, at most 3 min left")
    'epoch 2 of 9: learned from 64 of 640, at most 3 min left'
    """
    parts = re.split("(: |, )", stored or "")
    parts[::2] = map(_part, parts[::2])
    return "".join(parts)


def _part(said: str) -> str:
    for part, pattern in _PATTERNS.items():
        if found := pattern.fullmatch(said):
            return gettext(part) % found.groupdict()
    return word(said)


def word(stored: str | None) -> str:
    """A code or a fixed phrase of these tables in the reader's words; "" for none.

    >>> word("in_vote")
    'in vote'
    """
    return gettext((stored or "").replace("_", " "))
