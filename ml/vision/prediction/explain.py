"""Where in each duration's picture the network sees its answer.

Grad-CAM (Selvaraju et al., ICCV 2017): the last feature maps, weighted by the mean gradient of the
class's logit in each, and what is negative cut off: where nothing is positive, nothing speaks for
the class. A network that takes the durations as channels
of one image has one such map for all of them; it is shared out by what each channel's pixels
contribute (gradient times input, as guided Grad-CAM multiplies a map with a finer one). A network
that sees each duration by itself has a map for each; a mosaic has one in each quarter. Networks of
an unknown build are one step, without maps (:mod:`ml.vision.networks.families`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates
from torch import Tensor, nn

from ml.vision.errors import NoUsableDuration, UnknownLabel
from ml.vision.inputs.dataset import GlitchPictures
from ml.vision.inputs.views import FULL, PictureFiles, ViewReader, source_of
from ml.vision.networks import merged_view
from ml.vision.networks.network import GlitchNetwork
from ml.vision.prediction.classifier import Classifier
from ml.vision.prediction.ensemble import Ensemble
from ml.vision.recipes.backbone_names import MERGED_VIEW
from ml.vision.recipes.rules import ATTENTION, MOSAIC
from ml.vision.storage.store import ArrayStore

Heat = npt.NDArray[np.float32]
BLUR = 1 / 28  # of the side: a quarter of what one place of the last maps sees


@dataclass(frozen=True)
class Explanation:
    """``heat``: duration of a picture in seconds -> (size, size), 0 to 1, over its inside.

    1 is the hottest place of all pictures of the glitch, so that they compare. Empty where the
    network has no maps.
    """

    label: str
    heat: dict[float, Heat]

    @property
    def is_cold(self) -> bool:
        """Whether nothing in the pictures speaks for the class."""
        return not any(one.any() for one in self.heat.values())


def explain(
    classifier: Classifier, pictures: GlitchPictures, cache: Path, label: str | None = None
) -> Explanation:
    """The heat of ``label``, by default of the class that the network says.

    A picture from which several durations were cut has the hottest of them at each place. Raises
    PictureError, NoUsableDuration, UnknownLabel.
    """
    if isinstance(classifier, Ensemble):
        return _explain_together(classifier, pictures, cache, label)
    settings = classifier.settings
    reader = ViewReader(settings.durations, settings.size, ArrayStore(cache))
    files = PictureFiles(pictures)
    views = reader.views(files, reader.content_of(files)).variants[FULL]  # (d, size, size)
    x = torch.from_numpy(views.copy()).float() / 255
    column, maps = grad_cam(classifier.network, x, _column_of(classifier, label))
    shown = {} if maps is None else dict(zip(settings.durations, maps, strict=True))
    heat = _by_picture(shown, list(pictures.paths))
    return Explanation(classifier.classes[column], _scaled(heat))


def _explain_together(
    ensemble: Ensemble, pictures: GlitchPictures, cache: Path, label: str | None
) -> Explanation:
    """The mean heat of the members that know the class, can read the glitch and have maps."""
    if label is None:
        label = ensemble.classes[int(ensemble.predict([pictures], cache)[0].argmax())]
    knowing = [member for member in ensemble.members if label in member.classes]
    if not knowing:
        raise UnknownLabel(f"No member of the ensemble knows a class {label!r}.", label=label)
    heats = []
    for member in knowing:
        with suppress(NoUsableDuration):
            heats.append(explain(member, pictures, cache, label).heat)
    if not heats:
        raise NoUsableDuration(
            f"No member that knows the class {label!r} can read glitch {pictures.glitch_id}.",
            glitch_id=pictures.glitch_id,
        )
    total: dict[float, Heat] = {}
    for one in heats:
        for duration, heat in one.items():
            side = (len(heat), len(heat))
            before = Image.fromarray(total.get(duration, np.zeros_like(heat)))
            total[duration] = np.asarray(before.resize(side)) + heat
    return Explanation(label, _scaled(total))


def _scaled(heat: Mapping[float, Heat]) -> dict[float, Heat]:
    """With 1 at the hottest place of all pictures."""
    hottest = max((float(one.max()) for one in heat.values()), default=0.0) or 1.0
    return {key: one / np.float32(hottest) for key, one in heat.items()}


def _column_of(classifier: Classifier, label: str | None) -> int | None:
    if label is not None and label not in classifier.classes:
        raise UnknownLabel(f"The network knows no class {label!r}.", label=label)
    return None if label is None else classifier.classes.index(label)


def grad_cam(network: GlitchNetwork, views: Tensor, column: int | None) -> tuple[int, Heat | None]:
    """Views (d, size, size) within 0 to 1 -> the class's column, and maps (d, size, size).

    None instead of maps where no step of the network gives any.
    """
    network.eval()
    device = next(network.parameters()).device
    x = views[None].to(device).requires_grad_()  # (1, d, size, size)
    with torch.enable_grad(), _last_maps(network) as seen:
        logits = network(network.frozen(x))  # (1, C)
        column = int(logits.argmax()) if column is None else column
        logits[0, column].backward()
    if not seen:
        return column, None
    durations, size = views.shape[0], views.shape[-1]
    layout, is_unpadded = network.settings.layout, network.settings.backbone == MERGED_VIEW
    if layout == MOSAIC:
        return column, _quarters(_cam(seen[-1], 2 * size, is_unpadded=is_unpadded)[0], size)
    maps = _cam(seen[-1], size, is_unpadded=is_unpadded)
    if layout == ATTENTION:
        return column, maps
    if x.grad is None:  # what comes before the network has no slope, a table of colours say
        return column, np.repeat(maps[:1], durations, axis=0)
    share = np.stack([_smooth(one) for one in (x.grad * x).detach()[0].abs().cpu().numpy()])
    return column, np.asarray(maps[:1] * share / max(float(share.max()), 1e-12), np.float32)


@contextmanager
def _last_maps(network: GlitchNetwork) -> Iterator[list[Tensor]]:
    """Collects what each step gives, as long as it is still a map (n, c, h, w)."""
    seen: list[Tensor] = []

    def keep(_: nn.Module, __: object, output: object) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and output.requires_grad:
            output.retain_grad()
            seen.append(output)

    def begin(_: nn.Module, __: object, output: Tensor) -> Tensor:
        # Behind a table of colours there is no slope, and frozen steps ask for none.
        return output if output.requires_grad else output.requires_grad_()

    steps = [*network.frozen.steps.children(), *network.tail.children()]
    handles = [step.register_forward_hook(keep) for step in steps]
    handles.append(network.frozen.preparation.register_forward_hook(begin))
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()
        network.zero_grad(set_to_none=True)


def _cam(maps: Tensor, size: int, *, is_unpadded: bool) -> Heat:
    """Feature maps (n, c, h, h) with their gradients -> (n, size, size), each place where it looks.

    Padded convolutions spread their places evenly from edge to edge; without padding they begin
    further inside, and what lies beyond is seen by the outermost alone.
    """
    grad = maps.grad if maps.grad is not None else torch.zeros_like(maps)
    weights = grad.mean(dim=(2, 3), keepdim=True)  # (n, c, 1, 1)
    cams = torch.relu((weights * maps).sum(dim=1)).detach().cpu().numpy()  # (n, h, h)
    step = size / cams.shape[-1]
    first, step = (merged_view.FIRST, merged_view.STEP) if is_unpadded else (step / 2, step)
    rows = (np.arange(size) + 0.5 - first) / step  # in places
    at = np.meshgrid(rows, rows, indexing="ij")
    large = [map_coordinates(one, at, order=1, mode="nearest") for one in cams]
    return np.asarray(large, np.float32)


def _quarters(whole: Heat, size: int) -> Heat:
    """(2 size, 2 size) of a mosaic -> (4, size, size): down the left side, then down the right."""
    left, right = whole[:, :size], whole[:, size:]
    return np.stack([left[:size], left[size:], right[:size], right[size:]])


def _smooth(channel: Heat) -> Heat:
    return np.asarray(gaussian_filter(channel, BLUR * len(channel)), np.float32)


def _by_picture(maps: Mapping[float, Heat], available: list[float]) -> dict[float, Heat]:
    """Maps by duration shown -> heat by picture, each map where its seconds lie in the picture."""
    heat: dict[float, Heat] = {}
    for duration, found in maps.items():
        source = source_of(duration, available)
        if source is None:
            continue
        size = len(found)
        width = max(1, round(size * duration / source))
        start = (size - width) // 2
        narrow = Image.fromarray(found).resize((width, size), Image.Resampling.BILINEAR)
        whole = heat.setdefault(source, np.zeros((size, size), np.float32))
        inside = whole[:, start : start + width]
        np.maximum(inside, np.asarray(narrow), out=inside)
    return heat
