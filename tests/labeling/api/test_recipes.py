"""The recipes with their settings, as a program sees them before it asks for a training."""

import pytest

from ml.vision.recipes import RECIPES

pytestmark = pytest.mark.django_db


def test_every_recipe_is_told_with_its_settings_and_what_they_may_be(
    pipeline, settings, monkeypatch
):
    monkeypatch.delenv("NOTA_WEIGHTS", raising=False)
    settings.TRAINING_RECIPE = "nota-cpu"
    told = pipeline.get("/api/v1/recipes").json()
    assert told["site"] == "nota-cpu"
    found = {one["name"]: one for one in told["recipes"]}
    assert list(found) == list(RECIPES)
    vgg = found["george-vgg16"]
    assert vgg["source"].startswith("George")
    assert (vgg["missing_weights"], found["nota-cpu"]["missing_weights"]) == ("vgg16.pth", "")
    assert (vgg["settings"]["optimizer"], vgg["settings"]["durations"]) == ("adagrad", [2.0])
    assert found["ensemble"]["is_ensemble"]
    assert set(told["rules"]) == set(vgg["settings"])
    assert told["rules"]["split"] == "one of ('as drawn', 'in time')"


def test_what_is_told_can_be_sent_back(pipeline, taxonomy):
    """The settings of a recipe pass the checks of a training by it."""
    told = pipeline.get("/api/v1/recipes").json()["recipes"]
    chosen = next(one for one in told if one["name"] == "george-vgg16")
    asked = {"recipe": chosen["name"], "settings": chosen["settings"]}
    refused = pipeline.post("/api/v1/training-runs", asked).json()["error"]
    assert refused["code"] == "too_few_classes"
