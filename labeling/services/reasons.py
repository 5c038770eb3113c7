"""The reasons that people give, as they are stored with what they did."""

from django.utils.translation import gettext as _

from labeling.errors import LabelingError

OF_A_RUN = 200  # letters
OF_A_DECISION = 500


def checked_reason(reason: str, most: int) -> str:
    """Without blanks around it and cut to ``most`` letters.

    Raises LabelingError ``unprintable_reason`` for what no text in Postgres can hold: the NUL
    character, and the halves of pairs that bytes in no known encoding become on a command line.
    """
    if "\x00" in reason or any("\ud800" <= letter <= "\udfff" for letter in reason):
        raise LabelingError(
            _("The reason holds characters that cannot be stored; type it anew as plain text."),
            code="unprintable_reason",
        )
    return reason.strip()[:most]
