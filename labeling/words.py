"""Words that are stored as codes or written by workers, marked so that catalogues hold them.

Pages show them through the filter ``word``, which translates what is stored; the database and the
API keep the English. Sentences that a worker composes (why a version was kept out, what went wrong)
are stored as they were said and stay English.
"""

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
    _("judging on the gold test set"), _("measuring embeddings on held-out classes"),
    _("clustering the pool"), _("storing proposals"), _("comparing labels"),
    _("finding where it is seen"), _("finding look-alikes"),
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


def word(stored: str | None) -> str:
    """A code or a fixed phrase of these tables in the reader's words; "" for none.

    >>> word("in_vote")
    'in vote'
    """
    return gettext((stored or "").replace("_", " "))
