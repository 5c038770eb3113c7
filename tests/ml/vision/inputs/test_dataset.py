import pytest

from ml.vision.errors import (
    GlitchInTwoSplits,
    NothingToTest,
    NothingToTrain,
    TooFewClasses,
    UnknownLabel,
)
from ml.vision.inputs.dataset import Example, GlitchPictures, TrainingSet


def examples(*pairs):
    return [Example(GlitchPictures(glitch_id, {}), label) for glitch_id, label in pairs]


TRAIN = examples(("a", "Blip"), ("b", "Whistle"))
TEST = examples(("x", "Blip"))
CLASSES = ("Blip", "Whistle")


@pytest.mark.parametrize(
    ("training_set", "error", "code"),
    [
        (TrainingSet(("Blip",), TRAIN, [], TEST), TooFewClasses, "too_few_classes"),
        (TrainingSet(("Blip", "Blip"), TRAIN, [], TEST), TooFewClasses, "too_few_classes"),
        (TrainingSet(CLASSES, TRAIN, [], []), NothingToTest, "nothing_to_test"),
        (TrainingSet(CLASSES, TRAIN[:1], [], TEST), NothingToTrain, "nothing_to_train"),
        (
            TrainingSet(CLASSES, TRAIN, examples(("c", "Chirp")), TEST),
            UnknownLabel,
            "unknown_label",
        ),
        (
            TrainingSet(CLASSES, TRAIN, examples(("a", "Blip")), TEST),
            GlitchInTwoSplits,
            "glitch_in_two_splits",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused(training_set, error, code):
    with pytest.raises(error) as caught:
        training_set.check()
    assert caught.value.code == code


def test_an_empty_validation_split_is_allowed():
    TrainingSet(CLASSES, TRAIN, [], TEST).check()
