"""The tasks of skills: each calls its service, and pruning sends for the next volunteers."""

import pytest

from labeling import jobs
from labeling.models import Glitch, SkillRefit, User
from tests.conftest import make_glitch
from tests.labeling.crowds import at_once, cast
from workers import skills

pytestmark = pytest.mark.django_db


def test_on_a_site_without_answers_there_is_nothing_to_do(taxonomy):
    assert skills.count_answers() == 0
    assert skills.refresh_prior() is None
    skills.refit()
    assert not SkillRefit.objects.exists()


def test_answers_are_counted(taxonomy):
    glitch = make_glitch(1)
    for name in ("ada", "ben"):
        cast(at_once(name), glitch, "Blip")
    Glitch.objects.update(retired_at="2026-01-02T00:00Z")
    assert skills.count_answers() == 1
    assert User.objects.get(username="ada").skill.agreed.answers == 1


def test_pruning_goes_on_with_the_next_volunteers_until_there_are_none(taxonomy, monkeypatch):
    sent = []
    monkeypatch.setattr(jobs, "send_now", lambda name, **ids: sent.append((name, ids)))
    monkeypatch.setattr(skills, "prune_some_skills", lambda after, now: 7 if after == 0 else None)
    skills.prune()
    assert sent == [(jobs.PRUNE_SKILLS, {"after": 7})]
    skills.prune(after=7)
    assert len(sent) == 1
