"""How a network is trained, as one frozen, checked, storable object."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ml.vision.errors import BadSettings
from ml.vision.recipes.rules import (
    ALL,
    CHANNELS,
    MOSAIC,
    PIXELS_MOST,
    RULES,
    VIRIDIS,
    check,
    checked_durations,
    shown,
    whole_numbers,
)

__all__ = ["ALL", "TrainingSettings"]


@dataclass(frozen=True)
class TrainingSettings:
    """All that a training goes by; wrong values raise :class:`BadSettings` naming the key.

    Every recipe (:mod:`ml.vision.recipes`) is one such object; the defaults are those of a small
    network on frozen features.

    The input. ``durations``: seconds, one a channel. The default leaves 2.0 s out: the shortest
    picture tells Blip, Koi_Fish and Whistle apart, and what 2.0 s adds is in the others
    (docs/figures.md). ``layout``: durations as "channels" of one picture, as a 2 x 2 "mosaic", or
    each on its own with "attention" over what the network makes of them. ``colours``: "grey"
    energy, or the "viridis" colours that volunteers see. ``normalisation``: by the "backbone"'s
    mean and deviation, by the "training mean" picture, or of each "sample" by its own.
    ``augmentation``: see :mod:`ml.vision.inputs.augment`; ``copies`` changed copies are made of
    each training glitch where a part of the network is frozen, and drawn anew each time (any number
    but 0) where none is. ``drop_durations``: how often a training glitch is shown as if it had its
    longest picture only, or with attention, as if some were missing.

    The network. ``weights``: "imagenet", "random", or "imagenet or random" where there are none.
    ``trainable_blocks``: how many of the backbone's last blocks learn, besides the classifier: 0 is
    a linear head on frozen features, "all" the whole network. ``train_norms``: whether batch norms
    learn too, instead of keeping ImageNet's statistics. ``hidden``: widths of dense layers before
    the classifier, each behind a batch norm with ``hidden_norms``.

    The training. ``probe_strength``: inverse regularisation of the linear head from which
    fine-tuning starts, 0 for none. ``learning_rate`` is that of the blocks, ``head_learning_rate``
    that of all above; both grow in line over the first ``warmup`` epochs. ``minibatch``: pictures a
    step at most; of fewer than 8 times as many training glitches an eighth, or 8. ``accumulate``:
    parts into which a minibatch is cut to fit into memory.
    ``soft_targets``: what the crowd holds of a glitch, not its top class. ``sampling``: "balanced"
    draws every class alike. ``ema``: decay of the running mean of the weights that is kept, 0 for
    none. ``unlabeled``: how many pictures without a label to learn from besides, see
    :mod:`ml.vision.few_shot.pseudo`. ``test_copies``: changed copies over which a prediction is
    averaged, where nothing is frozen.
    ``patience``: epochs without a better validation log loss before the training ends.
    ``split``: labeled glitches in train, validation and test "as drawn" once for all, or "in time":
    the earliest to train, the latest of the gold test to test. ``members``: the numbers of the
    model versions of an ensemble.
    """

    recipe: str = "unnamed"
    backbone: str = "efficientnet-lite0"
    weights: str = "imagenet"
    durations: tuple[float, ...] = (0.5, 1.0, 4.0)
    size: int = 224
    layout: str = "channels"
    colours: str = "grey"
    normalisation: str = "backbone"
    augmentation: str = "loudness and shift"
    trainable_blocks: int | str = 3
    train_norms: bool = False
    hidden: tuple[int, ...] = ()
    hidden_norms: bool = False
    epochs: int = 12
    minibatch: int = 32
    accumulate: int = 1
    optimizer: str = "adamw"
    epsilon: float = 1e-8
    learning_rate: float = 3e-4
    head_learning_rate: float = 1e-3
    schedule: str = "cosine"
    warmup: float = 0.0
    weight_decay: float = 0.05
    gradient_norm: float = 1.0
    label_smoothing: float = 0.1
    soft_targets: bool = False
    sampling: str = "as they are"
    ema: float = 0.0
    precision: str = "auto"
    input_dropout: float = 0.0
    dropout: float = 0.2
    drop_durations: float = 0.3
    copies: int = 4
    test_copies: int = 0
    unlabeled: int = 0
    probe_strength: float = 0.05
    patience: int = 4
    class_weights: str = "balanced"
    split: str = "as drawn"
    seed: int = 0
    members: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "durations", checked_durations(self.durations))
        object.__setattr__(self, "hidden", whole_numbers("hidden", self.hidden))
        object.__setattr__(self, "members", whole_numbers("members", self.members))
        check(RULES, vars(self))
        self._check_together()

    def _check_together(self) -> None:
        """What is right alone and wrong together."""
        several = len(self.durations) > 1 and self.layout == CHANNELS
        for key, is_bad, words in (
            ("colours", self.colours == VIRIDIS and several, "needs one duration, or attention"),
            (
                "size",
                self.backbone == "merged-view" and self.side < 76,
                "is too small for four convolutions of 5 x 5 with pooling",
            ),
            (
                "minibatch",
                self.minibatch * self.size**2 > PIXELS_MOST,
                f"is more pictures of {self.size} x {self.size} than memory holds at once; at "
                f"most {PIXELS_MOST // self.size**2}",
            ),
            ("layout", self.layout == MOSAIC and len(self.durations) != 4, "needs four durations"),
            (
                "normalisation",
                self.normalisation == "training mean" and self.trainable_blocks != ALL,
                "needs 'trainable_blocks': 'all'",
            ),
            (
                "probe_strength",
                self.probe_strength > 0 and bool(self.hidden),
                "must be 0 with hidden layers",
            ),
        ):
            if is_bad:
                raise BadSettings(
                    f"The training setting {key!r} = {getattr(self, key)!r} {words}.", key=key
                )

    @property
    def channels(self) -> int:
        """Channels of the picture that the backbone sees."""
        if self.colours == VIRIDIS:
            return 3
        return len(self.durations) if self.layout == CHANNELS else 1

    @property
    def side(self) -> int:
        """Pixels along each side of the picture that the backbone sees."""
        return 2 * self.size if self.layout == MOSAIC else self.size

    @property
    def is_plain(self) -> bool:
        """Whether the network without its classifier is ImageNet's, and nothing but that."""
        return (
            self.layout == CHANNELS
            and self.weights == "imagenet"
            and self.normalisation != "training mean"
            and not self.hidden
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainingSettings:
        """Settings from plain values (JSON); keys left out take their defaults."""
        known = {field.name for field in dataclasses.fields(cls)}
        for key in values:
            if key not in known:
                raise BadSettings(
                    f"There is no training setting {shown(key)}; known are "
                    f"{', '.join(sorted(known))}.",
                    key=shown(key).strip("'"),
                )
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON and for :meth:`from_dict`."""
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in vars(self).items()
        }
