"""When the device's memory is full: the same work in smaller parts."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

from ml.vision.errors import OutOfMemory

logger = logging.getLogger(__name__)
PARTS_MOST = 4096
Found = TypeVar("Found")


def with_less_memory(work: Callable[[int], Found], parts: int = 1) -> Found:
    """``work(parts)`` with 1, 2, 4 ... parts, until it fits; raises :class:`OutOfMemory`."""
    while True:
        try:
            return work(parts)
        except torch.OutOfMemoryError as error:
            parts = more_parts(parts, PARTS_MOST, error)


def more_parts(parts: int, most: int, error: torch.OutOfMemoryError) -> int:
    """Twice as many parts, the device's memory given free; OutOfMemory if more than ``most``."""
    if parts >= most:
        raise too_little(error) from error
    free_device_memory()
    logger.warning("out of device memory: %d parts instead of %d", 2 * parts, parts)
    return 2 * parts


@contextmanager
def or_too_little() -> Iterator[None]:
    """Where something fills the device's memory that no smaller parts help, say so: OutOfMemory."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise too_little(error) from error


def too_little(error: torch.OutOfMemoryError) -> OutOfMemory:
    """What to say where smaller parts are no help."""
    return OutOfMemory(
        "The device's memory does not hold the smallest part into which the work can be cut; "
        f"free it, choose a smaller network or 'size', or train on the CPU. ({str(error)[:200]})"
    )


def free_device_memory() -> None:
    """Give back what PyTorch keeps of the GPUs' memory for later, so that others can have it."""
    if torch.cuda.is_available():
        gc.collect()
        torch.cuda.empty_cache()
