"""A benchmark that is told to end leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time

import pytest

from labeling.embedded import state
from tests.conftest import make_picture

KINDS = ("postgres", "valkey")


@pytest.mark.parametrize(
    ("name", "ended_by"),
    [
        ("predict", signal.SIGTERM),
        ("votes", signal.SIGKILL),
        ("votes", signal.SIGHUP),
        ("loop", signal.SIGTERM),
        ("loop", signal.SIGKILL),
    ],
)
def test_servers_end_with_the_benchmark(tmp_path, name, ended_by):
    """As its servers have just come up; a kill leaves the folder, and nothing that runs."""
    if ended_by == signal.SIGKILL and sys.platform != "linux":
        pytest.skip("only Linux ends a process with its parent")
    told = ["--data", str(_two_classes(tmp_path))] if name == "loop" else ["--glitches", "50"]
    command = [sys.executable, "-m", f"bench.{name}", *told]
    bench = subprocess.Popen(
        command,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
        # Heard, even where the tests themselves run under nohup.
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )
    own = _until(lambda: _servers(tmp_path, name), bench)
    bench.send_signal(ended_by)
    bench.communicate(timeout=120)
    assert _until(lambda: not any(one.is_running() for one in own))
    assert bool(list(tmp_path.glob("nota-*"))) == (ended_by == signal.SIGKILL)


def _two_classes(folder):
    """Pictures that the demo takes; it ends long before it looks at them."""
    for number, label in enumerate(("Blip", "Whistle", "Blip", "Whistle")):
        path = folder / "pictures" / label / f"H1_{number:010d}_spectrogram_4.0.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make_picture(number))
    return folder / "pictures"


def _servers(folder, name):
    """Both, once they run."""
    for own in folder.glob(f"nota-{name}-*"):
        found = [state.load(own, kind) for kind in KINDS]
        if all(found):
            return found
    return []


def _until(told, bench=None):
    """What it gives, once that is something."""
    until = time.monotonic() + 120
    while not (answer := told()) and time.monotonic() < until:
        assert bench is None or bench.poll() is None, bench.stderr.read()
        time.sleep(0.05)
    assert answer
    return answer
