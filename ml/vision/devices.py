"""Where the network computes, and in which precision."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import torch


def pick_device(device: str) -> torch.device:
    """ "auto" is CUDA where there is one, the CPU otherwise; anything else as torch names it."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
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


def training_precision(device: torch.device) -> torch.dtype:
    """bfloat16 on CUDA; float32 on the CPU, whose bfloat16 backward of depthwise layers is slow."""
    return torch.bfloat16 if device.type == "cuda" else torch.float32
