"""Weekly distributions of what the version in use says, and the alerts that reviewers see."""

import pytest
from django.utils import timezone

from labeling.errors import LabelingError
from labeling.models import DriftCheck, Glitch, GlitchClass, ModelVersion, Prediction
from labeling.selectors.drift import SECONDS_PER_WEEK, open_alerts, weekly_counts
from labeling.services.drift import check_drift, see_alert
from tests.conftest import make_glitch, make_volunteer
from tests.labeling.judging_world import CLASSES, make_classifier

pytestmark = pytest.mark.django_db
FIRST = 2000 * SECONDS_PER_WEEK


@pytest.fixture
def version(taxonomy):
    return make_classifier(1)


def add_week(version, week, blips, whistles, confidence=0.9):
    """Glitches of one week with their predictions; rows alone, for speed."""
    labels = ["Blip"] * blips + ["Whistle"] * whistles
    there = Glitch.objects.count()
    glitches = Glitch.objects.bulk_create(
        Glitch(
            gravityspy_id=f"{there + n:010d}",
            ifo="L1",
            event_time=FIRST + week * SECONDS_PER_WEEK + n,
            content_digest="",
        )
        for n in range(len(labels))
    )
    classes = {label: GlitchClass.objects.get(label=label) for label in CLASSES}
    Prediction.objects.bulk_create(
        Prediction(
            glitch=glitch,
            model_version=version,
            probabilities=[],
            top_class=classes[label],
            confidence=confidence,
        )
        for glitch, label in zip(glitches, labels, strict=True)
    )


def alerts():
    return [(c.week - FIRST) // SECONDS_PER_WEEK for c in DriftCheck.objects.filter(is_alert=True)]


def test_counts_by_week(version):
    add_week(version, 0, blips=2, whistles=1)
    add_week(version, 1, blips=0, whistles=2, confidence=1.0)
    classes, confidence = weekly_counts(version)
    begin = [FIRST, FIRST + SECONDS_PER_WEEK]
    assert {week: counts.tolist() for week, counts in classes.items()} == {
        begin[0]: [2, 1],
        begin[1]: [0, 2],
    }
    assert confidence[begin[0]].tolist() == [0] * 9 + [3]
    assert confidence[begin[1]].tolist() == [0] * 9 + [2]


def test_gold_and_reserved_glitches_are_chosen_and_not_counted(version):
    add_week(version, 0, blips=1, whistles=0)
    for number, fields in ((900, {"gold_label": "Blip"}), (901, {"is_reserved": True})):
        glitch = make_glitch(number, event_time=float(FIRST), **fields)
        Prediction.objects.create(
            glitch=glitch,
            model_version=version,
            probabilities=[],
            top_class=GlitchClass.objects.get(label="Blip"),
            confidence=0.9,
        )
    assert weekly_counts(version)[0][FIRST].sum() == 1


def test_constant_data_gives_no_alert(version):
    for week in range(6):
        add_week(version, week, blips=60, whistles=40)
    assert check_drift(timezone.now()) == []
    assert DriftCheck.objects.count() == 5  # the first week has none before it
    assert {c.measured["classes"]["p"] for c in DriftCheck.objects.all()} == {1.0}


def test_a_week_that_moved_is_an_alert_once(version):
    for week in range(3):
        add_week(version, week, blips=60, whistles=40)
    add_week(version, 3, blips=20, whistles=80)
    (alert,) = check_drift(timezone.now())
    assert alerts() == [3]
    assert "The classes predicted moved: divergence" in alert.words
    assert "confidence" not in alert.words
    assert check_drift(timezone.now()) == []  # the sweep comes again


def test_falling_confidence_is_an_alert_too(version):
    add_week(version, 0, blips=60, whistles=40, confidence=0.95)
    add_week(version, 1, blips=60, whistles=40, confidence=0.45)
    (alert,) = check_drift(timezone.now())
    assert alert.words.startswith("The confidence of predictions moved")


def test_a_week_that_is_not_over_is_not_measured(version):
    add_week(version, 0, blips=60, whistles=40)
    add_week(version, 1, blips=0, whistles=100)
    in_the_week = (FIRST + 1.5 * SECONDS_PER_WEEK) + 315964782
    now = timezone.datetime.fromtimestamp(in_the_week, tz=timezone.get_default_timezone())
    assert check_drift(now) == []
    assert not DriftCheck.objects.exists()


def test_few_glitches_say_nothing(version):
    add_week(version, 0, blips=30, whistles=0)
    add_week(version, 1, blips=0, whistles=30)
    assert check_drift(timezone.now()) == []
    assert DriftCheck.objects.get().words == "Too few glitches to tell."


def test_the_first_reviewer_who_saw_an_alert_is_kept(version):
    add_week(version, 0, blips=60, whistles=40)
    add_week(version, 1, blips=0, whistles=100)
    (alert,) = check_drift(timezone.now())
    rosa, rita = make_volunteer("rosa"), make_volunteer("rita")
    assert list(open_alerts()) == [alert]
    see_alert(alert.pk, by=rosa)
    assert see_alert(alert.pk, by=rita).seen_by == rosa
    assert list(open_alerts()) == []
    with pytest.raises(LabelingError, match="no drift alert"):
        see_alert(alert.pk + 1, by=rosa)


def test_an_alert_put_aside_stays_so_for_the_next_version(version):
    add_week(version, 0, blips=60, whistles=40)
    add_week(version, 1, blips=0, whistles=100)
    (alert,) = check_drift(timezone.now())
    see_alert(alert.pk, by=make_volunteer("rosa"))
    ModelVersion.objects.filter(pk=version.pk).update(state="replaced")
    newer = make_classifier(2)
    Prediction.objects.update(model_version=newer)
    (again,) = check_drift(timezone.now())
    assert (again.model_version, again.seen_by.username) == (newer, "rosa")
