"""Find a Chromium for the browser tests, or install one where that is possible.

``python -m scripts.chromium`` prints its path. It installs the system's package as root on Debian
and its kin, else Playwright's own build; where neither works it says what to do and exits with 1.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PLAYWRIGHT = {
    "linux": (".cache/ms-playwright", "chromium-*/chrome-linux*/chrome"),
    "darwin": ("Library/Caches/ms-playwright", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*"),
}
ADVICE = (
    "The browser tests need a Chromium and none was found or could be installed. Install one "
    "(Debian: `sudo apt-get install chromium`; elsewhere: "
    "`.venv/bin/python -m playwright install --with-deps chromium`), or set CHROMIUM to the path "
    "of a Chromium or Chrome.\n"
)


def candidates() -> Iterator[str]:
    """Where a Chromium may be, the caller's choice first."""
    if chosen := os.environ.get("CHROMIUM"):
        yield chosen
        return  # a wrong choice is told, not passed over
    for name in NAMES:
        if found := shutil.which(name):
            yield found
    folder, pattern = PLAYWRIGHT.get(sys.platform, PLAYWRIGHT["linux"])
    folder = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or str(Path.home() / folder)
    yield from sorted(map(str, Path(folder).glob(pattern)), reverse=True)


def works(path: str) -> bool:
    """Whether the program starts at all: on some systems the name is only a stub of a shop."""
    try:
        told = subprocess.run(  # noqa: S603
            [path, "--version"], capture_output=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return told.returncode == 0


def find() -> str | None:
    """The path of a Chromium that starts, or None."""
    return next((path for path in candidates() if works(path)), None)


def install() -> None:
    """Try the ways there are; a failure is seen by ``find`` not finding anything."""
    if shutil.which("apt-get") and os.geteuid() == 0:
        _try("apt-get", "update")
        if _try("apt-get", "install", "-y", "--no-install-recommends", "chromium"):
            return
    _try(sys.executable, "-m", "playwright", "install", "chromium")


def _try(*command: str) -> bool:
    sys.stderr.write(f"$ {' '.join(command)}\n")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, stdout=2, env=environment, check=False).returncode == 0  # noqa: S603


def main() -> int:
    path = find()
    if path is None and not os.environ.get("CHROMIUM"):
        install()
        path = find()
    if path is None:
        sys.stderr.write(ADVICE)
        return 1
    sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
