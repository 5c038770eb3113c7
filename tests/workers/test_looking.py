"""A look as a worker does it: classes, heat and look-alikes; its faults in words."""

import io

import numpy as np
import pytest
from django.utils import timezone
from PIL import Image

from labeling.models import Glitch, Look, ModelVersion
from labeling.models.runs import Run
from labeling.services.looks import look_folder, request_look, request_look_at
from labeling.services.training import request_training
from ml.strain.render import ENERGY_SHAPE, frame_energy
from tests.conftest import make_volunteer
from tests.workers.test_training import FAST, drawn, import_two_classes
from workers.looking import look
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
    file = look_folder(asked.key) / asked.heat[0]["name"]
    with Image.open(io.BytesIO(file.read_bytes())) as image:
        assert (image.size, image.mode) == ((96, 96), "RGBA")
    assert asked.alike == []  # no discovery has made an embedding


def test_the_heat_lies_inside_the_axes_of_a_picture_of_any_size(trained):
    energy = np.zeros(ENERGY_SHAPE, np.float32)
    energy[200:210] = 25.5  # a line through all of it
    plot = Image.fromarray(frame_energy(energy, "H1", 4.0)).resize((600, 450))
    file = io.BytesIO()
    plot.save(file, "PNG")
    asked = request_look({4.0: file.getvalue()}, by=None)
    look(asked.pk)
    asked.refresh_from_db()
    with Image.open(look_folder(asked.key) / asked.heat[0]["name"]) as image:
        alpha = np.array(image)[..., 3]
    assert alpha.shape == (450, 600)
    assert alpha[46:405, 76:505].max() > 150
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


def test_a_lost_file_fails_the_look_with_a_reason(trained):
    asked = request_look({1.0: drawn("Blip", 98)}, by=None)
    (look_folder(asked.key) / "picture_1.0.png").unlink()
    look(asked.pk)
    asked = Look.objects.get()
    assert (asked.state, asked.error_code) == (Run.State.FAILED, "unreadable_picture")
