"""The epochs: minibatches, the loss, choosing the best epoch, and going on after a kill.

All chance of an epoch comes from (seed, epoch), never from what ran before; a training that was
killed and resumed therefore makes the same steps as one that was not.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from ml.vision.activations import InputMaker
from ml.vision.augment import augment
from ml.vision.calibrate import fit_temperature, log_loss, softmax
from ml.vision.checkpoint import Checkpoints
from ml.vision.devices import autocast, training_precision
from ml.vision.errors import NaNLoss
from ml.vision.network import GlitchNetwork
from ml.vision.settings import TrainingSettings
from ml.vision.views import FULL, LONGEST_ONLY, VARIANTS

EVALUATION_MINIBATCH = 64
SMALLEST_MINIBATCH = 8
GRADIENT_NORM = 1.0
COPIES_SHARE = 0.6  # of the draws, where there are copies


@dataclass(frozen=True)
class EpochReport:
    """One epoch, after its checkpoint is on disk.

    Epoch 0 is the linear head before fine-tuning. Losses are means per glitch: ``train_loss`` as
    minimised (smoothed labels), ``val_loss`` the log loss after calibration; the validation figures
    are NaN without validation glitches. ``replayed`` marks epochs of before a resume.
    """

    epoch: int
    epochs: int
    train_loss: float
    val_loss: float
    val_accuracy: float
    seconds: float
    learning_rate: float
    replayed: bool = False


@dataclass(frozen=True)
class Labeled:
    """Inputs of n glitches: ``arrays[i]`` (2 + copies, ...), ``columns`` and ``weights`` (n,)."""

    arrays: list[npt.NDArray[np.generic]]
    columns: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.arrays)


@dataclass
class Progress:
    """What grows epoch by epoch, and is checkpointed."""

    history: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int = 0
    best: dict[str, Tensor] = field(default_factory=dict)


def predict_logits(
    network: GlitchNetwork, maker: InputMaker, arrays: list[npt.NDArray[np.generic]], variant: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Logits (n, C) and features (n, D) of one variant of each glitch."""
    network.eval()
    logits, features = [], []
    with torch.inference_mode():
        for start in range(0, len(arrays), EVALUATION_MINIBATCH):
            rows = [array[variant] for array in arrays[start : start + EVALUATION_MINIBATCH]]
            found = network.features(maker.to_tensor(rows))
            features.append(found.float().cpu().numpy())
            logits.append(network.classifier(found).float().cpu().numpy())
    return np.concatenate(logits), np.concatenate(features)


def trainable_state(network: GlitchNetwork) -> dict[str, Tensor]:
    """Copies of all tensors outside of the frozen part, on the CPU."""
    return {
        key: tensor.detach().cpu().clone()
        for key, tensor in network.state_dict().items()
        if not key.startswith("frozen.")
    }


class Fitter:
    """Fine-tunes ``network`` (its classifier already fitted) and keeps the best epoch."""

    def __init__(
        self,
        network: GlitchNetwork,
        maker: InputMaker,
        train: Labeled,
        validation: Labeled,
        settings: TrainingSettings,
    ) -> None:
        self.network = network
        self.maker = maker
        self.train = train
        self.validation = validation
        self.settings = settings
        self.progress = Progress()
        self.minibatch = min(settings.minibatch, max(SMALLEST_MINIBATCH, len(train) // 8))
        tail = list(network.tail.parameters())
        groups: list[dict[str, Any]] = [
            {"params": list(network.classifier.parameters()), "lr": settings.head_learning_rate}
        ]
        if tail:
            groups.append({"params": tail, "lr": settings.learning_rate})
        self.rates = [float(group["lr"]) for group in groups]
        self.optimizer = torch.optim.AdamW(groups, weight_decay=settings.weight_decay)

    def run(
        self, checkpoints: Checkpoints, on_epoch: Callable[[EpochReport], None] | None
    ) -> Progress:
        """All epochs that are not done yet; the network ends with the weights of the best one."""
        self._resume(checkpoints, on_epoch)
        while not self._is_done():
            epoch = len(self.progress.history)
            started = time.monotonic()
            train_loss = self._epoch(epoch) if epoch else self._smoothed_loss()
            self._record(epoch, train_loss, started)
            checkpoints.save(epoch, self._state())
            if on_epoch:
                on_epoch(EpochReport(**self.progress.history[-1]))
        self.network.load_state_dict(self.progress.best, strict=False)
        return self.progress

    def _is_done(self) -> bool:
        done = len(self.progress.history)
        if done == 0:
            return False
        if done > self.settings.epochs:
            return True
        waited = done - 1 - self.progress.best_epoch
        return len(self.validation) > 0 and waited >= self.settings.patience

    def _epoch(self, epoch: int) -> float:
        """One pass over the training glitches in a drawn order; the mean loss."""
        rng = np.random.default_rng([self.settings.seed, epoch])
        order = rng.permutation(len(self.train))
        steps = math.ceil(len(order) / self.minibatch)
        total = 0.0
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(rng.integers(2**31)))  # dropout
            self.network.train()
            for step, rows in enumerate(np.array_split(order, steps)):
                self._set_rates((epoch - 1 + step / steps) / self.settings.epochs)
                total += self._step(rows, rng, epoch) * len(rows)
        return total / len(order)

    def _draw(self, row: int, rng: np.random.Generator) -> npt.NDArray[np.generic]:
        """One of a training glitch's variants: as it is, its longest picture only, or a copy."""
        array = self.train.arrays[row]
        if len(array) > VARIANTS and rng.random() < COPIES_SHARE:
            return np.asarray(array[rng.integers(VARIANTS, len(array))])
        drawn = array[LONGEST_ONLY if rng.random() < self.settings.drop_durations else FULL]
        if drawn.dtype == np.uint8 and self.settings.copies:  # views: nothing is frozen
            return augment(drawn.astype(np.uint8, copy=False), rng)
        return np.asarray(drawn)

    def _step(self, rows: npt.NDArray[np.intp], rng: np.random.Generator, epoch: int) -> float:
        x = self.maker.to_tensor([self._draw(int(row), rng) for row in rows])
        with autocast(x.device, training_precision(x.device)):
            logits = self.network(x)
        loss = self._loss(logits.float(), rows)
        if not torch.isfinite(loss):
            raise NaNLoss(
                f"The loss became {loss.item()} in epoch {epoch}; the checkpoint of epoch "
                f"{epoch - 1} is kept. Lower learning_rate or check the pictures.",
                epoch=epoch,
            )
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), GRADIENT_NORM)
        self.optimizer.step()
        return float(loss.item())

    def _loss(self, logits: Tensor, rows: npt.NDArray[np.intp]) -> Tensor:
        """Weighted cross entropy with smoothed labels, over glitches ``rows``."""
        columns = torch.from_numpy(self.train.columns[rows]).to(logits.device)
        weights = torch.from_numpy(self.train.weights[rows]).float().to(logits.device)
        each = functional.cross_entropy(
            logits, columns, reduction="none", label_smoothing=self.settings.label_smoothing
        )
        return (each * weights).sum() / weights.sum()

    def _smoothed_loss(self) -> float:
        logits, _ = predict_logits(self.network, self.maker, self.train.arrays, FULL)
        return float(self._loss(torch.from_numpy(logits), np.arange(len(self.train))).item())

    def _set_rates(self, done: float) -> None:
        """Cosine from the full rate to nothing; ``done`` within 0 to 1."""
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * done))

    def _validate(self) -> tuple[float, float]:
        """Log loss once calibrated, so that smoothed and sharp epochs compare, and accuracy."""
        if not len(self.validation):
            return math.nan, math.nan
        logits, _ = predict_logits(self.network, self.maker, self.validation.arrays, FULL)
        truth = self.validation.columns
        temperature = fit_temperature(logits, truth)
        accuracy = float((logits.argmax(axis=1) == truth).mean())
        return log_loss(softmax(logits / temperature), truth), accuracy

    def _record(self, epoch: int, train_loss: float, started: float) -> None:
        val_loss, val_accuracy = self._validate()
        losses = [row["val_loss"] for row in self.progress.history]
        is_best = not losses or math.isnan(val_loss) or val_loss < min(losses)
        report = EpochReport(
            epoch=epoch,
            epochs=self.settings.epochs,
            train_loss=train_loss,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            seconds=time.monotonic() - started,
            learning_rate=float(self.optimizer.param_groups[-1]["lr"]) if epoch else 0.0,
        )
        self.progress.history.append(asdict(report))
        if is_best:
            self.progress.best_epoch = epoch
            self.progress.best = trainable_state(self.network)

    def _state(self) -> dict[str, Any]:
        return {
            "network": trainable_state(self.network),
            "optimizer": copy.deepcopy(self.optimizer.state_dict()),
            "history": self.progress.history,
            "best_epoch": self.progress.best_epoch,
            "best": self.progress.best,
        }

    def _resume(
        self, checkpoints: Checkpoints, on_epoch: Callable[[EpochReport], None] | None
    ) -> None:
        """Go on after the last checkpoint; its epochs are reported again, marked as replayed."""
        content = checkpoints.load_last()
        if content is None:
            return
        self.network.load_state_dict(content["network"], strict=False)
        self.optimizer.load_state_dict(content["optimizer"])
        self.progress = Progress(content["history"], content["best_epoch"], content["best"])
        for row in self.progress.history if on_epoch else []:
            on_epoch(EpochReport(**{**row, "replayed": True}))  # type: ignore[misc]
