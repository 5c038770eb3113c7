"""What the templates show of a value."""

import math

import pytest

from labeling.templatetags.nota import gps_date


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (1238166018, "1 Apr 2019"),
        ("1238166018.0", "1 Apr 2019"),
        (18, "6 Jan 1980"),
        (None, "unknown"),
        ("unknown", "unknown"),
        ("", "unknown"),
        (1.26e18, "unknown"),
        (1e12, "unknown"),
        (1e300, "unknown"),
        (-1e12, "unknown"),
        (math.inf, "unknown"),
        (math.nan, "unknown"),
    ],
)
def test_no_number_is_too_odd_for_a_date(seconds: float | str | None, shown: str) -> None:
    assert gps_date(seconds) == shown
