"""The embedded servers: data that last, one owner, a way back from every kill."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from labeling import embedded
from labeling.embedded import EmbeddedError, child, start_postgres, start_valkey, state
from labeling.embedded import postgres as postgres_module
from labeling.embedded import valkey as valkey_module

VARIABLES = ("DATABASE_URL", "REDIS_URL")


@pytest.fixture
def unset(monkeypatch, tmp_path) -> Path:
    """No server by environment; NOTA_VAR is an empty folder."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NOTA_VAR", str(tmp_path))
    return tmp_path


def ask(url: str, sql: str) -> object:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()[0] if cursor.description else None
    finally:
        connection.close()


def start_owner(folder: Path) -> "subprocess.Popen[str]":
    owner = subprocess.Popen(
        [sys.executable, "-m", "tests.labeling.embedded.owner", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert owner.stdout.readline() == "up\n"
    return owner


def kill(owner: "subprocess.Popen[str]") -> None:
    owner.kill()
    owner.communicate()


def test_data_survive_a_stop_and_pgvector_is_there(tmp_path):
    # Deeper than a socket's path may be (107 bytes), and with characters that need quoting.
    folder = tmp_path / 'a clone\'s "földer"' / ("deep" * 40)
    with start_postgres(folder) as postgres, start_valkey(folder) as valkey:
        ask(postgres.url, "create extension vector")
        ask(postgres.url, "create table kept as select '[3,4]'::vector as v")
        redis.Redis.from_url(valkey.url).rpush("default", "message")
    assert embedded.running_urls(folder) == (None, None)
    with start_postgres(folder) as postgres, start_valkey(folder) as valkey:
        assert ask(postgres.url, "select v <-> '[0,0]' from kept") == 5.0
        assert redis.Redis.from_url(valkey.url).lrange("default", 0, -1) == [b"message"]


def test_a_second_process_attaches_and_does_not_stop_what_it_does_not_own(tmp_path):
    owner = start_owner(tmp_path)
    try:
        urls = embedded.running_urls(tmp_path)
        with start_postgres(tmp_path) as postgres, start_valkey(tmp_path) as valkey:
            assert (postgres.url, valkey.url) == urls
            assert not postgres.is_owner
        assert ask(urls.database, "select 1") == 1
        assert embedded.running_urls(tmp_path) == urls
        owner.communicate("", timeout=30)
        assert embedded.running_urls(tmp_path) == (None, None)
    finally:
        kill(owner)


@pytest.mark.parametrize("module", [postgres_module, valkey_module])
def test_interrupted_while_a_server_comes_up_none_is_left(tmp_path, monkeypatch, module):
    """A Ctrl-C there finds no handle yet that would be closed."""
    begun = []

    def interrupted(server, seconds):
        begun.append(server)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_answers", interrupted)
    start = start_postgres if module is postgres_module else start_valkey
    with pytest.raises(KeyboardInterrupt):
        start(tmp_path, durable=False)
    assert [one.is_running() for one in begun] == [False]
    assert state.load(tmp_path, module.KIND) is None


def test_after_a_killed_owner_the_next_one_owns_and_truly_stops(tmp_path):
    owner = start_owner(tmp_path)
    urls = embedded.running_urls(tmp_path)
    kill(owner)
    with start_postgres(tmp_path) as postgres, start_valkey(tmp_path) as valkey:
        assert (postgres.url, valkey.url) == urls
        assert postgres.is_owner
        pids = [state.load(tmp_path, kind).pid for kind in ("postgres", "valkey")]
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_lost_state_file_is_not_a_lost_server(tmp_path):
    owner = start_owner(tmp_path)
    ask(embedded.running_urls(tmp_path).database, "create table kept as select 1 as x")
    pids = [state.load(tmp_path, kind).pid for kind in ("postgres", "valkey")]
    kill(owner)
    for kind in ("postgres", "valkey"):
        state.forget(tmp_path, kind)
    with start_postgres(tmp_path) as postgres, start_valkey(tmp_path):
        assert ask(postgres.url, "select x from kept") == 1
        assert not any(psutil.pid_exists(pid) for pid in pids)


def test_killed_servers_come_back_with_their_data(tmp_path):
    postgres = start_postgres(tmp_path)
    ask(postgres.url, "create table kept as select 7 as x")
    os.kill(state.load(tmp_path, "postgres").pid, signal.SIGKILL)
    postgres._process.wait()
    with start_postgres(tmp_path) as again:
        assert ask(again.url, "select x from kept") == 7


def test_a_pid_that_is_somebody_elses_by_now_stops_neither_start_nor_that_process(tmp_path):
    start_postgres(tmp_path, durable=False).stop()
    lock = tmp_path / "postgres" / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{tmp_path}/postgres\n0\n5432\n\nlocalhost\n0 0\nready\n")
    with start_postgres(tmp_path) as postgres:
        assert ask(postgres.url, "select 1") == 1


def test_a_half_made_cluster_is_made_anew(tmp_path):
    (tmp_path / "postgres.new" / "base").mkdir(parents=True)
    with start_postgres(tmp_path, durable=False) as postgres:
        assert ask(postgres.url, "select 1") == 1


def test_another_version_is_refused_with_what_to_do(tmp_path):
    start_postgres(tmp_path, durable=False).stop()
    (tmp_path / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedError, match="made by Postgres 9") as refused:
        start_postgres(tmp_path)
    assert refused.value.code == "postgres_version"


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent death signal is Linux's")
def test_servers_of_a_killed_test_run_end_with_it(tmp_path):
    script = (
        "import sys, pathlib; from labeling.embedded import *;"
        "f = pathlib.Path(sys.argv[1]);"
        "a = start_postgres(f, durable=False, die_with_parent=True);"
        "b = start_valkey(f, durable=False, die_with_parent=True);"
        "print('up', flush=True); sys.stdin.read()"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    owner.stdout.readline()
    pids = [state.load(tmp_path, kind).pid for kind in ("postgres", "valkey")]
    kill(owner)
    until = time.monotonic() + 20
    while any(psutil.pid_exists(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_no_folder_above_is_opened_and_no_secret_readable(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    folder = closed / "var"
    with start_postgres(folder, durable=False), start_valkey(folder, durable=False):
        secrets = ("run/postgres.json", "run/valkey.json", "valkey/valkey.conf")
        modes = [stat.S_IMODE((folder / name).stat().st_mode) for name in secrets]
        assert modes == [0o600, 0o600, 0o600]
        assert stat.S_IMODE((folder / "postgres").stat().st_mode) == 0o700
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's Postgres runs as another account")
def test_root_may_keep_even_the_programs_in_a_closed_folder(tmp_path, monkeypatch):
    package = postgres_module.programs().parent.parent
    for name in (package.name, f"{package.name}.libs"):
        shutil.copytree(package.with_name(name), tmp_path / name)
    monkeypatch.setattr(
        postgres_module, "programs", lambda: tmp_path / package.name / "pginstall" / "bin"
    )
    tmp_path.chmod(0o700)
    with start_postgres(tmp_path / "var", durable=False) as postgres:
        status = ask(postgres.url, "select pg_read_file('/proc/self/status')")
    words = {line.split()[0]: line.split()[1] for line in status.splitlines() if line.split()[1:]}
    assert words["Uid:"] != "0"
    assert int(words["CapEff:"], 16) == 1 << child.CAP_DAC_OVERRIDE
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_without_that_capability_the_error_says_what_to_do(tmp_path):
    def refuse() -> None:
        raise OSError

    with pytest.raises(EmbeddedError, match="open to others") as refused:
        child.spawn(["true"], cwd=tmp_path, log=tmp_path / "log", prepare=refuse)
    assert refused.value.code == "no_passage"


def test_a_wrong_password_is_refused(tmp_path):
    with start_postgres(tmp_path, durable=False) as postgres:
        user, _, rest = postgres.url.rpartition("@")
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(f"{user}x@{rest}")
    with start_valkey(tmp_path, durable=False) as valkey:
        user, _, rest = valkey.url.rpartition("@")
        with pytest.raises(redis.AuthenticationError):
            redis.Redis.from_url(f"{user}x@{rest}").ping()


@pytest.mark.parametrize(
    ("tell", "code", "variable"),
    [
        (embedded.database_url, "no_database", "DATABASE_URL"),
        (embedded.redis_url, "no_broker", "REDIS_URL"),
        (embedded.broker_url, "no_broker", "REDIS_URL"),
    ],
)
def test_nothing_running_says_what_to_do(unset, tell, code, variable):
    with pytest.raises(EmbeddedError, match=f"make servers.*or set {variable}") as missing:
        tell()
    assert missing.value.code == code


@pytest.mark.parametrize(
    ("given", "redis_py", "celery"),
    [
        ("redis://h:1/0", "redis://h:1/0", "redis://h:1/0"),
        ("unix:///s.sock", "unix:///s.sock", "redis+socket:///s.sock"),
        ("redis+socket:///s.sock", "unix:///s.sock", "redis+socket:///s.sock"),
    ],
)
def test_the_environment_comes_first_in_either_form(unset, monkeypatch, given, redis_py, celery):
    monkeypatch.setenv("REDIS_URL", given)
    monkeypatch.setenv("DATABASE_URL", "postgres://u@h/d")
    assert embedded.redis_url() == redis_py
    assert embedded.broker_url() == celery
    assert embedded.database_url() == "postgres://u@h/d"


def test_the_foreground_program_stops_on_ctrl_c(unset):
    program = subprocess.Popen(
        [sys.executable, "-m", "labeling.embedded"],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    told = [program.stdout.readline() for _line in range(3)]
    assert [line.split("=")[0] for line in told[:2]] == ["DATABASE_URL", "REDIS_URL"]
    assert embedded.database_url() == told[0].strip().partition("=")[2]
    program.send_signal(signal.SIGINT)
    rest, _ = program.communicate(timeout=30)
    assert program.returncode == 0
    assert rest == "Stopping the servers.\n"
    assert embedded.running_urls(unset) == (None, None)
