"""The heat lies where the glitch is, in the picture that shows it."""

from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

from ml.axes import AXES_BOX
from ml.heat import render_heat
from ml.vision.errors import NoUsableDuration, UnknownLabel
from ml.vision.inputs.dataset import Example, GlitchPictures, TrainingSet
from ml.vision.networks.model_file import ModelFile
from ml.vision.networks.network import build_network
from ml.vision.prediction.classifier import Classifier
from ml.vision.prediction.ensemble import Ensemble
from ml.vision.prediction.explain import Explanation, _by_picture, explain, grad_cam
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.training.train import WEIGHTS_NAME, train_classifier

SIDE = 64


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A network that tells a bar above the middle from one below it."""
    folder = tmp_path_factory.mktemp("bars")
    rng = np.random.default_rng(1)
    examples = [
        Example(bar(folder, f"{where}{n}", where, rng), where)
        for n in range(8)
        for where in ("above", "below")
    ]
    recipe = TrainingSettings(
        size=96, trainable_blocks=1, epochs=2, copies=0, durations=(1.0, 4.0), minibatch=8
    )
    data = TrainingSet(("above", "below"), examples[4:], [], examples[:4])
    model = train_classifier(data, recipe, folder / "run", folder / "cache")
    return Classifier.load(model.weights), folder, rng


def bar(folder, name, where, rng, durations=(1.0, 4.0)):
    paths = {}
    for duration in durations:
        energy = rng.integers(0, 25, (SIDE, SIDE)).astype(np.uint8)
        top = 8 if where == "above" else 46
        energy[top : top + 8, 16:48] = 240
        paths[duration] = folder / f"{name}_{duration}.png"
        Image.fromarray(energy).save(paths[duration])
    return GlitchPictures(name, paths)


@pytest.mark.parametrize("where", ["above", "below"])
def test_the_heat_lies_on_the_bar(trained, where):
    classifier, folder, rng = trained
    found = explain(classifier, bar(folder, f"new{where}", where, rng), folder / "cache")
    assert found.label == where
    assert set(found.heat) == {1.0, 4.0}
    assert max(one.max() for one in found.heat.values()) == pytest.approx(1.0)
    upper, lower = (
        sum(float(one[rows].sum()) for one in found.heat.values())
        for rows in (slice(0, 48), slice(48, 96))
    )
    assert (upper > lower) == (where == "above")


def test_another_class_can_be_asked_for(trained):
    classifier, folder, rng = trained
    pictures = bar(folder, "asked", "above", rng)
    assert explain(classifier, pictures, folder / "cache").is_cold is False
    assert explain(classifier, pictures, folder / "cache", "below").label == "below"
    with pytest.raises(UnknownLabel, match="Unicorn"):
        explain(classifier, pictures, folder / "cache", "Unicorn")


def test_one_picture_holds_the_heat_of_all_durations(trained):
    classifier, folder, rng = trained
    only = bar(folder, "only", "below", rng, durations=(4.0,))
    assert set(explain(classifier, only, folder / "cache").heat) == {4.0}


def test_the_network_is_left_as_it_was(trained):
    classifier, folder, rng = trained
    pictures = [bar(folder, "before", "above", rng)]
    before = classifier.score(pictures, folder / "cache").probabilities
    explain(classifier, pictures[0], folder / "cache")
    assert np.array_equal(classifier.score(pictures, folder / "cache").probabilities, before)
    assert all(parameter.grad is None for parameter in classifier.network.parameters())


def test_a_shorter_duration_lies_in_the_middle_of_a_longer_picture():
    heat = _by_picture({1.0: np.full((8, 8), 0.5, np.float32)}, [4.0])
    assert heat[4.0][0].tolist() == [0, 0, 0, 0.5, 0.5, 0, 0, 0]


@pytest.mark.parametrize(
    "changes",
    [
        {"trainable_blocks": 0, "durations": (4.0,)},
        {"layout": "attention", "durations": (0.5, 1.0, 4.0)},
        {"layout": "mosaic", "durations": (0.5, 1.0, 2.0, 4.0)},
        {"colours": "viridis", "durations": (2.0,)},
        {"colours": "viridis", "durations": (2.0,), "trainable_blocks": 0},
    ],
)
def test_every_layout_has_a_map_for_each_duration(changes):
    settings = TrainingSettings(size=64, **changes)
    network = build_network(settings, 2)
    torch.nn.init.ones_(network.classifier.weight)  # whatever is seen speaks for the class
    count = len(settings.durations)
    column, maps = grad_cam(network, torch.rand(count, 64, 64), 1)
    assert (column, maps.shape) == (1, (count, 64, 64))
    assert np.isfinite(maps).all()
    assert maps.max() > 0


DURATIONS = (0.5, 1.0, 2.0, 4.0)
SIZE, BLOB = 140, 24


def sees_brightness(layout):
    """The merged view's convolutions made means, so that each place tells how bright its own is."""
    settings = TrainingSettings(
        backbone="merged-view",
        layout=layout,
        durations=DURATIONS,
        size=SIZE,
        weights="random",
        trainable_blocks="all",
        probe_strength=0.0,
    )
    network = build_network(settings, 1)
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.constant_(module.weight, 1 / module.weight[0].numel())
            torch.nn.init.zeros_(module.bias)
    torch.nn.init.ones_(network.classifier.weight)
    return network


@pytest.mark.parametrize("layout", ["channels", "mosaic", "attention"])
@pytest.mark.parametrize("row", [35, 105], ids=["above", "below"])
@pytest.mark.parametrize("place", range(4), ids=DURATIONS)
def test_the_heat_lies_on_what_one_picture_alone_shows(layout, place, row):
    """A blob in the upper or lower half of one duration, left of its middle."""
    views = torch.full((4, SIZE, SIZE), 0.001)
    rows, columns = (slice(at - BLOB // 2, at + BLOB // 2) for at in (row, 50))
    views[place, rows, columns] = 1.0
    _, heat = grad_cam(sees_brightness(layout), views, 0)
    assert heat[place, row, 50] > 0.8 * heat.max()
    half = slice(0, SIZE // 2) if row < SIZE // 2 else slice(SIZE // 2, SIZE)
    assert heat[place, half].sum() > 0.75 * heat.sum()


def test_where_nothing_speaks_for_a_class_the_heat_is_cold(tmp_path):
    """The class's weights are those of the other, turned round."""
    network = sees_brightness("channels")
    with torch.no_grad():
        network.classifier.weight.neg_()
    views = torch.full((4, SIZE, SIZE), 0.5)
    _, heat = grad_cam(network, views, 0)
    assert not heat.any()
    assert Explanation("any", {4.0: heat[3]}).is_cold


@pytest.mark.parametrize("backbone", ["shufflenet_v2_x0_5", "timm:vit_tiny_patch16_224"])
def test_a_network_that_cannot_be_taken_apart_has_no_maps(backbone):
    settings = TrainingSettings(
        backbone=backbone, weights="random", trainable_blocks="all", probe_strength=0.0
    )
    network = build_network(settings, 2)
    column, maps = grad_cam(network, torch.rand(3, 224, 224), 1)
    assert (column, maps) == (1, None)


def test_an_ensemble_shows_the_heat_of_its_members(trained):
    classifier, folder, rng = trained
    file = ModelFile.read(folder / "run" / WEIGHTS_NAME)
    both = Ensemble(file, [classifier, classifier])
    pictures = bar(folder, "together", "above", rng)
    alone = explain(classifier, pictures, folder / "cache")
    together = explain(both, pictures, folder / "cache")
    assert together.label == alone.label
    assert together.heat[4.0] == pytest.approx(alone.heat[4.0], abs=1e-5)


def test_a_member_that_cannot_read_the_glitch_adds_no_heat(trained):
    """It looks at 4.0 s alone, of which there is no picture."""
    classifier, folder, rng = trained
    examples = [
        Example(bar(folder, f"long{where}{n}", where, rng), where)
        for n in range(2)
        for where in ("above", "below")
    ]
    recipe = TrainingSettings(size=96, trainable_blocks=0, epochs=0, copies=0, durations=(4.0,))
    data = TrainingSet(("above", "below"), examples[1:], [], examples[:1])
    blind = train_classifier(data, recipe, folder / "blind", folder / "cache").weights
    both = Ensemble(ModelFile.read(blind), [Classifier.load(blind), classifier])
    pictures = bar(folder, "short", "above", rng, durations=(1.0,))
    alone = explain(classifier, pictures, folder / "cache", "above")
    together = explain(both, pictures, folder / "cache", "above")
    assert set(together.heat) == {1.0}
    assert together.heat[1.0] == pytest.approx(alone.heat[1.0], abs=1e-5)
    with pytest.raises(NoUsableDuration, match="No member that knows the class 'above'"):
        explain(Ensemble(ModelFile.read(blind), both.members[:1]), pictures, folder / "c", "above")


@pytest.mark.parametrize(
    ("size", "box", "outside"),
    [
        ((800, 600), AXES_BOX, (10, 10)),
        ((600, 450), (77, 47, 505, 404), (76, 46)),
        ((64, 48), (0, 0, 64, 48), None),
    ],
)
def test_heat_is_drawn_inside_the_axes(size, box, outside):
    image = Image.open(BytesIO(render_heat(np.ones((4, 4), np.float32), size, box)))
    assert (image.size, image.mode) == (size, "RGBA")
    assert image.getpixel(box[:2])[3] == 210
    assert image.getpixel((box[2] - 1, box[3] - 1))[3] == 210
    assert outside is None or image.getpixel(outside)[3] == 0
