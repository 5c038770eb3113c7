"""The compose file, the image and the Makefile say what the demo does, and hold no secret."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.commands import commands, environment, here, processes
from labeling import jobs

ROOT = Path(__file__).resolve().parents[2]
OWN = {
    "web": "web",
    "worker": "worker",
    "worker-gpu": "worker-gpu",
    "worker-gpu-on-cpu": "worker-gpu",
    "worker-predictions": "worker-predictions",
    "worker-predictions-on-cpu": "worker-predictions",
    "worker-looks": "worker-looks",
    "beat": "beat",
    "migrate": "migrate",
}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def test_the_compose_file_keeps_its_schema():
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*check, "docker-compose.yml"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("service", "name"), OWN.items())
def test_each_command_is_the_one_that_the_demo_runs(services, service, name):
    assert tuple(shlex.split(services[service]["command"])) == commands()[name]


def test_every_command_of_the_table_has_its_service(services):
    assert set(commands()) == set(OWN.values())
    assert set(services) == set(OWN) | {"postgres", "redis"}


def test_the_image_starts_the_site_when_told_nothing():
    told = re.search(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert tuple(yaml.safe_load(told[1])) == commands()["web"]


def test_here_runs_the_same_with_this_python():
    assert here(("celery", "-A", "x")) == (sys.executable, "-m", "celery", "-A", "x")
    assert here(("python", "manage.py")) == (sys.executable, "manage.py")


@pytest.mark.parametrize("service", [*OWN, "postgres", "redis"])
def test_every_lasting_service_is_watched_and_started_again(services, service):
    told = services[service]
    if service == "migrate":  # runs once
        assert told["restart"] == "no"
        return
    assert told["restart"] == "unless-stopped"
    if service != "web":  # the image's own
        assert told["healthcheck"]["test"]


@pytest.mark.parametrize("service", sorted(set(OWN) - {"migrate"}))
def test_what_needs_the_tables_waits_for_them(services, service):
    waits = services[service]["depends_on"]
    assert waits["migrate"]["condition"] == "service_completed_successfully"
    assert services["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"


def test_every_queue_has_a_worker_and_people_wait_behind_no_training():
    served = {name: told[told.index("-Q") + 1] for name, told in commands().items() if "-Q" in told}
    assert served == {
        "worker": "default",
        "worker-gpu": "gpu",
        "worker-predictions": "predictions",
        "worker-looks": "looks",
    }
    assert set(jobs.ALL_QUEUES) == set(served.values())
    assert jobs.QUEUES[jobs.LOOK] == "looks"
    assert [name for name, queue in jobs.QUEUES.items() if queue == "looks"] == [jobs.LOOK]


def test_new_glitches_are_predicted_beside_a_training():
    predicting = (jobs.SCORE_GLITCHES, jobs.EVALUATE, jobs.FOLLOW_TRIAL)
    assert {jobs.QUEUES[name] for name in predicting} == {"predictions"}
    training = (jobs.RUN_TRAINING, jobs.RUN_DISCOVERY, jobs.CHECK_LABELS)
    assert {jobs.QUEUES[name] for name in training} == {"gpu"}


def test_the_demo_serves_every_queue_with_torch_in_two_processes(tmp_path):
    told = environment(tmp_path, port=8000, database_url="postgres://x", redis_url="redis://x")
    argvs = [one.argv for one in processes(tmp_path, port=8000, settings=told)]
    served = [argv[argv.index("-Q") + 1] for argv in argvs if "-Q" in argv]
    assert served == ["default", "gpu,predictions", "looks"]


@pytest.mark.parametrize("name", ["worker-gpu", "worker-predictions"])
def test_what_computes_is_served_by_one_of_two_profiles(services, name):
    assert services[name]["profiles"] == ["gpu"]
    assert services[f"{name}-on-cpu"]["profiles"] == ["cpu"]
    devices = services[name]["deploy"]["resources"]["reservations"]["devices"]
    assert devices[0]["capabilities"] == ["gpu"]
    assert "deploy" not in services[f"{name}-on-cpu"]


@pytest.mark.parametrize("service", [name for name in OWN if name.startswith("worker")])
def test_a_worker_is_asked_for_by_its_own_name(services, service):
    """The ping names the one worker whose container asks."""
    command = shlex.split(services[service]["command"])
    name = command[command.index("-n") + 1].removesuffix("@%h")
    assert f"--destination {name}@$$HOSTNAME" in services[service]["healthcheck"]["test"][1]


def test_without_a_choice_it_is_the_cpu():
    assert "COMPOSE_PROFILES=cpu" in (ROOT / ".env.example").read_text().splitlines()


def test_no_secret_has_a_default(services):
    for service in OWN:
        environment = services[service]["environment"]
        assert environment["SECRET_KEY"].startswith("${SECRET_KEY:?")
        assert "${POSTGRES_PASSWORD:?" in environment["DATABASE_URL"]
        assert "DEBUG" not in environment
    assert services["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith("${")
    example = (ROOT / ".env.example").read_text().splitlines()
    assert {"SECRET_KEY=", "POSTGRES_PASSWORD="} <= set(example)


def test_every_variable_of_the_compose_file_is_explained():
    asked = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    told = set(re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert asked <= told


@pytest.mark.parametrize("service", OWN)
def test_every_setting_can_be_given_in_env(services, service):
    """What stands under ``environment`` wins: no setting that a site may choose is pinned there."""
    assert services[service]["env_file"] == [{"path": ".env", "required": False}]
    table = (ROOT / "docs" / "operations.md").read_text()
    settings = set(re.findall(r"`(NOTA_[A-Z_]+)`", table))
    pinned = {name for name in services[service]["environment"] if name in settings}
    assert pinned == {"NOTA_VAR", "NOTA_WEIGHTS"}  # both in the volume


def test_weights_lie_in_the_volume_that_site_and_workers_share(services):
    for service in OWN:
        told = services[service]["environment"]
        for name in ("NOTA_WEIGHTS", "TORCH_HOME", "HF_HOME"):
            assert told[name].startswith(told["NOTA_VAR"] + "/")
        assert services[service]["volumes"] == ["var:/app/var"]


def test_an_image_keeps_its_code_version_where_env_names_none():
    assert "NOTA_CODE_VERSION=" not in (ROOT / ".env.example").read_text().splitlines()


def test_the_image_has_stages_a_user_and_a_health_check():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    words = [line.split() for line in lines if line and not line.startswith(("#", " "))]
    assert [word[0] for word in words].count("FROM") == 2
    users = [word[1] for word in words if word[0] == "USER"]
    assert users[-1] not in ("root", "0")
    assert any(word[0] == "HEALTHCHECK" for word in words)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned(name):
    lines = [line.strip() for line in (ROOT / name).read_text().splitlines()]
    kept = [line for line in lines if line and not line.startswith("#")]
    pinned = re.compile(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*( ; .+)?")
    assert [line for line in kept if not pinned.fullmatch(line)] in ([], ["-r requirements.txt"])


@pytest.mark.parametrize(
    "target",
    ["help", "venv", "install", "demo", "demo-reset", "test", "servers", "lint", "screenshots"],
)
def test_make_knows_the_target(target):
    done = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_make_passes_the_demo_its_arguments_whatever_they_hold():
    variables = ["DATA=my 'own\" folder", "HOLD_OUT=Whistle", "PORT=8080"]
    assert _make_demo(variables) == "-m demo --data my 'own\" folder --hold-out Whistle --port 8080"


def _make_demo(variables: list[str]) -> str:
    """What `make demo` would run, with `echo` in Python's place."""
    command = ["make", "--silent", "--assume-old=.venv/installed", "demo", "PY=echo", *variables]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
