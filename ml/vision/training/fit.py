"""The epochs: minibatches, choosing the best epoch, and going on after a kill.

All chance of an epoch comes from (seed, epoch), never from what ran before; a training that was
killed and resumed therefore makes the same steps as one that was not.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ml.vision.confidence.calibrate import fit_temperature, log_loss, reported
from ml.vision.inputs.activations import InputMaker
from ml.vision.inputs.readers import read_ahead, reader_count
from ml.vision.inputs.views import FULL
from ml.vision.logits import Arrays, Predicted, looks_at_each, predict_logits
from ml.vision.networks.network import GlitchNetwork
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.training.checkpoint import Checkpoints
from ml.vision.training.draws import Labeled, Pick, draw_order, pick, show
from ml.vision.training.epochs import EpochReport, Progress
from ml.vision.training.event_log import EventLog
from ml.vision.training.optimise import RunningMean, learned, make_optimizer, rate_factor
from ml.vision.training.step import Stepper, diverged
from ml.vision.training.world import World
from ml.wanted import part, tell

SMALLEST_MINIBATCH = 8
WHOLE, HEAD = (0.0, 1.0), (0.8, 1.0)  # epoch 0 ends the work that begins with reading pictures
LEARNING_COSTS = 3  # as much as looking: forward, then backward by activations and by weights


def trainable_state(network: GlitchNetwork) -> dict[str, Tensor]:
    """Copies of all tensors outside of the frozen part, on the CPU."""
    return {key: tensor.cpu().clone() for key, tensor in learned(network).items()}


class Fitter:
    """Fine-tunes ``network`` (its classifier already fitted) and keeps the best epoch."""

    def __init__(
        self,
        network: GlitchNetwork,
        maker: InputMaker,
        train: Labeled,
        validation: Labeled,
        settings: TrainingSettings,
        world: World | None = None,
    ) -> None:
        self.network = network
        self.maker = maker
        self.train = train
        self.validation = validation
        self.settings = settings
        self.world = world or World()
        self.progress = Progress()
        self.minibatch = min(settings.minibatch, max(SMALLEST_MINIBATCH, len(train) // 8))
        self.optimizer = make_optimizer(network, settings)
        self.rates = [float(group["lr"]) for group in self.optimizer.param_groups]
        self.stepper = Stepper(network, maker, train, self.optimizer, settings, self.world)
        self.mean = RunningMean(network, settings.ema) if settings.ema else None

    @property
    def notes(self) -> list[str]:
        """Sentences on what was unusual."""
        return self.stepper.notes

    def run(
        self, checkpoints: Checkpoints, on_epoch: Callable[[EpochReport], None] | None
    ) -> Progress:
        """All epochs that are not done yet; the network ends with the weights of the best one."""
        self._resume(checkpoints, on_epoch)
        log = EventLog(checkpoints.folder) if self.world.is_first else None
        with nullcontext() if log is None else closing(log):
            while not self._is_done():
                epoch = len(self.progress.history)
                with part(*(WHOLE if epoch else HEAD)):
                    self._make_epoch(epoch)
                if log is not None:
                    checkpoints.save(epoch, self._state())
                    log.write(self.progress.history[-1])
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

    def _make_epoch(self, epoch: int) -> None:
        """Learn, or look at the head alone in epoch 0, and judge what came of it."""
        started = time.monotonic()
        looks = looks_at_each(self.network, FULL)
        learning = len(self.train) * (LEARNING_COSTS if epoch else looks)
        whole = learning + len(self.validation) * looks
        with part(0, learning, of=whole):
            train_loss = self._epoch(epoch) if epoch else self._smoothed_loss()
        with part(learning, whole, of=whole):
            self._record(epoch, train_loss, started)

    def _epoch(self, epoch: int) -> float:
        """One pass over the training glitches in a drawn order; the mean loss."""
        rng = np.random.default_rng([self.settings.seed, epoch])
        order = draw_order(self.train, self.settings, rng)
        steps = self._steps(len(order))
        total, done = 0.0, 0
        with torch.random.fork_rng(devices=[]), ThreadPoolExecutor(reader_count()) as drawers:
            torch.manual_seed(int(rng.integers(2**31)) + self.world.rank)  # dropout
            self.network.train()
            # Every process draws for all, so that all draw the same, and shows its share.
            batches = [
                (rows, [pick(self.train, int(row), self.settings, rng) for row in rows])
                for rows in np.array_split(order, steps)
            ]
            shown = read_ahead(drawers, self._show, [picks for _, picks in batches], each=2)
            for step, ((rows, _), stacked) in enumerate(zip(batches, shown, strict=True)):
                self._set_rates((epoch - 1 + step / steps) / self.settings.epochs)
                total += self.stepper.step(rows, stacked, epoch) * len(rows)
                if self.mean is not None:
                    self.mean.update(self.network)
                done += len(rows)
                tell("learned from", done, len(order))
        return self.world.sum(total) / len(order)

    def _steps(self, count: int) -> int:
        """Minibatches an epoch; where batch norms learn, each process has two pictures of each."""
        wanted, least = math.ceil(count / self.minibatch), self.network.fewest_pictures
        return wanted if least == 1 else max(1, min(wanted, count // (least * self.world.size)))

    def _show(self, picks: list[Pick]) -> Tensor:
        """This process's share of a minibatch, on the CPU; at least one picture."""
        own = self.world.share(picks) or picks[:1]
        arrays = self.train.arrays
        return self.maker.stack([show(arrays[one.row], one, self.settings) for one in own])

    def _smoothed_loss(self) -> float:
        logits, _ = self._predict_shared(self.train.arrays)
        return float(self.stepper.loss(torch.from_numpy(logits), np.arange(len(self.train))).item())

    def _predict_shared(self, arrays: Arrays) -> Predicted:
        """:func:`predict_logits` of the full views, each process computing its share."""
        own = self.world.share(arrays)
        found = predict_logits(
            self.network, self.maker, own or arrays[:1], FULL, everyones=len(arrays)
        )
        logits = self.world.gather(list(found[0]) if own else [])
        features = self.world.gather(list(found[1]) if own else [])
        return np.stack(logits), np.stack(features)

    def _set_rates(self, done: float) -> None:
        """``done`` of all epochs, within 0 to 1."""
        losses = [row["val_loss"] for row in self.progress.history]
        factor = rate_factor(self.settings, done, losses)
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor

    def _validate(self) -> tuple[float, float]:
        """Log loss once calibrated, so that smoothed and sharp epochs compare, and accuracy."""
        if not len(self.validation):
            return math.nan, math.nan
        logits, _ = self._predict_shared(self.validation.arrays)
        truth = self.validation.columns
        temperature = fit_temperature(logits, truth)
        accuracy = float((logits.argmax(axis=1) == truth).mean())
        return log_loss(reported(logits, temperature), truth), accuracy

    def _check_finite(self, epoch: int, train_loss: float) -> None:
        """A gradient can overflow at a finite loss: after an epoch's last step no loss would tell.

        A running mean takes up what the weights were last.
        """
        if not math.isfinite(train_loss):
            raise diverged(f"The loss became {train_loss}", epoch)
        for key, tensor in learned(self.network).items():
            if not torch.isfinite(tensor).all():
                raise diverged(f"The weights {key!r} became infinite or no numbers", epoch)

    def _record(self, epoch: int, train_loss: float, started: float) -> None:
        """Judge the epoch, by the running mean of the weights where there is one.

        Raises NaNLoss: what is no number is neither the best epoch nor a checkpoint.
        """
        self._check_finite(epoch, train_loss)
        if self.mean is not None:
            self.mean.swap(self.network)
        val_loss, val_accuracy = self._validate()
        judged = len(self.validation) > 0
        if judged and not math.isfinite(val_loss):
            raise diverged(f"The validation loss became {val_loss}", epoch)
        losses = [row["val_loss"] for row in self.progress.history]
        is_best = not losses or not judged or val_loss < min(losses)
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
        self.progress.history[-1]["is_last"] = self._is_done()
        if self.mean is not None:
            self.mean.swap(self.network)

    def _state(self) -> dict[str, Any]:
        return {
            "network": trainable_state(self.network),
            "optimizer": copy.deepcopy(self.optimizer.state_dict()),
            "mean": self.mean.state() if self.mean is not None else None,
            "scaler": self.stepper.scaler.state_dict(),
            "history": self.progress.history,
            "best_epoch": self.progress.best_epoch,
            "best": self.progress.best,
        }

    def _resume(
        self, checkpoints: Checkpoints, on_epoch: Callable[[EpochReport], None] | None
    ) -> None:
        """Go on after the last checkpoint; its epochs are reported again, marked as replayed."""
        content = checkpoints.load_last()
        self.world.wait_for_all()  # before anybody writes another
        if content is None:
            return
        self.network.load_state_dict(content["network"], strict=False)
        self.optimizer.load_state_dict(content["optimizer"])
        if self.mean is not None:
            self.mean.load(content["mean"])
        if content["scaler"]:
            self.stepper.scaler.load_state_dict(content["scaler"])
        self.progress = Progress(content["history"], content["best_epoch"], content["best"])
        if on_epoch and self.world.is_first:
            for row in self.progress.history:
                on_epoch(EpochReport(**{**row, "replayed": True}))
