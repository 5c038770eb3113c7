from labeling.progress import time_left


def test_how_long_it_will_take_is_said():
    assert time_left(None, 5) == ""
    assert time_left(3.0, 5) == ", at most 15 s left"
    assert time_left(60.0, 5) == ", at most 5 min left"
    assert time_left(600.0, 24) == ", at most 4 h left"
    assert time_left(60.0, 0) == ""
    assert time_left(60.0, 5, "about") == ", about 5 min left"
