"""When beat sends what. Sweeps expire before the next one, and so do the messages that they send:
what a worker finds when it has time is what is wanted then.
"""

from labeling import jobs
from labeling.celery import app

EVERY_SECONDS = {
    jobs.SWEEP_RUNS: 10,
    jobs.SWEEP_LEASES: 15,
    jobs.SWEEP_SCORES: 20,
    jobs.SWEEP_BATCHES: 15,
    jobs.SWEEP_TRIALS: 30,
    jobs.SWEEP_RETRAINING: 30,
    jobs.SWEEP_DRIFT: 600,
    jobs.SWEEP_POLICIES: 30,
    jobs.SWEEP_LOOKS: 60,
    jobs.SWEEP_PICKS: 20,
    jobs.SWEEP_AUDIT: 60,
    jobs.REFRESH_PRIORS: 120,
    jobs.SWEEP_WHOLE: 600,
    jobs.SWEEP_VISITS: 3600,
    jobs.SWEEP_SKETCHES: 60,
    jobs.SWEEP_CACHE: 3600,
    jobs.SWEEP_TRAININGS: 3600,
    jobs.COUNT_ANSWERS: 300,
    jobs.REFRESH_SKILL_PRIOR: 600,
    jobs.REFIT_SKILLS: 1800,
    jobs.PRUNE_SKILLS: 3600,
}

app.conf.beat_schedule = {
    name: {
        "task": name,
        "schedule": float(seconds),
        "options": {"queue": jobs.QUEUES.get(name, "default"), "expires": seconds},
    }
    for name, seconds in EVERY_SECONDS.items()
}
