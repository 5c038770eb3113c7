"""The processes that train one network together; a single one where nothing else is said."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TypeVar

import torch.distributed as dist
from torch import nn

from ml.vision.networks.torchvision_door import import_timm

Item = TypeVar("Item")


@dataclass(frozen=True)
class World:
    """``rank`` of ``size`` processes; rank 0 alone writes files and reports."""

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def wait_for_all(self) -> None:
        """Return once every process has come here."""
        if self.size > 1:
            dist.barrier()

    def sum(self, value: float) -> float:
        """The sum of every process's ``value``."""
        return sum(self.everyones(value))

    def everyones(self, value: Item) -> list[Item]:
        """Each process's ``value``, the first one's first."""
        if self.size == 1:
            return [value]
        found = [value] * self.size
        dist.all_gather_object(found, value)
        return found

    def share(self, items: list[Item]) -> list[Item]:
        """This process's share of ``items``: every ``size``-th."""
        return items[self.rank :: self.size]

    def gather(self, share: list[Item]) -> list[Item]:
        """The reverse of :meth:`share`: everybody's, in the order before."""
        shares = self.everyones(share)
        whole: list[Item] = []
        for place in range(max(len(part) for part in shares)):
            whole.extend(part[place] for part in shares if place < len(part))
        return whole

    def wrap(self, network: nn.Module) -> nn.Module:
        """The network whose backward averages the gradients over all processes.

        On CUDA its batch norms, where they learn, take the statistics of all processes' pictures;
        torch can do that on no CPU.
        """
        if self.size == 1:
            return network
        if next(network.parameters()).is_cuda:
            synchronise_norms(network)
        return nn.parallel.DistributedDataParallel(network)


def synchronise_norms(network: nn.Module) -> None:
    """Exchange every batch norm for one of all processes, with the same parameters."""
    import_timm()
    # timm's own, since torch's would drop the activations of timm's batch norms
    importlib.import_module("timm.layers").convert_sync_batchnorm(network)
