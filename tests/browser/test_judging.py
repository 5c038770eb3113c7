"""A reviewer looks at how a version was judged, and rolls back, on a phone's width."""

from contextlib import closing

import numpy as np
import pytest
from django.utils import timezone
from playwright.sync_api import expect

from labeling.gravity_spy import CLASSES, NONE_OF_THE_ABOVE
from labeling.models import (
    DriftCheck,
    Evaluation,
    EvaluationRun,
    LabelCheck,
    ModelVersion,
    ShadowTrial,
)
from labeling.models.runs import Run
from labeling.services.classes import freeze_class_list
from ml.vision.judging.compare import compare
from ml.vision.judging.figures import figures
from ml.vision.judging.groups import Origins, by_groups
from ml.vision.judging.judged import Judged
from ml.vision.judging.trust import at_thresholds
from tests.browser.axe import DESK, OVERFLOW, PHONE, faults, show
from tests.browser.conftest import log_in
from tests.labeling.judging_world import make_classifier

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LABELS = [label for label in CLASSES if label != NONE_OF_THE_ABOVE]
WEEK = 604800


def judged(rng, strength):
    """220 glitches of all classes; the greater ``strength``, the more of them are right."""
    truth = np.arange(220) % len(LABELS)
    p = rng.dirichlet(np.full(len(LABELS), 0.3), 220)
    p[np.arange(220), truth] += strength * rng.random(220)
    return Judged(LABELS, p / p.sum(axis=1, keepdims=True), [LABELS[t] for t in truth])


@pytest.fixture
def world():
    rng = np.random.default_rng(5)
    first = make_classifier(1, state="replaced", activated_at=timezone.now())
    second = make_classifier(2, replaces=first, activated_at=timezone.now())
    ModelVersion.objects.update(
        class_list=freeze_class_list(LABELS), routed_at=timezone.now(), decision_reason="Better."
    )
    mine, other = judged(rng, 3.0), judged(rng, 1.5)
    times = 1240000000 + WEEK * (np.arange(220) % 9) * 1.0
    origins = Origins(["H1", "L1"] * 110, times, times[:40] + 3 * WEEK)
    Evaluation.objects.create(
        model_version=second,
        against=first,
        test_digest="0" * 64,
        figures=figures(mine)
        | {
            "by": by_groups(mine, origins),
            "thresholds": at_thresholds(mine, dict.fromkeys(LABELS[:15], 0.7)),
        },
        comparison=compare(mine, other),
    )
    shift = {"divergence": 0.214, "stability_index": 1.4, "p": 0.0005, "is_drift": True}
    for week, is_alert in ((2050, False), (2051, True)):
        DriftCheck.objects.create(
            model_version=second,
            week=week * WEEK,
            glitches=310,
            glitches_before=1204,
            measured={"classes": shift if is_alert else shift | {"divergence": 0.004, "p": 0.6}},
            is_alert=is_alert,
            words="The classes predicted moved: divergence 0.214 bits, stability index 1.40, "
            "p = 0.0005."
            if is_alert
            else "As in the weeks before.",
        )


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_figures_and_drift_break_no_rule_of_wcag(page, world, scheme):
    first, second = ModelVersion.objects.order_by("number")
    EvaluationRun.objects.create(model_version=second, against=first)
    ShadowTrial.objects.create(
        candidate=first,
        active=second,
        glitches_wanted=100,
        until=timezone.now(),
        started_at=timezone.now(),
    )
    log_in(page, "rosa", role="reviewer", level=6)
    found = {}
    for size in (DESK, PHONE):
        show(page, scheme, size)
        for address in (
            "models/classifier/2/judging/?against=1",
            "models/classifier/1/",
            "models/classifier/2/",
            "models/",
            "drift/",
        ):
            page.goto(f"/review/{address}")
            found[address, size["width"]] = faults(page)
    assert {place: broken for place, broken in found.items() if broken} == {}


def test_figures_are_looked_at_and_a_version_rolled_back(page, world):
    log_in(page, "rosa", role="reviewer", level=6)
    page.set_viewport_size(PHONE)
    page.goto("/review/models/classifier/2/judging/?against=1")
    assert page.evaluate(OVERFLOW) == 0
    expect(page.locator("h1")).to_have_text("How classifier 2 was judged")
    expect(page.locator("svg[role=img]")).to_have_count(4)
    page.click("a:has-text('Koi Fish')")
    expect(page.locator("#curves h2")).to_have_text("Koi Fish against the rest")
    page.goto("/review/drift/")
    assert page.evaluate(OVERFLOW) == 0
    page.click("text=I have seen it")
    expect(page.locator("tbody")).to_contain_text("seen by rosa")
    page.goto("/review/models/")
    assert page.evaluate(OVERFLOW) == 0
    page.click("text=Roll back to 1")
    expect(page.locator(".messages")).to_contain_text("classifier 1 is in use again")


def test_the_page_shows_by_itself_how_far_a_judging_is_and_its_figures(page, world):
    """Cancel keeps the keyboard's focus while the words beside it change."""
    EvaluationRun.objects.create(
        model_version=ModelVersion.objects.get(number=2),
        state=Run.State.RUNNING,
        stage="looking at the pictures",
        in_time=True,
    )
    Evaluation.objects.update(in_time=True)
    evaluation = Evaluation.objects.get()
    evaluation.delete()
    log_in(page, "rosa", role="reviewer", level=6)
    page.goto("/review/models/classifier/2/judging/?in_time=1")
    expect(page.locator("main")).to_contain_text("Not judged yet")
    bar = page.locator("#judging-run")
    expect(bar).to_contain_text("Being judged: looking at the pictures")
    page.focus("#cancel")
    EvaluationRun.objects.update(stage="judging on the gold test set", progress=0.9)
    expect(bar).to_contain_text("Being judged: judging on the gold test set")
    expect(page.locator("#cancel")).to_be_focused()
    expect(page.locator("noscript")).not_to_be_visible()
    evaluation.save(force_insert=True)
    EvaluationRun.objects.update(state=Run.State.SUCCEEDED)
    expect(page.locator("main")).to_contain_text("On 220 gold glitches")
    expect(page.locator("[hx-get]")).to_have_count(0)


def test_a_judging_is_cancelled_where_one_watches_it(page, world):
    version = ModelVersion.objects.get(number=2)
    run = EvaluationRun.objects.create(model_version=version, state=Run.State.RUNNING)
    log_in(page, "rosa", role="reviewer", level=6)
    page.goto("/review/models/classifier/2/")
    page.click("#cancel")
    expect(page.locator("main")).to_contain_text("was cancelled: the figures are as they were")
    expect(page.locator("[hx-get]")).to_have_count(0)
    run.refresh_from_db()
    assert run.state == Run.State.CANCELLED


def test_without_scripts_the_pages_say_how_to_follow(browser, page, world):
    """Two runs of judging under way; who has no scripts is told to reload."""
    version = ModelVersion.objects.get(number=2)
    EvaluationRun.objects.create(model_version=version, stage="looking at the pictures")
    LabelCheck.objects.create(state=Run.State.RUNNING, stage="comparing labels")
    log_in(page, "rosa", role="reviewer", level=6)
    context = browser.new_context(
        base_url=page.evaluate("location.origin"),
        java_script_enabled=False,
        storage_state=page.context.storage_state(),
    )
    with closing(context):
        reader = context.new_page()
        for address, stage in (
            ("models/classifier/2/judging/", "looking at the pictures"),
            ("labels/", "comparing labels"),
        ):
            reader.goto(f"/review/{address}")
            expect(reader.locator("main")).to_contain_text(stage)
            expect(reader.locator("main noscript")).to_be_visible()


def test_what_is_typed_outlives_the_end_of_a_run(page):
    """The page loads itself anew at the end of the judging, once nothing is typed in it."""
    second = make_classifier(2, state="kept_out")
    EvaluationRun.objects.create(model_version=second, state="running", stage="judging")
    log_in(page, "rosa", role="reviewer", level=6)
    page.goto("/review/models/classifier/2/")
    page.fill("#why", "it knows Koi Fish")
    EvaluationRun.objects.update(state="cancelled")
    expect(page.get_by_text("It has ended: what came of it is shown once")).to_be_visible()
    expect(page.locator("#why")).to_have_value("it knows Koi Fish")
    page.fill("#why", "")
    expect(page.locator("#main")).to_contain_text("was cancelled: the figures are as they were")
    expect(page.locator("#judging-run")).to_have_count(0)


def test_a_choice_that_nobody_has_changed_holds_no_page_up(page):
    first, second = make_classifier(1, state="replaced"), make_classifier(2)
    EvaluationRun.objects.create(model_version=second, against=first, state="running")
    log_in(page, "rosa", role="reviewer", level=6)
    page.goto("/review/models/classifier/2/judging/?against=1")
    expect(page.locator("#against")).to_have_value("1")
    EvaluationRun.objects.update(state="cancelled")
    expect(page.locator("#main")).to_contain_text("was cancelled: the figures are as they were")
