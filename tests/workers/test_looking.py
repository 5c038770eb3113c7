"""A look as a worker does it: classes, heat and look-alikes; its faults in words."""

import hashlib
import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from django.utils import timezone
from PIL import Image

from labeling.jobs import LOOK
from labeling.models import Embedding, Glitch, GoldLabel, Look, ModelVersion, TaskError
from labeling.models.runs import Run
from labeling.services.discovery import request_discovery
from labeling.services.imports import NewGlitch, import_glitch
from labeling.services.looks import look_folder, request_look, request_look_at
from labeling.services.training import request_training
from ml.strain.render import ENERGY_SHAPE, frame_energy
from ml.vision.embedding.embedder import Embedder
from ml.vision.embedding.frozen import embedding_inputs
from ml.vision.embedding.kinds import FROZEN, embeddings_for
from ml.vision.inputs.dataset import GlitchPictures
from ml.vision.networks.model_file import ModelFile
from ml.vision.networks.network import build_network
from ml.vision.prediction.classifier import Classifier
from ml.vision.prediction.explain import Explanation
from tests.conftest import make_volunteer
from tests.workers.test_training import FAST, drawn, import_two_classes
from workers.discovery import run_discovery
from workers.looking import _drawn, look
from workers.pictures import glitch_pictures
from workers.scoring import score_glitches
from workers.tasks import LostRunError
from workers.training import run_training

pytestmark = pytest.mark.django_db


@pytest.fixture
def trained(settings):
    settings.RUN_LEASE_SECONDS = 3600  # a renewing thread cannot see this test's rows
    import_two_classes()
    run_training(request_training(None, "first gold", FAST | {"epochs": 1}).pk)
    return ModelVersion.objects.get()


def test_a_look_at_pictures_ends_in_classes_and_heat(trained):
    asked = request_look({1.0: drawn("Power_Line", 99), 4.0: drawn("Power_Line", 99)}, by=None)
    look(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.error) == (Run.State.SUCCEEDED, "")
    assert [label for label, _ in asked.probabilities] == ["Power_Line", "Blip"]
    assert sum(share for _, share in asked.probabilities) == pytest.approx(1, abs=1e-3)
    assert (asked.explained, asked.model_version) == ("Power_Line", trained)
    assert [one["duration"] for one in asked.heat] == [1.0, 4.0]
    assert asked.no_heat == ""
    file = look_folder(asked.key) / asked.heat[0]["name"]
    with Image.open(io.BytesIO(file.read_bytes())) as image:
        assert (image.size, image.mode) == ((96, 96), "RGBA")
    assert (asked.alike, asked.no_alike) == ([], "no_search")


def test_the_heat_lies_inside_the_axes_of_a_picture_of_any_size(tmp_path):
    plot = Image.fromarray(frame_energy(np.zeros(ENERGY_SHAPE, np.float32), "H1", 4.0))
    plot.resize((600, 450)).save(tmp_path / "plot.png")
    pictures = GlitchPictures("a", {4.0: tmp_path / "plot.png"})
    told = Explanation("Blip", {4.0: np.ones((4, 4), np.float32)})
    drawn, _why = _drawn(told, pictures)
    with Image.open(io.BytesIO(drawn[4.0][0])) as image:
        alpha = np.array(image)[..., 3]
    assert alpha.shape == (450, 600)
    assert (alpha[48:402, 78:503] == 210).all()
    alpha[46:405, 76:505] = 0
    assert not alpha.any()


def test_a_look_at_a_glitch_uses_its_stored_pictures(trained):
    glitch = Glitch.objects.get(gravityspy_id="0000000021")  # without gold
    glitch.retired_at, glitch.retire_reason = timezone.now(), Glitch.RetireReason.CONSENSUS
    glitch.save()
    asked = request_look_at(glitch, by=None)
    look(asked.pk)
    look(asked.pk)  # the message comes again
    asked.refresh_from_db()
    assert asked.state == Run.State.SUCCEEDED
    assert asked.probabilities[0][0] == "Power_Line"


def test_a_look_of_a_named_class_has_the_heat_of_that_class(trained):
    """Also by a version that is not in use."""
    ModelVersion.objects.update(state="kept_out")
    glitch = Glitch.objects.get(gravityspy_id="0000000021")  # a Power_Line
    reviewer = make_volunteer("rosa", role="reviewer")
    asked = request_look_at(glitch, by=reviewer, version=trained, label="Blip")
    look(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.error) == (Run.State.SUCCEEDED, "")
    assert (asked.probabilities[0][0], asked.explained) == ("Power_Line", "Blip")


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def put_another_into_use(version, folder, **changes):
    """As if it had been trained with other settings, where their weights were at hand."""
    path = folder / version.weights
    file = ModelFile.read(path)
    settings = replace(file.settings, **changes)
    network = build_network(settings, len(file.classes), pretrained=False)
    torch.nn.init.zeros_(network.classifier.weight)  # all classes are alike to it
    replace(file, settings=settings, network=network.state_dict()).write(path)
    ModelVersion.objects.filter(pk=version.pk).update(weights_sha256=sha256(path))


def test_the_heat_is_of_the_class_that_is_said_where_an_average_over_copies_says_it(
    trained, settings, tmp_path
):
    """Of the picture itself the network would say Blip, of its changed copies on average not."""
    path = settings.MODELS_FOLDER / trained.weights
    file = ModelFile.read(path)
    picture = tmp_path / "picture.png"
    picture.write_bytes(drawn("Blip", 99))
    torch.manual_seed(0)
    network = build_network(
        replace(file.settings, trainable_blocks="all"), len(file.classes), pretrained=False
    )

    def with_copies(count):
        chosen = replace(file.settings, trainable_blocks="all", test_copies=count)
        return replace(file, settings=chosen, network=network.state_dict())

    plain, mean = (
        Classifier.from_file(with_copies(count), "cpu").features(
            [GlitchPictures("a", {4.0: picture})], settings.CACHE_FOLDER
        )[0]
        for count in (0, 2)
    )
    towards = torch.from_numpy(plain - mean)
    towards /= towards.square().sum()
    with torch.no_grad():  # logits of Blip: 1 for the picture itself, -1 for the average
        network.classifier.weight.zero_()
        network.classifier.bias.zero_()
        blip = file.classes.index("Blip")
        network.classifier.weight[blip] = 2 * towards
        network.classifier.bias[blip] = -(towards @ torch.from_numpy(plain + mean))
    with_copies(2).write(path)
    ModelVersion.objects.filter(pk=trained.pk).update(weights_sha256=sha256(path))
    asked = request_look({4.0: picture.read_bytes()}, by=None)
    look(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.error) == (Run.State.SUCCEEDED, "")
    assert (asked.probabilities[0][0], asked.explained) == ("Power_Line", "Power_Line")


@pytest.mark.parametrize(
    ("changes", "why"), [({}, "nothing"), ({"backbone": "shufflenet_v2_x0_5"}, "no_maps")]
)
def test_an_answer_without_heat_says_why(trained, settings, changes, why):
    put_another_into_use(trained, settings.MODELS_FOLDER, **changes)
    asked = request_look({4.0: drawn("Blip", 99)}, by=None)
    look(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.error) == (Run.State.SUCCEEDED, "")
    assert (asked.heat, asked.no_heat) == ([], why)
    assert len(asked.probabilities) == 2


def test_a_lost_file_fails_the_look_with_a_reason(trained):
    asked = request_look({1.0: drawn("Blip", 98)}, by=None)
    (look_folder(asked.key) / "picture_1.0.png").unlink()
    look(asked.pk)
    asked = Look.objects.get()
    assert (asked.state, asked.error_code) == (Run.State.FAILED, "unreadable_picture")


@pytest.fixture
def embedded(trained, settings):
    """All glitches, shown to all, as a search for new classes embeds them with version 1 in use."""
    GoldLabel.objects.update(is_shown=True)
    ids = list(Glitch.objects.filter(gold_labels__isnull=False).values_list("pk", flat=True))
    network = build_network(ModelFile.read(settings.MODELS_FOLDER / trained.weights).settings, 2)
    files = glitch_pictures(ids)
    inputs = embedding_inputs([files[pk] for pk in ids], network, settings.CACHE_FOLDER, "cpu")
    embedding = embeddings_for(inputs.feature_size)[FROZEN](inputs.rows, np.array([]), 0)
    path = settings.MODELS_FOLDER / "embedding.pt"
    Embedder(network, embedding).write(path)
    version = ModelVersion.objects.create(
        role="embedding", number=1, state="active", weights=path.name, weights_sha256=sha256(path)
    )
    for pk, vector in zip(ids, embedding.transform(inputs.rows), strict=True):
        Embedding.objects.create(glitch_id=pk, model_version=version, vector=vector.tolist())
    return version


def look_at_a_copy(number):
    """A look at the very pictures of a glitch, sent as a stranger's."""
    label = ("Blip", "Power_Line")[number % 2]
    same = drawn(label, number)
    asked = request_look({1.0: same, 4.0: same}, by=None)
    look(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.error) == (Run.State.SUCCEEDED, "")
    assert len(asked.probabilities) == 2
    return asked


@pytest.mark.parametrize(
    "changes",
    [{"durations": (1.0, 2.0, 4.0)}, {"backbone": "resnet18"}],
    ids=["other durations", "a network without its weights here"],
)
def test_look_alikes_are_found_as_they_were_embedded_whatever_classifier_answers(
    trained, embedded, settings, changes
):
    put_another_into_use(trained, settings.MODELS_FOLDER, **changes)
    for number in (0, 1):
        asked = look_at_a_copy(number)
        glitch = Glitch.objects.get(gravityspy_id=f"{number:010d}")
        nearest, distance = asked.alike[0]
        assert (nearest, asked.no_alike) == (glitch.pk, "")
        assert distance == pytest.approx(0, abs=0.01)


def cut(path, version):
    path.write_bytes(path.read_bytes()[:-9])


def remove(path, version):
    path.unlink()


def of_before(path, version):
    """As embeddings were written before they kept their network."""
    from ml.vision.storage.packed import pack

    path.write_bytes(pack({"layout": 1, "kind": "joined", "parts": []}))
    ModelVersion.objects.filter(pk=version.pk).update(weights_sha256=sha256(path))


def test_an_embedding_of_before_says_that_the_next_search_brings_look_alikes(
    embedded, settings, caplog
):
    of_before(settings.MODELS_FOLDER / embedded.weights, embedded)
    asked = look_at_a_copy(0)
    assert (asked.alike, asked.no_alike) == ([], "no_search")
    assert "has no look-alikes" not in caplog.text
    assert not TaskError.objects.exists()


@pytest.mark.parametrize("spoil", [cut, remove])
def test_a_fault_with_look_alikes_costs_nothing_else(embedded, settings, caplog, spoil):
    spoil(settings.MODELS_FOLDER / embedded.weights, embedded)
    asked = look_at_a_copy(0)
    assert (asked.alike, asked.no_alike) == ([], "failed")
    assert f"Look {asked.key} has no look-alikes by embedding 1" in caplog.text
    error = TaskError.objects.get()  # what the system page shows
    assert (error.task, error.arguments) == (f"{LOOK}: look-alikes", {"key": str(asked.key)})


def test_a_look_that_was_called_off_is_not_taken_for_one_without_look_alikes(embedded, monkeypatch):
    """What tells the worker so comes from within the network's loops."""

    def lost(*_):
        raise LostRunError("cancelled")

    monkeypatch.setattr(Embedder, "embed", lost)
    asked = request_look({1.0: drawn("Blip", 0), 4.0: drawn("Blip", 0)}, by=None)
    look(asked.pk)
    asked.refresh_from_db()
    assert asked.state != Run.State.SUCCEEDED
    assert asked.no_alike == ""


def test_after_a_search_for_new_classes_a_look_finds_look_alikes(trained, settings):
    settings.LOW_CONFIDENCE = 1.01  # all without gold are the pool
    for number in range(24, 34):
        label = ("Blip", "Power_Line")[number % 2]
        same = drawn(label, number)
        import_glitch(NewGlitch(f"{number:010d}", "H1", {1.0: same, 4.0: same}), by=None)
    score_glitches(trained.pk)
    run = request_discovery(None, "look-alikes")
    run_discovery(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error) == (Run.State.SUCCEEDED, "")
    GoldLabel.objects.update(is_shown=True)
    asked = look_at_a_copy(0)
    glitch = Glitch.objects.get(gravityspy_id="0000000000")
    assert asked.alike[0] == [glitch.pk, pytest.approx(0, abs=0.01)]
