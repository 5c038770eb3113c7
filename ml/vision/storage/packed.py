"""Tensors and plain values in one file that tells if it was changed."""

from __future__ import annotations

import errno
import hashlib
import io
from pathlib import Path
from typing import Any

import torch

from ml.vision.errors import DamagedWeights, DiskFull
from ml.vision.storage.store import write_atomically

DIGEST_BYTES = 32


def pack(content: dict[str, Any]) -> bytes:
    """Tensors and plain values -> bytes that tell if they were changed."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    payload = buffer.getvalue()
    return hashlib.sha256(payload).digest() + payload


def unpack(data: bytes, where: Path) -> dict[str, Any]:
    """The reverse of :func:`pack`; raises :class:`DamagedWeights`."""
    payload = data[DIGEST_BYTES:]
    if hashlib.sha256(payload).digest() != data[:DIGEST_BYTES]:
        raise DamagedWeights(
            f"{where} is truncated or changed ({len(data)} bytes); restore it, or train again.",
            path=str(where),
        )
    content: dict[str, Any] = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
    return content


def write_or_say(path: Path, data: bytes) -> None:
    """Write atomically; a disk without room raises :class:`DiskFull`, and what was there stays."""
    try:
        write_atomically(path, data)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DiskFull(
            f"No room for {path} ({len(data)} bytes). The last good checkpoint is kept: make room, "
            "then let the training go on from it.",
            path=str(path),
            bytes=len(data),
        ) from error
