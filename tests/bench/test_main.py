"""The list of the benchmarks."""

from bench.__main__ import benchmarks


def test_every_benchmark_is_listed():
    named = set(benchmarks())
    assert {"python -m bench.loop", "python -m bench.votes", "python -m bench.predict"} <= named
    assert "python -m bench.votes_load" not in named
