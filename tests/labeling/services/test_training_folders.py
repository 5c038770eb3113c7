"""What stays on the disk of a training that has ended, and for how long."""

from datetime import timedelta

import pytest
from django.utils import timezone

from labeling.models import TrainingRun
from labeling.models.runs import Run
from labeling.services.training_folders import clear_training_folders, training_folder

pytestmark = pytest.mark.django_db
NOW = timezone.now()
ALL = [
    "aside-1",
    "beginning.json",
    "checkpoint-0001.pt",
    "checkpoint-0002.pt",
    "events",
    "model.pt",
]


def filled(run_id):
    folder = training_folder(run_id)
    folders = ["aside-1", "events"]
    for name in folders:
        (folder / name).mkdir(parents=True)
        (folder / name / "checkpoint-0009.pt").write_bytes(b"x")
    for name in ALL:
        if name not in folders:
            (folder / name).write_bytes(b"x")
    return folder


@pytest.mark.parametrize(
    ("state", "days", "left"),
    [
        (Run.State.SUCCEEDED, 0, ["events", "model.pt"]),
        (Run.State.RUNNING, 30, ALL),
        (Run.State.REQUESTED, 30, ALL),
        (Run.State.FAILED, 6, ALL),
        (Run.State.FAILED, 8, None),
        (Run.State.CANCELLED, 6, ALL),
        (Run.State.CANCELLED, 8, None),
    ],
)
def test_checkpoints_stay_as_long_as_a_training_can_go_on(settings, state, days, left):
    settings.KEEP_FAILED_DAYS = 7
    run = TrainingRun.objects.create(state=state, ended_at=NOW - timedelta(days=days))
    folder = filled(run.pk)
    cleared = int(left != ALL)
    assert clear_training_folders(NOW) == cleared
    names = sorted(path.name for path in folder.iterdir()) if folder.exists() else None
    assert names == left
    assert clear_training_folders(NOW) == 0


def test_what_is_no_folder_of_a_known_training_is_left_alone(settings):
    unknown, other = filled(999), settings.MODELS_FOLDER / "training-of-mine"
    other.mkdir()
    assert clear_training_folders(NOW + timedelta(days=365)) == 0
    assert unknown.exists()
    assert other.exists()


def test_there_need_be_no_folder_at_all():
    assert clear_training_folders(NOW) == 0
