"""What each training setting may be, in words for people and as a check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ml.pictures import DURATIONS
from ml.vision.errors import BadSettings

ALL = "all"
CLASS_WEIGHTS = ("balanced", "none")
WEIGHTS = ("imagenet", "imagenet or random", "random")
CHANNELS, MOSAIC, ATTENTION = LAYOUTS = ("channels", "mosaic", "attention")
GREY, VIRIDIS = COLOURS = ("grey", "viridis")
NORMALISATIONS = ("backbone", "training mean", "sample")
AUGMENTATIONS = ("loudness and shift", "shift and zoom", "none")
OPTIMIZERS = ("adamw", "adam", "adagrad", "rmsprop", "adadelta")
SCHEDULES = ("cosine", "constant", "plateau")
SAMPLINGS = ("as they are", "balanced")
AS_DRAWN, IN_TIME = SPLITS = ("as drawn", "in time")
PRECISIONS = ("auto", "float32", "bfloat16", "float16")

LAYERS_MOST, WIDTH_MOST = 4, 8192
NAME_MOST = 100  # letters
SHOWN_MOST = 200
PIXELS_MOST = 2**25  # of one duration in a minibatch, each a byte in memory and more on a device

Rule = tuple[str, Callable[[Any], bool]]


def check(rules: dict[str, Rule], values: dict[str, Any]) -> None:
    """Raise :class:`BadSettings` naming the first key of ``rules`` whose value breaks its rule."""
    for key, (wanted, is_good) in rules.items():
        if not is_good(values[key]):
            raise BadSettings(
                f"The training setting {key!r} is {shown(values[key])}; it must be {wanted}.",
                key=key,
                value=shown(values[key]),
            )


def shown(value: Any) -> str:
    """As it is said in a refusal, which must stay readable, and can be sent, whatever came."""
    said = ascii(value)
    return said if len(said) <= SHOWN_MOST else f"{said[:SHOWN_MOST]}…"


def checked_durations(value: Any) -> tuple[float, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise BadSettings(
            f"The training setting 'durations' is {shown(value)}; it must be a list of seconds.",
            key="durations",
        )
    for duration in value:
        if isinstance(duration, bool) or duration not in DURATIONS:
            raise BadSettings(
                f"The training setting 'durations' holds {shown(duration)}; known are {DURATIONS}.",
                key="durations",
            )
    if len(set(value)) != len(value):
        raise BadSettings("The training setting 'durations' holds one twice.", key="durations")
    return tuple(float(duration) for duration in value)


def whole_numbers(key: str, value: Any) -> tuple[int, ...]:
    """A list of whole numbers from 1, as a tuple; else :class:`BadSettings`."""
    if not isinstance(value, list | tuple) or not all(_is_int(one, 1, 2**31) for one in value):
        raise BadSettings(
            f"The training setting {key!r} is {shown(value)}; it must be a list of whole numbers.",
            key=key,
        )
    return tuple(value)


def _is_int(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _whole(low: int, high: int) -> Rule:
    return f"a whole number from {low} to {high}", lambda value: _is_int(value, low, high)


def _number(low: float, high: float) -> Rule:
    def is_good(value: Any) -> bool:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and low <= value <= high

    return f"a number from {low:g} to {high:g}", is_good


def _one_of(choices: tuple[str, ...]) -> Rule:
    return f"one of {choices}", lambda value: isinstance(value, str) and value in choices


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= NAME_MOST and value.isprintable()


_NAME: Rule = (f"a name of up to {NAME_MOST} printable letters", _is_name)
_YES_OR_NO: Rule = ("true or false", lambda value: isinstance(value, bool))

RULES: dict[str, Rule] = {
    "recipe": _NAME,
    "backbone": _NAME,
    "weights": _one_of(WEIGHTS),
    "size": _whole(32, 1024),
    "layout": _one_of(LAYOUTS),
    "colours": _one_of(COLOURS),
    "normalisation": _one_of(NORMALISATIONS),
    "augmentation": _one_of(AUGMENTATIONS),
    "trainable_blocks": (
        f"a whole number of blocks or {ALL!r}",
        lambda value: value == ALL or _is_int(value, 0, 1000),
    ),
    "train_norms": _YES_OR_NO,
    "hidden_norms": _YES_OR_NO,
    "hidden": (
        f"at most {LAYERS_MOST} widths up to {WIDTH_MOST}",
        lambda value: len(value) <= LAYERS_MOST and max(value, default=0) <= WIDTH_MOST,
    ),
    "epochs": _whole(0, 1000),
    "minibatch": _whole(1, 4096),
    "accumulate": _whole(1, 1024),
    "optimizer": _one_of(OPTIMIZERS),
    "epsilon": _number(1e-12, 1.0),
    "learning_rate": _number(1e-8, 1.0),
    "head_learning_rate": _number(1e-8, 1.0),
    "schedule": _one_of(SCHEDULES),
    "warmup": _number(0.0, 1000.0),
    "weight_decay": _number(0.0, 1.0),
    "gradient_norm": _number(0.0, 1e6),
    "label_smoothing": _number(0.0, 0.5),
    "soft_targets": _YES_OR_NO,
    "sampling": _one_of(SAMPLINGS),
    "ema": _number(0.0, 0.99999),
    "precision": _one_of(PRECISIONS),
    "input_dropout": _number(0.0, 0.9),
    "dropout": _number(0.0, 0.9),
    "drop_durations": _number(0.0, 1.0),
    "copies": _whole(0, 64),
    "test_copies": _whole(0, 64),
    "probe_strength": _number(0.0, 1e3),
    "unlabeled": _whole(0, 2000),
    "patience": _whole(1, 1000),
    "class_weights": _one_of(CLASS_WEIGHTS),
    "split": _one_of(SPLITS),
    "seed": _whole(0, 2**31 - 1),
}


def wanted() -> dict[str, str]:
    """What each training setting must be, in words.

    >>> wanted()["epochs"]
    'a whole number from 0 to 1000'
    """
    lists = {
        "durations": f"a list of seconds among {DURATIONS}",
        "hidden": "a list of whole numbers",
        "members": "a list of whole numbers",
    }
    return {key: words for key, (words, _) in RULES.items()} | lists
