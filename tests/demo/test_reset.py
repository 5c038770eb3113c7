"""`make demo-reset` stops what runs and deletes what is the demo's, and nothing else."""

import subprocess
import sys

from demo import reset
from labeling.embedded import running_urls, start_valkey, state


def test_state_goes_and_the_simulated_set_stays(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NOTA_VAR", str(tmp_path))
    for name in ("postgres/base", "run", "models/1", "simulated/Whistle", "cache", "mine"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "beat-schedule").touch()
    assert reset.main() == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "mine", "simulated"]
    assert "Stopped: nothing ran." in capsys.readouterr().out


def test_a_running_server_and_supervisor_are_stopped(tmp_path):
    with start_valkey(tmp_path, durable=False, die_with_parent=True):
        command = [sys.executable, "-c", "import time; time.sleep(600)"]
        with subprocess.Popen(command) as supervisor:
            state.save(tmp_path, "demo", state.state_of("", supervisor.pid))
            assert reset.stop_all(tmp_path) == ["demo", "valkey"]
    assert running_urls(tmp_path) == (None, None)
