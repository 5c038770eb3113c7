"""The taxonomy, as volunteers may read it."""

import pytest

pytestmark = pytest.mark.django_db


def test_classes_come_with_traits_twins_and_levels(volunteer, django_assert_num_queries):
    with django_assert_num_queries(4):  # token, classes, twins, levels
        listed = volunteer.get("/api/v1/classes").json()
    by_label = {c["label"]: c for c in listed}
    assert len(listed) == 22
    assert "Tomte" in by_label["Blip"]["confused_with"]
    assert by_label["Blip"]["levels"] == [1, 2, 3, 4, 5, 6]
    assert by_label["Blip"]["valid_to"] is None
    assert [c["label"] for c in listed if c["is_none_of_the_above"]] == ["None_of_the_Above"]
