"""Versions of two classes and their predictions, written down instead of computed."""

from labeling.models import (
    Glitch,
    GlitchClass,
    GoldLabel,
    ModelVersion,
    TrainingExample,
    TrainingRun,
)
from labeling.services.classes import freeze_class_list
from labeling.services.predictions import Scored, store_predictions
from tests.conftest import make_glitch, write_weights

CLASSES = ("Blip", "Whistle")


def make_classifier(number: int, state: str = "active", **fields) -> ModelVersion:
    weights = f"training-{number}/model.pt"
    return ModelVersion.objects.create(
        role="classifier",
        number=number,
        state=state,
        class_list=freeze_class_list(list(CLASSES)),
        weights=weights,
        weights_sha256=write_weights(weights),
        **fields,
    )


def say(version: ModelVersion, glitches: list[Glitch], label: str, confidence: float = 0.9) -> None:
    """The version's prediction of each glitch."""
    p = [confidence if one == label else 1 - confidence for one in CLASSES]
    store_predictions(version, [Scored(glitch.pk, p, 0.5) for glitch in glitches])


def make_gold(first: int, label: str, count: int, split: str = "test", **fields) -> list[Glitch]:
    """Gold glitches numbered from ``first``, all put into one split."""
    made = [make_glitch(first + n, gold_label=label, **fields) for n in range(count)]
    GoldLabel.objects.filter(glitch__in=made).update(split=split)
    return made


def trained_on(version: ModelVersion, glitch: Glitch) -> None:
    """Let the version have learned from this one glitch."""
    run = TrainingRun.objects.create(state="succeeded")
    glitch_class = GlitchClass.objects.get(label="Blip")
    TrainingExample.objects.create(
        run=run, glitch=glitch, glitch_class=glitch_class, split="train", origin="gold"
    )
    version.training_run = run
    version.save()
