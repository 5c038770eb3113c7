"""Celery tasks, one module a room; importing this registers them all.

Tasks are thin: claim, call, store. torch is imported inside the tasks that need it, so that beat
and the default worker start without it.
"""

from workers import (
    batches,
    discovery,
    judging,
    label_checks,
    looking,
    picks,
    policies,
    schedule,
    scoring,
    skills,
    sweeps,
    training,
)

__all__ = [
    "batches",
    "discovery",
    "judging",
    "label_checks",
    "looking",
    "picks",
    "policies",
    "schedule",
    "scoring",
    "skills",
    "sweeps",
    "training",
]
