"""How a network is trained, as one frozen, checked, storable object."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ml.pictures import DURATIONS
from ml.vision.errors import BadSettings

ALL = "all"
CLASS_WEIGHTS = ("balanced", "none")


@dataclass(frozen=True)
class TrainingSettings:
    """The recipe of one training; wrong values raise :class:`BadSettings` naming the key.

    ``durations``: seconds, one a channel. The default leaves 2.0 s out: the shortest picture tells
    Blip, Koi_Fish and Whistle apart, and what 2.0 s adds is in the others (docs/figures.md).
    ``trainable_blocks``: how many of the backbone's last blocks learn, besides the classifier: 0 is
    a linear head on frozen features, "all" the whole network. ``drop_durations``: how often a
    training glitch is shown as if it had its longest picture only. ``copies``: changed copies (see
    :mod:`ml.vision.augment`) made of each training glitch. ``probe_strength``: inverse
    regularisation of the linear head from which fine-tuning starts. ``patience``: epochs without
    a better validation log loss before the training ends. ``learning_rate`` is that of the blocks,
    ``head_learning_rate`` that of the classifier.
    """

    backbone: str = "efficientnet-lite0"
    durations: tuple[float, ...] = (0.5, 1.0, 4.0)
    size: int = 224
    trainable_blocks: int | str = 3
    epochs: int = 12
    minibatch: int = 32
    learning_rate: float = 3e-4
    head_learning_rate: float = 1e-3
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    dropout: float = 0.2
    drop_durations: float = 0.3
    copies: int = 4
    probe_strength: float = 0.05
    patience: int = 4
    class_weights: str = "balanced"
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "durations", _durations(self.durations))
        for key, (wanted, is_good) in _RULES.items():
            value = getattr(self, key)
            if not is_good(value):
                raise BadSettings(
                    f"The training setting {key!r} is {value!r}; it must be {wanted}.",
                    key=key,
                    value=str(value),
                )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainingSettings:
        """Settings from plain values (JSON); keys left out take their defaults."""
        known = {field.name for field in dataclasses.fields(cls)}
        for key in values:
            if key not in known:
                raise BadSettings(
                    f"There is no training setting {key!r}; known are {', '.join(sorted(known))}.",
                    key=key,
                )
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON and for :meth:`from_dict`."""
        return {**dataclasses.asdict(self), "durations": list(self.durations)}


def _durations(value: Any) -> tuple[float, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise BadSettings(
            f"The training setting 'durations' is {value!r}; it must be a list of seconds.",
            key="durations",
        )
    for duration in value:
        if duration not in DURATIONS:
            raise BadSettings(
                f"The training setting 'durations' holds {duration!r}; known are {DURATIONS}.",
                key="durations",
            )
    if len(set(value)) != len(value):
        raise BadSettings("The training setting 'durations' holds one twice.", key="durations")
    return tuple(float(duration) for duration in value)


def _is_int(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _whole(low: int, high: int) -> tuple[str, Callable[[Any], bool]]:
    return f"a whole number from {low} to {high}", lambda value: _is_int(value, low, high)


def _number(low: float, high: float) -> tuple[str, Callable[[Any], bool]]:
    def is_good(value: Any) -> bool:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and low <= value <= high

    return f"a number from {low:g} to {high:g}", is_good


_RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "backbone": ("a name", lambda value: isinstance(value, str) and bool(value)),
    "size": _whole(32, 1024),
    "trainable_blocks": (
        f"a whole number of blocks or {ALL!r}",
        lambda value: value == ALL or _is_int(value, 0, 1000),
    ),
    "epochs": _whole(0, 1000),
    "minibatch": _whole(1, 4096),
    "learning_rate": _number(1e-8, 1.0),
    "head_learning_rate": _number(1e-8, 1.0),
    "weight_decay": _number(0.0, 1.0),
    "label_smoothing": _number(0.0, 0.5),
    "dropout": _number(0.0, 0.9),
    "drop_durations": _number(0.0, 1.0),
    "copies": _whole(0, 64),
    "probe_strength": _number(1e-6, 1e3),
    "patience": _whole(1, 1000),
    "class_weights": (f"one of {CLASS_WEIGHTS}", lambda value: value in CLASS_WEIGHTS),
    "seed": _whole(0, 2**31 - 1),
}
