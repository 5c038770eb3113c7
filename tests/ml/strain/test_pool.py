"""Work over processes: all of it, with threads held to one, and errors that come back."""

import os

import pytest

from ml.strain.pool import run_in_processes


def square(number: int) -> tuple[int, str | None]:
    if number < 0:
        raise ValueError("negative")
    return number**2, os.environ.get("OMP_NUM_THREADS")


@pytest.mark.parametrize("processes", [1, 2])
def test_every_call_is_made_once(processes: int) -> None:
    results = run_in_processes(square, [(1,), (2,), (3,)], processes)
    assert sorted(result for result, _ in results) == [1, 4, 9]


def test_children_have_one_thread_and_the_caller_keeps_its_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    assert [threads for _, threads in run_in_processes(square, [(1,), (2,)], 2)] == ["1", "1"]
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


@pytest.mark.parametrize("processes", [1, 2])
def test_an_error_comes_back(processes: int) -> None:
    with pytest.raises(ValueError, match="negative"):
        list(run_in_processes(square, [(1,), (-1,), (2,)], processes))
