"""Small worlds that many tests start from."""

import hashlib
import io
import time
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import trans_real
from PIL import Image

from labeling.models import Glitch, GlitchClass, User, Workflow
from labeling.services.classes import load_gravity_spy
from labeling.services.imports import NewGlitch, import_glitch
from labeling.services.skills import learn_gold_answer, write_learned
from ml.query.streams import STREAMS
from tests.labeling.pseudo import PseudoLanguage

# A slow machine is no fault of the code.
hypothesis.settings.register_profile("nota", deadline=None)
hypothesis.settings.load_profile("nota")


def make_picture(seed: int = 0, size: tuple[int, int] = (64, 48)) -> bytes:
    """A small grey PNG whose content depends on the seed alone."""
    noise = np.random.default_rng(seed).integers(0, 80, size=(size[1], size[0]), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, format="PNG")
    return buffer.getvalue()


def make_glitch(number: int, gold_label: str | None = None, **fields) -> Glitch:
    """Import glitch ``number``: its id is the number in ten digits, its picture follows it."""
    new = NewGlitch(
        gravityspy_id=f"{number:010d}",
        ifo="H1",
        pictures={4.0: make_picture(number)},
        gold_label=gold_label,
        **fields,
    )
    return import_glitch(new, by=None)[0]


def write_weights(name: str) -> str:
    """A file of this name in the models folder of the test, whatever it holds; its SHA-256."""
    path = Path(settings.MODELS_FOLDER) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(name.encode())
    return hashlib.sha256(name.encode()).hexdigest()


def make_volunteer(name: str = "ada", **fields) -> User:
    return User.objects.create_user(name, password="a-long-password-1", **fields)


def teach(volunteer: User, truth: GlitchClass, voted: GlitchClass, answers: int) -> None:
    """Give the volunteer so many answers on gold."""
    for _ in range(answers):
        learn_gold_answer(volunteer, truth, voted, timezone.now())
        write_learned(volunteer)


def only_stream(stream: str) -> None:
    """Let every level draw this stream alone; gold keeps its schedule."""
    shares = {name: float(name == stream) for name in STREAMS}
    Workflow.objects.update(streams=shares)


def wait_for_a_lock() -> None:
    """Return once a second transaction of this database stands before the first one's lock."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    for _ in range(1200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # kept for a whole transaction
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("nobody waits")


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path):
    """Pictures, weights and caches of each test in a folder of its own."""
    settings.PICTURES_FOLDER = tmp_path / "pictures"
    settings.MODELS_FOLDER = tmp_path / "models"
    settings.CACHE_FOLDER = tmp_path / "cache"
    settings.LOOKS_FOLDER = tmp_path / "looks"
    settings.TAXONOMY_SECONDS = 0  # every test has a taxonomy of its own
    settings.HOME_SECONDS = 0  # and counts its own site
    settings.STATIC_ROOT = tmp_path  # whitenoise warns of a folder that is not there
    # Real hashing takes a third of a second for each account.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def taxonomy(db) -> dict[str, GlitchClass]:
    """Gravity Spy's 22 classes and six levels."""
    load_gravity_spy()
    return {c.label: c for c in GlitchClass.objects.all()}


@pytest.fixture
def language():
    """The site's English in other letters."""
    found = PseudoLanguage()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(trans_real._translations, "en", found)
        patch.setattr(trans_real, "_default", None)  # made of the above at its first use, and kept
        yield found
    trans_real.deactivate()
