"""``python -m bench.processes``: one training shared by processes on the CPU, against one alone.

The way of several GPUs (``torchrun``, data-parallel) with gloo for NCCL, so that it can be tried
anywhere. Each process computes on one thread. ``step_s``: seconds of a step in the fastest epoch,
with all that belongs to it. ``apart``: how far the weights ended from those of a single process, as
a share of how far training moved them. Sums in another order round otherwise: the second row shows
how far that alone leads, a single process with its minibatches cut in two. (The optimiser is
AdaGrad; AdamW makes steps of full size out of gradients that are nothing but rounding.) Pictures
are made up; dropout is off, since each process draws its own.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bench.arguments import from_one, results_file
from bench.predict import made_picture
from ml.vision.inputs.dataset import Example, GlitchPictures, TrainingSet
from ml.vision.networks.model_file import ModelFile
from ml.vision.networks.network import build_network
from ml.vision.recipes import settings_for
from ml.vision.training.distributed import train_on_all_devices

WIDTHS = {"wide": 0.5, "narrow": 4.0}  # of the blob: labels that can be learned
DURATION = 4.0
AIM_APART = 0.01
EXAMPLES = """examples:
  python -m bench.processes --json processes.json
  python -m bench.processes --processes 2 4 --glitches 256
"""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    torch.set_num_threads(1)
    rows = []
    with tempfile.TemporaryDirectory(prefix="nota-processes-") as folder:
        for row in measure(options, Path(folder)):
            rows.append(row)
            print(_line(row), flush=True)
            if options.json:
                options.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.processes",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--processes", type=from_one, nargs="+", default=[2])
    parser.add_argument("--glitches", type=from_one, default=128)
    parser.add_argument("--epochs", type=from_one, default=3)
    parser.add_argument("--json", type=results_file, help="write the rows here, after each")
    return parser


def measure(options: argparse.Namespace, folder: Path) -> Iterator[dict[str, Any]]:
    """A row for one process, whole and with minibatches in two parts, and for each more."""
    training_set = _made_up(options.glitches, folder)
    settings = settings_for(
        "nota-cpu",
        {
            "epochs": options.epochs,
            "minibatch": 16,
            "dropout": 0.0,
            "copies": 0,
            "optimizer": "adagrad",
        },
    )
    start = _blocks(build_network(settings, len(WIDTHS)).state_dict())
    first: dict[str, Tensor] | None = None
    for count, parts in ((1, 1), (1, 2), *((count, 1) for count in options.processes)):
        model = train_on_all_devices(
            training_set,
            replace(settings, accumulate=parts),
            folder / f"{count}-{parts}",
            folder / "cache",
            device="cpu",
            processes=count,
        )
        ended = _blocks(ModelFile.read(model.weights).network)
        first = first or ended
        minibatch = min(settings.minibatch, max(8, options.glitches // 8))
        steps = -(-options.glitches // minibatch)
        yield {
            "processes": count,
            "parts": parts,
            "minibatch": minibatch,
            "step_s": min(epoch["seconds"] for epoch in model.history[1:]) / steps,
            "train_loss": model.history[-1]["train_loss"],
            "apart": apart(start, first, ended),
        }


def apart(
    start: Mapping[str, Tensor], first: Mapping[str, Tensor], other: Mapping[str, Tensor]
) -> float:
    """|other - first| / |first - start| over all tensors (Euclid's norm).

    >>> apart({"w": torch.zeros(2)}, {"w": torch.tensor([3., 4.])}, {"w": torch.tensor([3., 4.5])})
    0.1
    """
    moved, between = (
        torch.cat([(one[key].double() - two[key].double()).flatten() for key in start]).norm()
        for one, two in ((first, start), (other, first))
    )
    return float(between / moved)


def _blocks(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Of the backbone's that learn: the linear head above is fitted before the first step."""
    return {key: tensor for key, tensor in state.items() if key.startswith("tail.")}


def _made_up(count: int, folder: Path) -> TrainingSet:
    examples = []
    for number in range(count + 2):
        label = tuple(WIDTHS)[number % 2]
        path = folder / f"L1_{number:010d}_spectrogram_{DURATION}.png"
        path.write_bytes(made_picture(number, WIDTHS[label]))
        examples.append(Example(GlitchPictures(str(number), {DURATION: path}), label))
    return TrainingSet(tuple(WIDTHS), examples[:count], [], examples[count:])


def _line(row: dict[str, Any]) -> str:
    verdict = "met" if row["apart"] <= AIM_APART else "FALLS SHORT"
    return (
        f"{row['processes']} processes, {row['parts']} parts: {row['step_s']:.3f} s a step "
        f"of {row['minibatch']}, "
        f"train loss {row['train_loss']:.6f}, weights apart {row['apart']:.1e} of the way "
        f"(aim {AIM_APART:g}, {verdict})"
    )


if __name__ == "__main__":
    sys.exit(main())
