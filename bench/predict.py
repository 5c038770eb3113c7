"""``python -m bench.predict``: bulk prediction and training against the bare network.

``end_to_end_over_forward``: glitches a second from files to database rows, over those of the bare
forward pass of the same network on the same device, its input at hand. ``train_step_over_bare``:
steps a second of a training with all that belongs to it, over those of the bare step (forward,
loss, backward, optimiser) on one minibatch that never changes. Both sides of a ratio are measured
in turns in one process; the best of each counts. The pictures are made up; weights are random:
neither changes what a step costs.
"""

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench.arguments import from_one, network_recipe, results_file
from bench.servers import servers
from demo.commands import commands, environment, here

ROOT = Path(__file__).resolve().parent.parent
AIMS = {"end_to_end_over_forward": 0.80, "train_step_over_bare": 0.85}
EXAMPLES = """examples:
  python -m bench.predict --json predict.json
  python -m bench.predict --recipes nota-cpu --glitches 96 --repeats 2
"""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    rows: list[dict[str, Any]] = []
    with _database() as folder:
        for row in _measure(options, folder):
            rows.append(row)
            print(_line(row), flush=True)
            if options.json:
                options.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.predict",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = ["nota-cpu", "george-resnet50", "george-inception-v3"]
    parser.add_argument("--recipes", nargs="+", type=network_recipe, default=default)
    parser.add_argument("--glitches", type=from_one, default=192)
    parser.add_argument("--repeats", type=from_one, default=3)
    parser.add_argument("--minibatch", type=from_one, default=16, help="of a training step")
    parser.add_argument("--device", nargs="+", help="cpu, cuda; left out: all there are")
    parser.add_argument("--json", type=results_file, help="write the rows here, after each")
    return parser


@contextmanager
def _database() -> Iterator[Path]:
    """Embedded Postgres with the tables, in a folder that goes at the end."""
    with servers("predict") as own:
        urls = {"database_url": own.database_url, "redis_url": own.redis_url}
        os.environ.update(environment(own.folder, port=8500, **urls))
        migrate = here(commands(bind="127.0.0.1:8500", var=str(own.folder))["migrate"])
        subprocess.run(migrate, cwd=ROOT, check=True, capture_output=True)  # noqa: S603
        yield own.folder


def _measure(options: argparse.Namespace, folder: Path) -> Iterator[dict[str, Any]]:
    import django

    django.setup()
    import torch

    from bench import predict_speed as speed

    found = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    ids = speed.seed(options.glitches, made_picture)
    for device in options.device or found:
        for recipe in options.recipes:
            version = speed.make_version(recipe)
            row: dict[str, Any] = {"recipe": recipe, "device": device, "glitches": len(ids)}
            row |= speed.prediction(version, ids, device, options.repeats, _empty(folder))
            row |= speed.training(recipe, device, options.minibatch, options.repeats)
            yield row


def _empty(folder: Path) -> Any:
    def empty() -> None:
        shutil.rmtree(folder / "cache", ignore_errors=True)

    return empty


def made_picture(number: int, duration: float) -> bytes:
    """800 x 600 RGBA in viridis, a bright blob in noise, never twice the same."""
    from ml.viridis import VIRIDIS

    rng = np.random.default_rng([number, int(duration * 10)])
    small = rng.gamma(1.0, 8.0, (60, 80)).clip(0, 90).astype(np.uint8)
    energy = np.asarray(Image.fromarray(small).resize((800, 600), Image.Resampling.BILINEAR)).copy()
    width = int(40 / duration)
    energy[200:420, 400 - width : 400 + width] = 230
    rgba = np.dstack([VIRIDIS[energy], np.full(energy.shape, 255, np.uint8)])
    buffer = io.BytesIO()
    Image.fromarray(rgba).save(buffer, format="PNG")
    return buffer.getvalue()


def _line(row: dict[str, Any]) -> str:
    parts = [f"{row['recipe']} on {row['device']}:"]
    for key, aim in AIMS.items():
        verdict = "met" if row[key] >= aim else "FALLS SHORT"
        parts.append(f"{key} {row[key]:.2f} (aim {aim:g}, {verdict}),")
    parts.append(
        f"{row['end_to_end_per_s']:.1f} of {row['forward_per_s']:.1f} glitches/s "
        f"({row['cached_per_s']:.1f} with cached views)"
    )
    return " ".join(parts)


if __name__ == "__main__":
    sys.exit(main())
