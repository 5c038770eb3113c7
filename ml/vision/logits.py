"""What a network makes of many glitches, by minibatches."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from ml.vision.devices import autocast, prediction_precision
from ml.vision.inputs.activations import InputMaker
from ml.vision.inputs.augment import copy_of_view
from ml.vision.inputs.views import FULL
from ml.vision.memory import with_less_memory
from ml.vision.networks.network import GlitchNetwork
from ml.wanted import check_wanted, part, tell

# Larger ones fall out of the processor's cache.
MINIBATCH, MINIBATCH_ON_CPU = 64, 16

Array = npt.NDArray[np.generic]
Arrays = list[Array]
Predicted = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


def looks_at_each(network: GlitchNetwork, variant: int) -> int:
    """How often it looks at a glitch: once, and at each changed copy where there are any."""
    return 1 + (network.settings.test_copies if variant == FULL and network.frozen.is_empty else 0)


def predict_logits(
    network: GlitchNetwork,
    maker: InputMaker,
    arrays: Arrays,
    variant: int,
    *,
    everyones: int | None = None,
) -> Predicted:
    """Logits (n, C) and features (n, D) of one variant of each glitch.

    With the setting ``test_copies``, the mean over the full view and that many changed copies.
    ``everyones``: how many glitches all processes look through, where these n are a share.
    """
    ways: list[Callable[[Array], Array]] = [lambda array: array[variant]]
    ways += [
        partial(copy_of_view, number=number, settings=network.settings)
        for number in range(1, looks_at_each(network, variant))
    ]
    logits = features = np.zeros((1, 1), np.float32)
    for number, shown in enumerate(ways):
        with part(number, number + 1, of=len(ways)):
            more = _predict(network, maker, arrays, shown, everyones or len(arrays))
        logits, features = logits + more[0], features + more[1]
    return logits / np.float32(len(ways)), features / np.float32(len(ways))


def _predict(
    network: GlitchNetwork,
    maker: InputMaker,
    arrays: Arrays,
    shown: Callable[[Array], Array],
    everyones: int,
) -> Predicted:
    """What the network makes of what is ``shown`` of each glitch, by minibatches."""
    network.eval()

    def by_parts(parts: int) -> Predicted:
        logits, features = [], []
        on_cpu = maker.device.type == "cpu"
        size = max(1, (MINIBATCH_ON_CPU if on_cpu else MINIBATCH) // parts)
        nothing_frozen = network.frozen.is_empty
        precision = prediction_precision(maker.device, nothing_frozen=nothing_frozen)
        with torch.inference_mode(), autocast(maker.device, precision):
            for start in range(0, len(arrays), size):
                check_wanted()
                rows = [shown(array) for array in arrays[start : start + size]]
                found = network.features(maker.to_tensor(rows))
                features.append(found.float().cpu().numpy())
                logits.append(network.classifier(found).float().cpu().numpy())
                done = min(start + size, len(arrays))
                tell("looked through", done * everyones // len(arrays), everyones)
        return np.concatenate(logits), np.concatenate(features)

    return with_less_memory(by_parts)
