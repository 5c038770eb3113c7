import pytest

from ml.vision.errors import BadSettings
from ml.vision.recipes import RECIPES, settings_for
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.recipes.use import of_use


def test_settings_survive_json():
    settings = TrainingSettings(durations=(4.0,), trainable_blocks="all", seed=7)
    assert TrainingSettings.from_dict(settings.to_dict()) == settings


def test_missing_keys_take_their_defaults():
    assert TrainingSettings.from_dict({"seed": 3}) == TrainingSettings(seed=3)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"epoch": 3}, "epoch"),
        ({"epochs": -1}, "epochs"),
        ({"epochs": True}, "epochs"),
        ({"epochs": "3"}, "epochs"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"trainable_blocks": "some"}, "trainable_blocks"),
        ({"class_weights": "sometimes"}, "class_weights"),
        ({"durations": []}, "durations"),
        ({"durations": [3.0]}, "durations"),
        ({"durations": [4.0, 4.0]}, "durations"),
        ({"durations": "4.0"}, "durations"),
        ({"durations": [True, 4.0]}, "durations"),  # True == 1.0
        ({"backbone": ""}, "backbone"),
        ({"backbone": "resnet\x00"}, "backbone"),
        ({"backbone": "resnet\ud800"}, "backbone"),
        ({"backbone": "a" * 101}, "backbone"),
        ({"size": 16}, "size"),
        ({"hidden": [3_000_000], "probe_strength": 0}, "hidden"),
        ({"hidden": [8] * 5, "probe_strength": 0}, "hidden"),
        ({"size": 1024, "minibatch": 4096}, "minibatch"),
    ],
)
def test_a_bad_setting_is_named(values, key):
    with pytest.raises(BadSettings) as caught:
        TrainingSettings.from_dict(values)
    assert caught.value.data["key"] == key
    assert repr(key) in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "values",
    [
        {"backbone": "a" * 100_000},
        {"durations": "a" * 100_000},
        {"durations": ["a" * 100_000]},
        {"hidden": ["a" * 100_000]},
        {"a" * 100_000: 1},
    ],
)
def test_a_refusal_does_not_repeat_all_of_what_was_sent(values):
    with pytest.raises(BadSettings) as caught:
        TrainingSettings.from_dict(values)
    assert len(str(caught.value)) < 1000
    assert len(str(caught.value.data)) < 1000


def test_a_refusal_can_be_sent_whatever_the_key_was():
    with pytest.raises(BadSettings) as caught:
        TrainingSettings.from_dict({"\ud800": 1})
    assert caught.value.data == {"key": "\\ud800"}
    assert str(caught.value).encode()


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ("nota-cpu", "without a frozen part"),
        ("logistic-features", "without a frozen part"),
        ("spartificial-resnet50", "without a frozen part"),
        ("george-inception-v3", "'augmentation' that changes them"),
    ],
)
def test_copies_that_would_change_no_prediction_are_refused(recipe, words):
    with pytest.raises(BadSettings, match=words) as caught:
        settings_for(recipe, {"test_copies": 4})
    assert caught.value.data["key"] == "test_copies"


@pytest.mark.parametrize(
    ("recipe", "changes", "key"),
    [
        ("nota-cpu", {"recipe": "nota"}, "recipe"),
        ("nota-cpu", {"members": [9]}, "members"),
        ("logistic-features", {"warmup": 500}, "warmup"),
        ("nota-cpu", {"epochs": 0, "ema": 0.5}, "ema"),
        ("ensemble", {"members": [1, 2], "epochs": 7}, "epochs"),
        ("ensemble", {"members": [1, 2], "size": 64}, "size"),
        ("logistic-features", {"weights": "random"}, "weights"),
        ("nota-cpu", {"weights": "random", "trainable_blocks": 0}, "weights"),
    ],
)
def test_a_setting_that_would_do_nothing_is_refused(recipe, changes, key):
    with pytest.raises(BadSettings, match=key) as caught:
        settings_for(recipe, changes)
    assert caught.value.data["key"] == key


@pytest.mark.parametrize(
    ("recipe", "changes", "key"),
    [
        ("george-resnet50", {"epochs": 0}, "epochs"),  # it has no linear head to start from
        ("nota-cpu", {"epochs": 0, "probe_strength": 0}, "epochs"),
    ],
)
def test_a_training_that_would_learn_nothing_is_refused(recipe, changes, key):
    with pytest.raises(BadSettings, match=f"{key!r} = .* learns nothing") as caught:
        settings_for(recipe, changes)
    assert caught.value.data["key"] == key


@pytest.mark.parametrize(
    ("recipe", "changes"),
    [
        ("nota-cpu", {"weights": "random"}),  # its blocks learn
        ("nota-cpu", {"recipe": "nota-cpu"}),
        ("nota-cpu", {"epochs": 0}),  # its own ema and warmup go idle with it
        ("nota-cpu", {"epochs": 1, "ema": 0.5, "warmup": 500}),
        ("ensemble", {"members": [1, 2], "split": "in time", "seed": 3}),
        ("ensemble", settings_for("ensemble").to_dict()),
    ],
)
def test_what_has_its_use_is_taken(recipe, changes):
    assert changes.items() <= settings_for(recipe, changes).to_dict().items()


@pytest.mark.parametrize(
    ("recipe", "beside", "kept"),
    [
        ("ensemble", {}, ["split"]),
        ("logistic-features", {}, ["split", "size"]),  # its epochs are 0: no steps, no ema
        ("logistic-features", {"epochs": 1}, ["split", "size", "ema"]),
        ("nota", {}, ["split", "size", "ema", "test_copies"]),  # all of it learns
        ("nota", {"trainable_blocks": 3}, ["split", "size", "ema"]),
    ],
)
def test_of_changes_for_all_a_recipe_takes_those_that_are_of_use(recipe, beside, kept):
    changes = {"split": "in time", "size": 64, "ema": 0.5, "test_copies": 4}
    assert list(of_use(changes, RECIPES[recipe], beside)) == kept


def test_what_is_no_setting_is_of_use_to_none_and_stays_to_be_refused():
    assert of_use({"sise": 64, "size": 64}, RECIPES["ensemble"]) == {"sise": 64}


@pytest.mark.parametrize("recipe", ["nota", "george-resnet50"])
def test_copies_are_taken_where_all_of_a_network_learns(recipe):
    assert settings_for(recipe, {"test_copies": 4}).test_copies == 4


def test_a_version_with_idle_copies_is_still_loaded():
    assert TrainingSettings.from_dict({"test_copies": 4}).test_copies == 4


def test_what_memory_holds_is_told_with_the_refusal():
    """2^25 pixels are 32 pictures of 1024 x 1024."""
    assert TrainingSettings(size=1024, minibatch=32).minibatch == 32
    with pytest.raises(BadSettings, match="of 1024 x 1024 than memory holds at once; at most 32"):
        TrainingSettings(size=1024, minibatch=33)
