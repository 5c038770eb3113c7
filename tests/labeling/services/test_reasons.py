"""Reasons as people type them, and as they are stored."""

import pytest

from labeling.errors import LabelingError
from labeling.services.reasons import checked_reason


@pytest.mark.parametrize(
    ("typed", "stored"),
    [(" few\n", "few"), ("more", "more"), ("αβγδε", "αβγδ"), ("", "")],
)
def test_a_reason_is_stored_without_blanks_and_cut(typed, stored):
    assert checked_reason(typed, 4) == stored


@pytest.mark.parametrize("typed", ["a\x00b", "a\udcff"])
def test_what_cannot_be_stored_is_refused(typed):
    with pytest.raises(LabelingError, match="plain text") as refusal:
        checked_reason(typed, 5)
    assert refusal.value.code == "unprintable_reason"
