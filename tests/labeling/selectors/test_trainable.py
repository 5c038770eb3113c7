"""Which classes can be trained on, and what the others lack."""

import pytest

from labeling.models import GoldLabel
from labeling.selectors.trainable import left_out, trainable_classes
from tests.conftest import make_glitch


@pytest.mark.django_db
def test_each_class_left_out_is_named_with_what_it_lacks(taxonomy):
    for number, (label, split) in enumerate(
        [
            *[("Blip", "train")] * 4, ("Blip", "test"),
            *[("Whistle", "train")] * 3, ("Whistle", "test"),
            *[("Tomte", "train")] * 2,
            *[("Koi_Fish", "validation")] * 4, ("Koi_Fish", "test"),
            *[("Scratchy", "train")] * 5,
        ]
    ):  # fmt: skip
        make_glitch(number, label)
        GoldLabel.objects.filter(glitch__gravityspy_id=f"{number:010d}").update(split=split)
    found = left_out()
    assert len(found) == 20  # of 21: None_of_the_Above is no class to train
    assert {label: words for label, words in found.items() if words != "no labels"} == {
        "Koi_Fish": "none in the training split",
        "Scratchy": "no gold in the test split",
        "Tomte": "3 more labels, no gold in the test split",
        "Whistle": "1 more label",
    }
    assert trainable_classes() == {"Blip"}
