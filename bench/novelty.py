"""``python -m bench.novelty``: is a class that the network never saw noticed?

Each class is held out in turn. Rows: area under the ROC curve of four measures of novelty, and how
often the unseen class comes out with a confidence of .97 or more, before and after the confidence
is evened out by distance.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.vision.dataset import GlitchPictures
from ml.vision.frozen import frozen_features
from ml.vision.judging.held_out import hold_out_each
from ml.vision.settings import TrainingSettings

EXAMPLES = """examples:
  python -m bench.novelty --npz ../shared/data/real_spectrograms_140x170.npz --json novelty.json
"""
DURATION = 4.0  # the only one that all glitches of the file have


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        features, labels = features_of(options.npz, Path(folder))
    rows = [
        row | {"seed": seed}
        for seed in range(options.seeds)
        for row in hold_out_each(features, labels, seed)
    ]
    for row in rows:
        areas = "  ".join(f"{name} {area:.3f}" for name, area in row["auroc"].items())
        sure = row["sure"]
        print(
            f"{row['held_out']:20} {areas}  sure {sure['unseen_before']:.3f} -> "
            f"{sure['unseen_after']:.3f} (known {sure['known_before']:.3f} -> "
            f"{sure['known_after']:.3f})"
        )
    for name in rows[0]["auroc"]:
        print(f"mean {name}: {np.mean([row['auroc'][name] for row in rows]):.3f}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.novelty",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--npz", type=Path, required=True, help="arrays X (n, h, w) grey, label, duration"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    return parser


def features_of(npz: Path, folder: Path) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.str_]]:
    """Frozen features (n, D) of the 4.0 s pictures, and their labels (n,)."""
    data = np.load(npz)
    places = np.flatnonzero(np.isclose(data["duration"].astype(float), DURATION))
    pictures, grey = [], data["X"]
    for place in places:
        path = folder / f"{place}.png"
        Image.fromarray(grey[place]).save(path)
        pictures.append(GlitchPictures(str(place), {DURATION: path}))
    settings = TrainingSettings(durations=(DURATION,))
    table = frozen_features(pictures, settings, folder / "cache")
    read = np.array([int(glitch_id) for glitch_id in table.glitch_ids])
    return table.features, data["label"][read].astype(str)


if __name__ == "__main__":
    raise SystemExit(main())
