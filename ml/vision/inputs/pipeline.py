"""Reading and computing side by side, for predictions and for what trainings cache."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch

from ml.vision.inputs.dataset import GlitchPictures
from ml.vision.inputs.pieces import Job
from ml.vision.inputs.readers import open_readers

# Larger minibatches of full-size layers fall out of the processor's cache and cost twice the time.
CPU_MINIBATCH, CUDA_MINIBATCH = 8, 128

Read = TypeVar("Read")
Done = TypeVar("Done")


@dataclass(frozen=True)
class Pipeline:
    """``readers`` read, ``network`` computes; ``part``: glitches that go through it together.

    ``ahead``: parts that may be under way, so that memory stays bounded.
    """

    readers: Executor
    network: Executor
    part: int
    ahead: int

    def submit(
        self,
        read: Callable[[Job], Read],
        glitches: Sequence[GlitchPictures],
        compute: Callable[[Sequence[Read]], Done],
        first: int = 0,
    ) -> list[Future[Done]]:
        """``compute`` of what was ``read`` of each part, in order; glitches are numbered from
        ``first``. What reads must be sendable to other processes.
        """
        pieces = [self.readers.submit(read, job) for job in enumerate(glitches, start=first)]
        parts = [pieces[start : start + self.part] for start in range(0, len(pieces), self.part)]
        return [
            self.network.submit(lambda mine: compute([piece.result() for piece in mine]), part)
            for part in parts
        ]


@contextmanager
def open_pipeline(device: torch.device, glitches: int) -> Iterator[Pipeline]:
    """For about so many ``glitches``. What is not begun when the block ends is dropped."""
    part, ahead = (CUDA_MINIBATCH, 2) if device.type == "cuda" else (CPU_MINIBATCH, 8)
    with (
        open_readers(glitches) as readers,
        _network_threads(device, math.ceil(glitches / part)) as network,
    ):
        try:
            yield Pipeline(readers, network, part, ahead)
        finally:  # first what would wait for pieces that nobody reads any more
            network.shutdown(wait=False, cancel_futures=True)
            readers.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _network_threads(device: torch.device, parts: int) -> Iterator[Executor]:
    """One for a device of its own; on the CPU as many as compute ``parts`` on all cores.

    A layer that is divided among the cores is done when the slowest is, and the readers keep one
    or the other from its share: with two cores that cost half of the speed.
    """
    if device.type != "cpu":
        with ThreadPoolExecutor(1) as alone:
            yield alone
        return
    cores = torch.get_num_threads()
    count = min(cores, max(parts, 1))
    try:
        with ThreadPoolExecutor(
            count, initializer=torch.set_num_threads, initargs=(cores // count,)
        ) as threads:
            yield threads
    finally:
        torch.set_num_threads(cores)  # also what threads to come begin with
