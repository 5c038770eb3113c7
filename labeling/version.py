"""Which code made a result: stored with every run."""

import functools
import os
import subprocess
from pathlib import Path

RELEASE = "0.1.0"


@functools.cache
def code_version() -> str:
    """The image's commit, else ``NOTA_CODE_VERSION``, the checkout's commit, or the release.

    ``NOTA_IMAGE_VERSION`` is the image's own, under a name that no .env sets.

    A checkout with changes of its own says so with a trailing ``+changes``.
    """
    told = os.environ.get("NOTA_IMAGE_VERSION") or os.environ.get("NOTA_CODE_VERSION")
    if told:
        return told
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return RELEASE
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=+changes"],  # noqa: S607
            cwd=root,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return RELEASE
    return described.stdout.strip()
