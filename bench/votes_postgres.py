"""What bare Postgres does with a cycle's statements: pgbench on the rows of ``bench.votes``."""


def postgres_cycles_per_s(seconds: float) -> float | None:
    """Not measured yet: None."""
    return None
