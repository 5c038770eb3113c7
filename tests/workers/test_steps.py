"""What a page shows of a stage while its loops tell how far they are."""

from workers.steps import Steps


def test_a_stage_says_what_was_done_of_how_many_and_how_long_the_rest_takes():
    """Each row: the clock, what the loop tells, and what is shown; None: the last words stay."""
    now = [0.0]
    steps = Steps("looking at the pictures", 0.1, 0.5, clock=lambda: now[0])
    for clock, told, shown in (
        (100.0, ("read", 8, 408), ("looking at the pictures: read 8 of 408", 0.1 + 0.4 * 8 / 408)),
        (100.5, ("read", 16, 408), None),
        (110.0, ("read", 108, 408), (  # 100 in 10 s
            "looking at the pictures: read 108 of 408, about 30 s left", 0.1 + 0.4 * 108 / 408)),
        (140.0, ("read", 408, 408), ("looking at the pictures: read 408 of 408", 0.5)),
        (140.1, ("read", 0, 60), ("looking at the pictures: read 0 of 60", 0.1)),
        (200.1, ("read", 10, 60), (  # 10 in 60 s: another pass, another pace
            "looking at the pictures: read 10 of 60, about 5 min left", 0.1 + 0.4 * 10 / 60)),
    ):  # fmt: skip
        now[0] = clock
        assert steps.told(*told) == shown
