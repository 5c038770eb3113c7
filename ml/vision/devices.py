"""Where the network computes, and in which precision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one CPU thread inside the block: small layers lose more by sharing than they gain.

    DIRECT's two layers on minibatches of 20 took 2.3 times as long on two threads.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def has_gpu() -> bool:
    return torch.cuda.is_available()


def pick_device(device: str) -> torch.device:
    """ "auto" is CUDA where there is one, the CPU otherwise; anything else as torch names it."""
    if device == "auto":
        device = "cuda" if has_gpu() else "cpu"
    return torch.device(device)


def _cpu_computes_bf16() -> bool:
    """Whether the processor has bfloat16 instructions; without them it is slower than float32."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def forward_precision(device: torch.device) -> torch.dtype:
    """The precision of the frozen part: bfloat16 where it is faster (3x on such CPUs)."""
    fast = device.type == "cuda" or (device.type == "cpu" and _cpu_computes_bf16())
    return torch.bfloat16 if fast else torch.float32


def autocast(device: torch.device, precision: torch.dtype) -> AbstractContextManager[object]:
    """Compute in ``precision`` inside the block."""
    if precision == torch.float32:
        return nullcontext()
    return torch.autocast(device.type, dtype=precision)


def prediction_precision(device: torch.device, *, nothing_frozen: bool) -> torch.dtype:
    """That of what comes after the frozen part, in a prediction.

    On a CPU the last blocks of a small network are faster in float32; a whole network is not.
    """
    if device.type == "cuda" or nothing_frozen:
        return forward_precision(device)
    return torch.float32


def training_precision(device: torch.device) -> torch.dtype:
    """bfloat16 on CUDA; float32 on the CPU, whose bfloat16 backward of depthwise layers is slow."""
    return torch.bfloat16 if device.type == "cuda" else torch.float32
