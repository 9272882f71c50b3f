"""The server as a process: several on one socket, restarts, its parent, what Kong reads of it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kong_plugins.runtime.instance_ids import InstanceIds
from tests.kong.driver.kong import KongSide
from tests.kong.driver.request import SimRequest
from tests.kong.running import BINARIES, ours

SERVER = str(BINARIES / "gateline-kong-server")
KEY = [(b"x-api-key", b"secret")]


def test_several_processes_serve_one_instance(tmp_path: Path, faulty: Path, protocol: str) -> None:
    """Kong's pool mixes its connections: an instance of one process and a step of its event may come to another."""
    with ours(tmp_path, faulty, protocol, "--processes", "3") as running:
        kong = KongSide(str(running.path), protocol)
        assert kong.request(SimRequest(headers=KEY), {"mode": "key"}, "faulty").status == 200
        seen: set[int] = set()
        lock = threading.Lock()

        def lane() -> None:
            worker = KongSide(str(running.path), protocol)
            worker.pool, worker.running = kong.pool, kong.running  # coroutines of one worker share both
            for number in range(40):
                sim = SimRequest(headers=KEY if number % 2 else [])
                status = worker.request(sim, {"mode": "key"}, "faulty").status
                with lock:
                    seen.add(status if status != (200 if number % 2 else 401) else 0)

        threads = [threading.Thread(target=lane) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == {0}
        assert kong.pool.opened > 3
        assert kong.request(SimRequest(headers=KEY), {"mode": "raises"}, "faulty").status == 500
        kong.close()


def test_a_process_that_dies_is_started_again(tmp_path: Path, faulty: Path, protocol: str) -> None:
    """The socket never goes away, and Kong's second try does not take the other process down."""
    with ours(tmp_path, faulty, protocol, "--processes", "2") as running:
        kong = KongSide(str(running.path), protocol)
        if protocol == "protobuf":
            view = kong.request(SimRequest(), {"mode": "dies"}, "faulty")
            assert (view.status, view.endless, view.retries) == (500, False, 1)
        else:
            kong.request(SimRequest(), {"mode": "dies"}, "faulty")  # Kong lets it pass; the fence is its matter
        until = time.monotonic() + 10
        while running.text().count("ready on") < 3 and time.monotonic() < until:
            time.sleep(0.05)
        assert running.text().count("it starts again") == 1
        assert kong.request(SimRequest(headers=KEY), {"mode": "key"}, "faulty").status == 200
        kong.close()
        assert running.end() == 0
        assert not running.path.exists()


def test_instance_ids_are_never_used_twice(tmp_path: Path, faulty: Path, protocol: str) -> None:
    """Over a restart, an id of before is unknown: else another configuration would answer."""
    with ours(tmp_path, faulty, protocol) as running:
        ids: list[int] = []
        for _ in range(3):
            kong = KongSide(str(running.path), protocol)
            for mode in ("key", "raises"):
                kong.request(SimRequest(), {"mode": mode}, "faulty")
            ids += [found.id for found in kong.running._by_key.values()]
            kong.close()
            running.end(signal.SIGKILL)
            running.start()
        assert len(set(ids)) == len(ids) == 6


def test_instance_ids_of_many_processes_differ(tmp_path: Path) -> None:
    """Blocks are taken under a lock; a lost file is made up for by the clock."""
    takers = [InstanceIds(tmp_path / "ids") for _ in range(4)]
    taken = [taker.take() for _ in range(200) for taker in takers]
    assert len(set(taken)) == 800
    (tmp_path / "ids").unlink()
    assert 0 < InstanceIds(tmp_path / "ids").take() < 1 << 31


def test_a_new_server_takes_the_socket_over(tmp_path: Path, faulty: Path, protocol: str) -> None:
    """Kong's reload starts the new one before the old one ends: the path always leads to a server."""
    with ours(tmp_path, faulty, protocol) as old, ours(tmp_path, faulty, protocol) as new:
        assert old.end() == 0
        assert new.path.exists()
        kong = KongSide(str(new.path), protocol)
        assert kong.request(SimRequest(headers=KEY), {"mode": "key"}, "faulty").status == 200
        kong.close()


def test_it_ends_with_its_parent_unless_told_otherwise(tmp_path: Path, faulty: Path) -> None:
    """Kong's worker is its parent; a server of a container or of systemd stands alone."""
    pids: dict[str, int] = {}
    for name, option in (("child", []), ("alone", ["--standalone"])):
        command = [SERVER, "-d", str(faulty), "--socket", str(tmp_path / name), *option]
        quiet = "stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL"
        until_there = f"while not os.path.exists({str(tmp_path / name)!r}): time.sleep(0.05)"
        script = f"import os, subprocess, time\np = subprocess.Popen({command!r}, {quiet})\nprint(p.pid)\n{until_there}"
        made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=20)
        pids[name] = int(made.stdout.split()[0])
    try:
        until = time.monotonic() + 5
        while _alive(pids["child"]) and time.monotonic() < until:
            time.sleep(0.05)
        assert not _alive(pids["child"])
        assert _alive(pids["alone"])
    finally:
        for pid in pids.values():
            if _alive(pid):
                os.kill(pid, signal.SIGTERM)


def test_it_keeps_running_when_its_parent_is_pid_1(tmp_path: Path, faulty: Path) -> None:
    """In a container whose first process starts it; the stock server ends there."""
    path = tmp_path / "s"
    inside = f"{SERVER} -d {faulty} --socket {path} & sleep 3; {SERVER} --check --socket {path}; echo $?; kill $!; wait"
    command = ["unshare", "--pid", "--fork", "--kill-child", "sh", "-c", inside]
    try:
        made = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except FileNotFoundError:
        pytest.skip("no unshare")
    if "unshare" in made.stderr:
        pytest.skip(made.stderr.strip())
    assert made.stdout.split()[-1:] == ["0"], made.stderr


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture
def noisy(tmp_path: Path) -> Path:
    directory = tmp_path / "noisy"
    directory.mkdir()
    talk = 'import os, sys\nprint("hello")\nos.write(1, b"from C")\n'
    plugin = 'version = "1.2"\npriority = 7\nSchema = ({"a": {"type": "string"}},)\n'
    plugin += "class Plugin:\n    def access(self, kong): pass\n"
    (directory / "talks-a-lot.py").write_text(talk + plugin, encoding="utf-8")
    (directory / "broken.py").write_text("import nothing_like_that\n", encoding="utf-8")
    return directory


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([SERVER, *arguments], capture_output=True, text=True, timeout=20, check=False)


def test_a_dump_is_json_and_nothing_else(noisy: Path) -> None:
    """Whatever a plugin prints when it is imported goes to stderr."""
    made = run("-d", str(noisy), "--dump", "talks-a-lot")
    described = json.loads(made.stdout)
    assert described["Protocol"] == "ProtoBuf:1"
    assert described["Plugins"][0] == {
        "Name": "talks-a-lot",
        "Phases": ["access"],
        "Priority": 7,
        "Version": "1.2",
        "Schema": {
            "name": "talks-a-lot",
            "fields": [{"config": {"type": "record", "fields": [{"a": {"type": "string"}}]}}],
        },
    }
    assert "hello" in made.stderr
    assert "from C" in made.stderr
    assert (
        json.loads(run("-d", str(noisy), "--dump", "talks-a-lot", "--protocol", "msgpack").stdout)
        == described["Plugins"]
    )


def test_a_dump_of_a_broken_plugin_fails(noisy: Path) -> None:
    """With a status that Kong's operator sees, and the traceback; the stock server says nothing and 0."""
    for name in ("broken", "absent"):
        made = run("-d", str(noisy), "--dump", name)
        assert (made.returncode, made.stdout) == (1, "")
        assert name in made.stderr


def test_a_broken_plugin_does_not_take_the_others_down(tmp_path: Path, noisy: Path, protocol: str) -> None:
    """It is reported at the start, and is a 500 where it is used."""
    with ours(tmp_path, noisy, protocol) as running:
        kong = KongSide(str(running.path), protocol)
        assert kong.request(SimRequest(), {}, "talks-a-lot").status == 500  # it takes no configuration: __init__ fails
        assert kong.request(SimRequest(), {}, "broken").status == 500
        kong.close()
        assert running.wrote("[broken] import: ModuleNotFoundError")


def test_the_health_check_tells_the_truth(tmp_path: Path, faulty: Path, protocol: str) -> None:
    """0 while it serves; 1 when its loop stands still, and when it is gone."""
    with ours(tmp_path, faulty, protocol) as running:
        check = ("--check", "--socket", str(running.path), "--protocol", protocol)
        assert run(*check).returncode == 0
        running.send(signal.SIGSTOP)
        assert run(*check).returncode == 1
        running.send(signal.SIGCONT)
        running.end()
        assert run(*check).returncode == 1


def test_help_says_how_to_start_it() -> None:
    """By Kong, by itself, and what the two protocols mean."""
    text = run("--help").stdout
    for part in (
        "pluginserver_names",
        "query_cmd",
        "--standalone",
        "--check",
        "nginx_http_lua_socket_read_timeout",
        "msgpack",
    ):
        assert part in text
