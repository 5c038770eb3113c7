"""One step of the optimiser: forward in parts, loss, backward, clip."""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer

from ml.vision.devices import autocast, training_precision
from ml.vision.errors import NaNLoss, PartTooLarge
from ml.vision.inputs.activations import InputMaker
from ml.vision.memory import more_parts
from ml.vision.networks.network import GlitchNetwork
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.training.draws import Labeled
from ml.vision.training.world import World

PRECISIONS = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


def diverged(what: str, epoch: int) -> NaNLoss:
    """The error that ends a training in ``epoch``, to be raised before that is checkpointed."""
    kept = f"the checkpoint of epoch {epoch - 1} is kept" if epoch else "there is no checkpoint yet"
    return NaNLoss(
        f"{what} in epoch {epoch}; {kept}. Lower learning_rate or check the pictures.", epoch=epoch
    )


class Stepper:
    """Makes steps for one training; ``parts`` is how often a minibatch is cut to fit in memory.

    The gradient is that of the whole minibatch, whatever the parts and the processes; but batch
    norms that learn see one part at a time (of all processes together on CUDA, of each alone on a
    CPU). They need two pictures to tell a deviation, so with them no part has fewer.
    """

    def __init__(
        self,
        network: GlitchNetwork,
        maker: InputMaker,
        train: Labeled,
        optimizer: Optimizer,
        settings: TrainingSettings,
        world: World,
    ) -> None:
        self.network = network
        self.maker = maker
        self.train = train
        self.optimizer = optimizer
        self.settings = settings
        self.world = world
        self.parts = settings.accumulate
        self.least = network.fewest_pictures
        self.notes: list[str] = []
        self.precision = self._precision(maker.device)
        self.scaler = torch.amp.GradScaler(
            maker.device.type, enabled=self.precision == torch.float16
        )
        self._wrapped = world.wrap(network)

    def _precision(self, device: torch.device) -> torch.dtype:
        """Mixed precision is for CUDA; a CPU trains in float32 whatever is asked."""
        if self.settings.precision == "auto" or device.type == "cpu":
            return training_precision(device)
        return PRECISIONS[self.settings.precision]

    def step(self, rows: npt.NDArray[np.intp], stacked: Tensor, epoch: int) -> float:
        """Learn from this process's share ``stacked`` of minibatch ``rows``; its part of the loss.

        Raises NaNLoss; OutOfMemory once the smallest part that can be does not fit; PartTooLarge
        where a larger one does not and several processes must begin again together.
        """
        while True:
            try:
                return self._step(rows, stacked, epoch)
            except torch.OutOfMemoryError as error:
                parts = more_parts(self.parts, self._parts_most(rows, len(stacked)), error)
                if self.world.size > 1:  # the others wait for this one's gradients
                    raise PartTooLarge(str(error)[:200], parts=parts) from error
                self.optimizer.zero_grad()
                self.parts = parts
                norms = " Batch norms see a part at a time." if self.least > 1 else ""
                self.notes.append(
                    f"Out of device memory in epoch {epoch}: minibatches go through it in "
                    f"{self.parts} parts from there.{norms}"
                )

    def _parts_most(self, rows: npt.NDArray[np.intp], own: int) -> int:
        """Into how many parts this process's share, ``own`` pictures of ``rows``, can be cut.

        With batch norms the same for all processes, who wait for each other in every part.
        """
        if self.least == 1:
            return own
        return max(1, len(rows) // self.world.size // self.least)

    def _step(self, rows: npt.NDArray[np.intp], stacked: Tensor, epoch: int) -> float:
        own = self.world.share(list(range(len(rows)))) or [0]
        total_weight = torch.from_numpy(self.train.weights[rows]).float().sum()
        counts = 1.0 if len(rows) >= self.world.size or self.world.rank < len(rows) else 0.0
        total = 0.0
        cuts = np.array_split(
            np.arange(len(own)), min(self.parts, self._parts_most(rows, len(own)))
        )
        for number, cut in enumerate(cuts):
            x = self.maker.on_device(stacked[cut[0] : cut[-1] + 1])
            with self._alone_until(number == len(cuts) - 1):
                with autocast(x.device, self.precision):
                    logits = self._wrapped(x)
                chosen = rows[np.asarray(own)[cut]]
                loss = counts * self.loss(logits.float(), chosen, total_weight)
                self._check(loss, epoch)
                self.scaler.scale(loss * self.world.size).backward()  # DDP takes the mean
            total += float(loss.item())
        self._update()
        return total

    def loss(
        self, logits: Tensor, rows: npt.NDArray[np.intp], total_weight: Tensor | None = None
    ) -> Tensor:
        """Cross entropy with smoothed labels over glitches ``rows``, by ``total_weight``."""
        weights = torch.from_numpy(self.train.weights[rows]).float().to(logits.device)
        targets = self.train.columns if self.train.targets is None else self.train.targets
        wanted = torch.from_numpy(targets[rows]).to(logits.device)
        each = functional.cross_entropy(
            logits,
            wanted if self.train.targets is None else wanted.float(),
            reduction="none",
            label_smoothing=self.settings.label_smoothing,
        )
        by = weights.sum() if total_weight is None else total_weight.to(logits.device)
        return (each * weights).sum() / by

    def _alone_until(self, is_last: bool) -> AbstractContextManager[object]:
        """Gradients are exchanged between processes with the last part only."""
        if isinstance(self._wrapped, nn.parallel.DistributedDataParallel) and not is_last:
            return self._wrapped.no_sync()
        return contextlib.nullcontext()

    def _check(self, loss: Tensor, epoch: int) -> None:
        if not torch.isfinite(loss):
            self.optimizer.zero_grad()
            raise diverged(f"The loss became {loss.item()}", epoch)

    def _update(self) -> None:
        if self.settings.gradient_norm:
            self.scaler.unscale_(self.optimizer)
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.gradient_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()
