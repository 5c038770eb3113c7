"""One training on several devices: ``torchrun`` starts a process for each, data-parallel.

The caller starts ``python -m torch.distributed.run``, tells the processes what to do in a file of
JSON, and reads epochs, the result or an error from the first one's output, a line each. The
processes end when the caller does: its end of their standard input closes.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from ml.errors import MLError
from ml.vision.errors import PartTooLarge, ProcessesFailed
from ml.vision.inputs.dataset import TrainingSet
from ml.vision.memory import or_too_little
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.training.epochs import EpochReport
from ml.vision.training.messages import as_json, error_from, model_from, training_set_from
from ml.vision.training.train import TrainedModel, train_classifier
from ml.vision.training.world import World
from ml.wanted import check_wanted, part, tell, while_wanted

MAIN = "ml.vision.training.distributed_main"
ROOT = Path(__file__).resolve().parents[3]
PATIENCE = timedelta(hours=24)  # one may read pictures for hours while the others wait
ASK_SECONDS = 1.0
OnEpoch = Callable[[EpochReport], None]
Lines = queue.SimpleQueue[str | None]  # None: that was all


def train_on_all_devices(
    training_set: TrainingSet,
    settings: TrainingSettings,
    folder: Path,
    cache: Path,
    on_epoch: OnEpoch | None = None,
    *,
    device: str = "auto",
    processes: int | None = None,
) -> TrainedModel:
    """:func:`train_classifier` in a process a GPU where there are several, else in this one.

    Raises what that raises, and ProcessesFailed if a process died without a word. Minibatches that
    do not fit into a device's memory are halved as long as they can be, and the training goes on
    from its last epoch.
    """
    count = processes or (torch.cuda.device_count() if device == "auto" else 1)
    if count < 2:
        return train_classifier(training_set, settings, folder, cache, on_epoch, device)
    training_set.check()
    notes: list[str] = []
    while True:
        try:
            model = _run(training_set, settings, folder, cache, on_epoch, device, count)
        except PartTooLarge as error:
            settings = replace(settings, accumulate=error.data["parts"])
            notes.append(
                "Out of device memory: minibatches go through it in "
                f"{settings.accumulate} parts from there."
            )
            continue
        return replace(model, notes=(*model.notes, *notes))


def _run(
    training_set: TrainingSet,
    settings: TrainingSettings,
    folder: Path,
    cache: Path,
    on_epoch: OnEpoch | None,
    device: str,
    count: int,
) -> TrainedModel:
    job = {
        "training_set": training_set,
        "settings": settings.to_dict(),
        "folder": str(folder),
        "cache": str(cache),
        "device": device,
    }
    with tempfile.TemporaryDirectory(prefix="nota-ddp-") as place:
        path = Path(place) / "job.json"
        path.write_text(as_json(job))
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        command += [f"--nproc-per-node={count}", "--module", MAIN, str(path)]
        before = os.environ.get("PYTHONPATH", "")
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), before])}
        with subprocess.Popen(  # noqa: S603 (our own command, no shell)
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        ) as running:
            lines: Lines = queue.SimpleQueue()
            reader = threading.Thread(target=_put_lines, args=(running.stdout or (), lines))
            reader.start()
            try:
                return _follow(running, lines, on_epoch)
            finally:
                running.terminate()
                reader.join()  # the output ends when the last of the processes has


def _follow(running: subprocess.Popen[str], lines: Lines, on_epoch: OnEpoch | None) -> TrainedModel:
    """Pass epochs on until the result comes; raises the first error that a process reports."""
    found: TrainedModel | None = None
    for line in _while_wanted(lines):
        if not line.startswith('{"'):
            continue
        said = json.loads(line)
        if "epoch" in said and on_epoch:
            on_epoch(EpochReport(**said["epoch"]))
        elif "told" in said:
            *step, share = said["told"]
            with part(share, share):  # as it was told there
                tell(*step)
        elif "error" in said:
            raise error_from(said["error"])
        elif "done" in said:
            found = model_from(said["done"])
    if found is None:
        raise ProcessesFailed(
            f"The processes that train together ended with status {running.wait()} and without a "
            "result; the worker's log says more. It can go on from its last checkpoint."
        )
    return found


def _put_lines(stream: Iterable[str], lines: Lines) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _while_wanted(lines: Lines) -> Iterator[str]:
    """Each line that comes; asks before it, and each second, whether this is still wanted."""
    while True:
        check_wanted()
        try:
            line = lines.get(timeout=ASK_SECONDS)
        except queue.Empty:
            continue
        if line is None:
            return
        yield line


def _say(**what: Any) -> None:
    """One line, whole, so that lines of several processes do not mix."""
    sys.stdout.write(as_json(what) + "\n")
    sys.stdout.flush()


def _say_error(error: MLError) -> int:
    _say(error={"kind": type(error).__name__, "message": str(error), "data": error.data})
    return 1


def _say_step(what: str, done: int, of: int, share: float) -> None:
    _say(told=[what, done, of, share])


def _end_with_the_caller() -> None:
    def wait() -> None:
        # Not through sys.stdin, whose lock must be free when this process ends first.
        while os.read(0, 4096):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def main(path: Path) -> int:
    """What each process does: its part of the training that the file of JSON describes."""
    _end_with_the_caller()
    job = json.loads(path.read_text())
    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    device = job["device"]
    if device == "auto" and torch.cuda.is_available():
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.startswith("cuda") else "gloo", timeout=PATIENCE)
    told = _say_step if rank == 0 else None
    try:
        with while_wanted(lambda: None, told), or_too_little():  # the caller ends what is not
            model = train_classifier(
                training_set_from(job["training_set"]),
                TrainingSettings.from_dict(job["settings"]),
                Path(job["folder"]),
                Path(job["cache"]),
                lambda report: _say(epoch=report),
                device,
                World(rank, size),
            )
    except MLError as error:
        return _say_error(error)
    if rank == 0:
        _say(done=model)
    dist.destroy_process_group()
    return 0
