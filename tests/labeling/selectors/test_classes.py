"""Which labels are taken for misspellings."""

import pytest

from labeling.selectors.classes import near_label
from labeling.services.classes import load_gravity_spy

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("label", "meant"),
    [
        ("blip", "Blip"),
        ("Koi Fish", "Koi_Fish"),
        ("Repeating_Blip", "Repeating_Blips"),
        ("none-of-the-above", "None_of_the_Above"),
        ("Fast_Scattering", None),  # of later runs, beside Scattered_Light
        ("Blip_Low_Frequency", None),  # beside Low_Frequency_Burst
        ("Unicorn", None),
    ],
)
def test_a_misspelling_is_told_from_a_new_class(label, meant):
    load_gravity_spy()
    assert near_label(label) == meant
