"""Which code made a result: stored with every run."""

import functools
import os
import subprocess
from pathlib import Path

RELEASE = "0.1.0"


@functools.cache
def code_version() -> str:
    """``NOTA_CODE_VERSION`` (images set it), else the commit of the checkout, else the release.

    A checkout with changes of its own says so with a trailing ``+changes``.
    """
    if os.environ.get("NOTA_CODE_VERSION"):
        return os.environ["NOTA_CODE_VERSION"]
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
