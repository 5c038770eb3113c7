"""The verdict on a training, with real networks: nothing that goes wrong here loses it."""

import pytest

from labeling.errors import ConflictError, LabelingError
from labeling.models import Glitch, GoldLabel, ModelVersion, Picture
from labeling.services.imports import NewGlitch, import_glitch
from labeling.services.shadow import begin_trial
from labeling.services.storage import path_of
from labeling.services.training import request_training
from labeling.services.versions import activate_version
from tests.conftest import make_volunteer
from tests.workers.test_training import FAST, drawn, import_two_classes
from workers import verdicts
from workers.training import run_training

pytestmark = pytest.mark.django_db
HEAD_ALONE = FAST | {"epochs": 0, "trainable_blocks": 0}


@pytest.fixture
def active(settings):
    """A classifier in use that looks at the 1.0 s and the 4.0 s pictures."""
    settings.RUN_LEASE_SECONDS = 3600  # a test's transaction hides the run from its thread
    import_two_classes()
    run_training(request_training(None, "first", HEAD_ALONE).pk)
    return ModelVersion.objects.get(state="active")


def train_another(**changes) -> ModelVersion:
    run = request_training(None, "another", HEAD_ALONE | changes)
    run_training(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error) == ("succeeded", "")
    return run.model_version


def glitches_tested_on() -> list[Glitch]:
    gold = GoldLabel.objects.filter(split="test").order_by("glitch_id")
    return [one.glitch for one in gold.select_related("glitch")]


def spoil(glitch: Glitch, duration: float) -> None:
    path_of(Picture.objects.get(glitch=glitch, duration=duration)).write_bytes(b"no picture")


def test_a_test_picture_that_one_of_them_cannot_read_is_left_out_and_listed(active):
    first, *others = glitches_tested_on()
    assert active.metrics["count"] == len(others) + 1
    spoil(first, 1.0)  # the candidate looks at 4.0 s alone
    version = train_another(durations=[4.0])
    assert version.metrics["count"] == len(others)
    (left_out,) = version.metrics["untested"]
    assert left_out["glitch_id"] == str(first.pk)
    assert f"on the same {len(others)} gold test glitches" in version.decision_reason


def test_without_a_test_glitch_that_both_can_read_it_is_kept_out(active):
    for glitch in glitches_tested_on():
        spoil(glitch, 1.0)
    version = train_another(durations=[4.0])
    assert version.state == "kept_out"
    assert "can be read by both it and classifier 1" in version.decision_reason
    assert len(version.metrics["untested"]) == len(glitches_tested_on())


def test_a_version_in_use_whose_weights_are_gone_costs_no_training(active, settings):
    (settings.MODELS_FOLDER / active.weights).unlink()
    version = train_another()
    assert version.state == "kept_out"
    assert "classifier 1 cannot be judged beside it" in version.decision_reason
    assert version.metrics["accuracy"] == 1.0


def test_what_the_disk_spoils_after_a_verdict_is_not_stored_as_what_was_trained(
    active, monkeypatch, settings
):
    """Nobody puts it into use then: it is told from the file that was written."""
    judge = verdicts.Candidate.beside

    def spoil_first(candidate, beside):
        with candidate.model.weights.open("ab") as file:
            file.write(b"spoiled")
        return judge(candidate, beside)

    monkeypatch.setattr(verdicts.Candidate, "beside", spoil_first)
    version = train_another()
    with pytest.raises(LabelingError) as caught:
        activate_version("classifier", version.number, by=None)
    assert caught.value.code == "damaged_weights"


def copy_of(version: ModelVersion, number: int) -> ModelVersion:
    return ModelVersion.objects.create(
        role="classifier",
        number=number,
        class_list=version.class_list,
        weights=version.weights,
        weights_sha256=version.weights_sha256,
    )


def go_live_before_each(monkeypatch, *numbers):
    """Before a verdict is stored, a person puts the next of these versions into use."""
    waiting, store = list(numbers), verdicts.finish_training

    def store_later(run, trained):
        if waiting:
            activate_version("classifier", waiting.pop(0), by=None)
        return store(run, trained)

    monkeypatch.setattr(verdicts, "finish_training", store_later)


def test_where_another_version_goes_live_meanwhile_it_is_judged_beside_that_one(
    active, monkeypatch
):
    copy_of(active, 2)
    go_live_before_each(monkeypatch, 2)
    monkeypatch.setattr(verdicts, "decide", lambda *_: verdicts.Decision(True, "better"))
    version = train_another(seed=1)
    assert (version.metrics["compared_with"], version.state) == (2, "active")
    assert version.replaces.number == 2


def test_where_a_person_begins_a_trial_at_the_same_moment_it_waits(active, monkeypatch, settings):
    settings.SHADOW_GLITCHES = 1
    copy_of(active, 2)
    rosa, store = make_volunteer("rosa", role="reviewer"), verdicts.finish_training

    def collide(run, trained):
        """As where neither transaction sees the other's trial."""
        monkeypatch.setattr(verdicts, "finish_training", store)
        begin_trial(ModelVersion.objects.get(number=2), by=rosa)
        raise ConflictError("Another candidate is on trial already.", code="shadow_under_way")

    monkeypatch.setattr(verdicts, "finish_training", collide)
    monkeypatch.setattr(verdicts, "decide", lambda *_: verdicts.Decision(True, "better"))
    version = train_another(seed=1)
    assert version.state == "candidate"
    assert "It waits for the end of the trial of classifier 2" in version.decision_reason


def test_where_others_go_live_again_and_again_it_is_kept_out_and_stored(active, monkeypatch):
    copy_of(active, 2)
    go_live_before_each(monkeypatch, 2, 1, 2)
    monkeypatch.setattr(verdicts, "decide", lambda *_: verdicts.Decision(True, "better"))
    version = train_another(seed=1)
    assert version.state == "kept_out"
    assert "went live each of the 3 times" in version.decision_reason


def test_a_class_in_use_that_dropped_out_of_training_keeps_it_out(active):
    for number in range(5):
        same = NewGlitch(f"w{number:09d}", "H1", {4.0: drawn("Blip", 7)}, gold_label="Whistle")
        import_glitch(same, by=None)
    activate_version("classifier", train_another().number, by=None)
    GoldLabel.objects.filter(glitch_class__label="Whistle").update(split="train")
    version = train_another(seed=1)
    assert version.class_list.labels == ["Blip", "Power_Line"]
    assert version.state == "kept_out"
    assert "does not know Whistle any more" in version.decision_reason
