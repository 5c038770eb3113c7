"""The demo's plan: who is told what, drawn from a seed."""

import pytest

from demo.plan import PlanError, make_plan, write_plan


@pytest.fixture
def pictures(tmp_path):
    """20 glitches each of three classes, and a file with a bad name."""
    for label in ("Blip", "Tomte", "Whistle"):
        (tmp_path / label).mkdir()
        for number in range(20):
            name = f"H1_{label[:5]:x<5}{number:05d}_spectrogram_4.0.png"
            (tmp_path / label / name).touch()
    (tmp_path / "Blip" / "holiday_spectrogram_.png").touch()
    return tmp_path


def plan(pictures, **changes):
    return make_plan(pictures, **{"simulated": False, "hold_out": "Whistle", "seed": 1} | changes)


def test_the_held_out_class_has_no_gold_and_its_own_reserved_glitches(pictures):
    made = plan(pictures)
    assert made.known == ("Blip", "Tomte")
    assert set(made.gold.values()) == {"Blip", "Tomte"}
    assert len(made.gold) == 12  # 30 % of 20, twice
    assert len(made.reserved) == 12  # 20 % of 20, thrice
    assert not made.reserved & set(made.gold)


def test_the_same_seed_makes_the_same_plan(pictures):
    assert plan(pictures) == plan(pictures)
    assert plan(pictures).reserved != plan(pictures, seed=2).reserved


@pytest.mark.parametrize(("changes", "code"), [({"hold_out": "Unicorn"}, "unknown_hold_out")])
def test_what_cannot_be_played_is_said(pictures, changes, code):
    with pytest.raises(PlanError) as refusal:
        plan(pictures, **changes)
    assert refusal.value.code == code


def test_a_folder_without_pictures_is_said_to_have_none(tmp_path):
    with pytest.raises(PlanError) as refusal:
        plan(tmp_path)
    assert refusal.value.code == "no_pictures"


def test_another_demos_state_is_not_mixed_with_this_ones(pictures, tmp_path):
    state = tmp_path / "state"
    write_plan(plan(pictures), state)
    write_plan(plan(pictures), state)  # the same again goes on
    with pytest.raises(PlanError) as refusal:
        write_plan(plan(pictures, seed=2), state)
    assert refusal.value.code == "other_demo"
