"""What a page shows of a stage while its loops tell how far they are."""

import re
from itertools import chain
from pathlib import Path

import pytest

from labeling.progress import time_left
from labeling.words import STAGES, stage
from tests.labeling.pseudo import plain_words
from workers.steps import EpochSteps, Steps


def test_a_stage_says_what_was_done_of_how_many_and_how_long_the_rest_takes():
    """Each row: the clock, what the loop tells, and what is shown; None: the last words stay."""
    now = [0.0]
    steps = Steps("looking at the pictures", 0.1, 0.5, clock=lambda: now[0])
    for clock, told, shown in (
        (100.0, ("read", 8, 408, 0.01), ("looking at the pictures: read 8 of 408", 0.104)),
        (100.5, ("read", 16, 408, 0.02), None),
        (110.0, ("read", 108, 408, 0.2), (  # 100 in 10 s
            "looking at the pictures: read 108 of 408, about 30 s left", 0.18)),
        (140.0, ("read", 408, 408, 0.5), ("looking at the pictures: read 408 of 408", 0.3)),
        (140.1, ("read", 0, 60, 0.5), None),  # as soon after the last words as any other
        (200.1, ("read", 10, 60, 0.6), (  # 10 in 60 s: another pass, another pace
            "looking at the pictures: read 10 of 60, about 5 min left", 0.34)),
        (210.0, ("read", 60, 60, 0.8), ("looking at the pictures: read 60 of 60", 0.42)),
        (220.0, ("read", 20, 60, 0.9), ("looking at the pictures: read 20 of 60", 0.46)),
        (230.0, ("read", 40, 60, 1.0), (  # and so is one over as many: 20 in 10 s
            "looking at the pictures: read 40 of 60, about 10 s left", 0.5)),
    ):  # fmt: skip
        now[0] = clock
        found = steps.told(*told)
        assert found == (shown and (shown[0], pytest.approx(shown[1])))


@pytest.mark.parametrize(
    ("seconds", "rows"),
    [
        (  # unknown before the first epoch: the others take as long as this one seems to
            None,
            [
                (0.0, 10, ""),
                (20.0, 20, ", at most 6 min left"),  # 2 s each: 80 of 100 here, and another 100
                (180.0, 100, ", at most 3 min left"),
            ],
        ),
        (  # 60 s by those before, which judging is a part of; here 2 s each
            60.0,
            [
                (0.0, 10, ", at most 2 min left"),  # 90 % of 60 s, and another 60 s
                (40.0, 30, ", at most 3 min left"),  # 70 x 2 s + 60 s
                (180.0, 100, ", at most 60 s left"),
            ],
        ),
    ],
)
def test_an_epoch_says_how_long_all_that_follow_take_at_most(seconds, rows):
    now = [0.0]
    steps = EpochSteps("epoch 2 of 3", 0.4, 0.6, 1, seconds, clock=lambda: now[0])
    for clock, done, left in rows:
        now[0] = clock
        words = f"epoch 2 of 3: learned from {done} of 100{left}"
        assert steps.told("learned from", done, 100, done / 100) == (
            words,
            pytest.approx(0.4 + 0.2 * done / 100),
        )


def test_the_end_of_the_last_epoch_has_no_time_left():
    steps = EpochSteps("epoch 3 of 3", 0.6, 0.8, 0, 60.0, clock=lambda: 1.0)
    assert steps.told("learned from", 9, 9, 1.0) == ("epoch 3 of 3: learned from 9 of 9", 0.8)


@pytest.mark.parametrize("seconds", [None, 600.0])
def test_looking_after_learning_counts_too(seconds):
    """Learning is .8 of an epoch of 10 min, of which one more follows: of 20 min each row leaves
    what the clock has not used."""
    now = [0.0]
    steps = EpochSteps("epoch 1 of 2", 0.1, 0.5, 1, seconds, clock=lambda: now[0])
    steps.told("learned from", 0, 30, 0.0)
    for clock, words, done, of, share, left, shown in (
        (240.0, "learned from", 15, 30, 0.4, 16, 0.26),
        (480.0, "learned from", 30, 30, 0.8, 12, 0.42),
        (540.0, "looked through", 5, 10, 0.9, 11, 0.46),
        (600.0, "looked through", 10, 10, 1.0, 10, 0.5),
    ):
        now[0] = clock
        assert steps.told(words, done, of, share) == (
            f"epoch 1 of 2: {words} {done} of {of}, at most {left} min left",
            pytest.approx(shown),
        )


def said_by(pattern, *folders):
    """What the code of these folders says in such a call, 7 for each figure and name."""
    files = chain.from_iterable(Path(folder).rglob("*.py") for folder in folders)
    found = {words for file in files for words in re.findall(pattern, file.read_text())}
    assert found
    return {re.sub(r"{[^}]*}", "7", words.removesuffix("{left}")) for words in found}


def test_every_stage_and_step_is_shown_in_the_readers_words(language):
    """Whatever a worker reports and a loop tells, with and without the time left."""
    stages = said_by(r'\breport\(\s*f?"([^"]+)"', "workers")
    assert set(STAGES) >= {one for one in stages if "7" not in one}
    steps = said_by(r'\btell\(\s*"([^"]+)"', "ml")
    times = [time_left(x, 1, about) for x in (2, 200, 20000) for about in ("at most", "about")]
    shown = [
        stage(words + left)
        for head in stages
        for words in (head, *(f"{head}: {what} 4 of 12" for what in steps))
        for left in ("", *times)
    ]
    assert [words for words in shown if plain_words(words, [])] == []
