# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: what says the same goes on untouched, and what changed is never missing meanwhile."""

import os
import shutil
import signal

import pytest

from lib.agent import run
from lib.descriptor import descriptor, key_of
from lib.outputs import until
from lib.ports import free_port
from lib.sockets import connections

MANY = 20
READ = "read the descriptors again"
SHORT = {"ttl": "6s"}
CALM = {"mode": "check", "timeout": "60s"}  # a machine that stands still loses no connection


class Folder:
    """A folder of descriptors, and the agent that runs them."""

    def __init__(self, path, start):
        path.mkdir()
        self.path = path
        self._start = start
        self.agent = None

    def write(self, name, text):
        (self.path / f"{name}.yaml").write_text(text)

    def remove(self, name):
        (self.path / f"{name}.yaml").unlink()

    def start(self, **options):
        self.agent = self._start(configs=[str(self.path)], **options)
        return self.agent

    def reload(self, line=READ):
        """Returns what is said about it."""
        said = len(self.agent.log.lines)
        self.agent.signal(signal.SIGHUP)
        return self.agent.log.wait(line, 60, said)[0].string


@pytest.fixture
def folder(tmp_path, agent):
    return Folder(tmp_path / "descriptors", agent)


def test_one_of_many_changes(folder, etcd, serve):
    server = serve()
    names = [f"service-{i:02}" for i in range(MANY)]
    keys = {name: key_of(server.port, name) for name in names}
    for name in names:
        folder.write(name, descriptor(etcd, server.port, name, probe=CALM))
    watch = etcd.watch()
    folder.start()
    leases = {name: watch.put(keys[name]).lease for name in names}
    before = connections(server.port)
    assert len(before) == MANY

    changed, text = names[7], "{version: 2}"
    folder.write(changed, descriptor(
        etcd, server.port, changed, probe=CALM,
        service={"metadata": text},
    ))  # fmt: skip
    said = folder.reload()
    assert "unchanged=19 changed=1 new=0 gone=0" in said
    put = watch.put(keys[changed])  # a put behind a put: it was never missing
    assert b'"version":2' in put.value
    assert put.lease != leases[changed]
    etcd.wait_lease_gone(leases[changed])
    for name in names:
        watch.nothing_more(keys[name])
    now = etcd.get()
    assert {name: now[keys[name]][1] for name in names if name != changed} == {
        name: lease for name, lease in leases.items() if name != changed
    }
    kept = connections(server.port) & before
    assert len(kept) == MANY - 1, "an unchanged service was connected anew"
    assert folder.agent.log.count("health unknown -> up") == MANY + 1
    assert folder.agent.log.count("Service deregistered") == 0


def test_a_port_that_changes_is_listed_before_the_old_one_goes(folder, etcd, serve):
    first, second = serve(), serve()
    watch = etcd.watch()
    folder.write("coupon", descriptor(etcd, first.port))
    folder.start()
    watch.put(key_of(first.port))
    folder.write("coupon", descriptor(etcd, second.port))
    folder.reload()
    put = watch.put(key_of(second.port))
    gone = watch.gone(key_of(first.port))
    assert put.revision < gone.revision
    folder.agent.wait_log(f"Service deregistered: .*:{first.port} ")


def test_another_etcd_is_told_before_the_old_one_forgets(folder, etcds, serve):
    server, old, new = serve(), etcds("old").start(), etcds("new").start()
    key, before, after = key_of(server.port), old.watch(), new.watch()
    folder.write("coupon", descriptor(old, server.port))
    folder.start()
    before.put(key)
    folder.write("coupon", descriptor(new, server.port))
    said = len(folder.agent.log.lines)
    folder.reload()
    after.put(key)
    before.gone(key)
    log = folder.agent.log
    assert log.wait("Service registered", 60, said)[1] < log.wait("Service deregistered", 60, said)[1]
    after.nothing_more(key)


def test_an_etcd_that_is_not_there_leaves_the_old_one_in_place(folder, etcd, serve):
    server, key = serve(), None
    key, watch = key_of(server.port), etcd.watch()
    folder.write("coupon", descriptor(etcd, server.port, register=SHORT))
    folder.start()
    watch.put(key)
    folder.write("coupon", descriptor(f"[127.0.0.1:{free_port()}]", server.port))
    folder.reload()
    folder.agent.wait_log("cannot get a lease yet")
    etcd.outlast(6)
    watch.nothing_more(key)  # kept alive as long as there is no other
    folder.write("coupon", descriptor(etcd, server.port, register={"ttl": "7s"}))
    folder.reload()
    watch.put(key)
    watch.nothing_more(key)


def test_what_is_gone_is_withdrawn_and_what_is_new_is_listed(folder, etcd, serve):
    server, watch = serve(), etcd.watch()
    folder.write("a", descriptor(etcd, server.port, "a"))
    folder.write("b", descriptor(etcd, server.port, "b"))
    folder.start()
    watch.put(key_of(server.port, "a"))
    watch.put(key_of(server.port, "b"))
    folder.remove("b")
    folder.write("c", descriptor(etcd, server.port, "c"))
    assert "unchanged=1 changed=0 new=1 gone=1" in folder.reload()
    watch.gone(key_of(server.port, "b"))
    watch.put(key_of(server.port, "c"))
    watch.nothing_more(key_of(server.port, "a"))


@pytest.mark.parametrize("bad", ["service: {name: b, port: 0}\n", "nonsense", None])
def test_a_bad_file_changes_nothing(folder, etcd, serve, bad):
    server, watch = serve(), etcd.watch()
    folder.write("a", descriptor(etcd, server.port, "a"))
    folder.start()
    held = watch.put(key_of(server.port, "a"))
    folder.write("a", descriptor(etcd, server.port, "other"))
    if bad is None:
        folder.remove("a")  # an empty folder is a mistake, too
    else:
        folder.write("b", bad)
    said = len(folder.agent.log.lines)
    folder.reload("error .*not sound: nothing changed")
    lines = "\n".join(folder.agent.log.lines[said:])
    assert str(folder.path) in lines, "the place is not said"
    watch.nothing_more(key_of(server.port, "a"))
    assert etcd.get()[key_of(server.port, "a")][1] == held.lease
    if bad is not None:
        folder.remove("b")
    folder.write("a", descriptor(etcd, server.port, "other"))
    folder.reload()
    watch.put(key_of(server.port, "other"))
    watch.gone(key_of(server.port, "a"))


def test_a_probe_that_finds_nobody_ends_what_was_listed(folder, etcd, serve):
    server, watch = serve(), etcd.watch()
    key = key_of(server.port)
    folder.write("coupon", descriptor(etcd, server.port))
    folder.start()
    watch.put(key)
    folder.write(
        "coupon", descriptor(etcd, server.port, probe={"target": f"127.0.0.1:{free_port()}"})
    )
    folder.reload()
    folder.agent.wait_health("unknown -> down", reason="REFUSED")
    watch.gone(key)
    watch.nothing_more(key)


def test_a_storm_of_changes_never_takes_it_off_the_list(folder, etcd, serve):
    """The next set comes while the one before is still at work; the last one is what stands."""
    server, watch = serve(), etcd.watch()
    key, last = key_of(server.port), 40
    folder.write("coupon", descriptor(etcd, server.port))
    folder.start().wait_log("etcd client initialized")
    for number in range(last + 1):
        folder.write(
            "coupon", descriptor(etcd, server.port, service={"metadata": f"{{n: {number}}}"})
        )
        folder.reload()
    watch.wait_for(lambda _: watch.of(key) and f'"n":{last}'.encode() in watch.of(key)[-1].value)
    assert set(watch.kinds(key)) == {"put"}
    held = watch.of(key)[-1].lease
    for lease in {put.lease for put in watch.of(key)} - {held}:
        etcd.wait_lease_gone(lease)
    assert set(watch.kinds(key)) == {"put"}
    assert folder.agent.log.count("another instance holds") == 0


def test_who_stands_by_does_so_after_a_reload(folder, etcd, serve, agent):
    """A newer instance has the key; new descriptors make the older one no newer."""
    server, watch = serve(), etcd.watch()
    key = key_of(server.port)

    def text(number):
        return descriptor(
            etcd, server.port, register=SHORT, service={"metadata": f"{{n: {number}}}"}
        )

    folder.write("coupon", text(1))
    older = folder.start()
    watch.put(key)
    newer = agent(text(2))
    held = watch.put(key).lease
    older.wait_log("another instance holds the key")
    folder.write("coupon", text(3))
    said = len(older.log.lines)
    folder.reload()
    older.log.wait("another instance holds the key", 60, said)
    etcd.outlast(6)
    watch.nothing_more(key)
    assert etcd.get()[key][1] == held
    newer.stop()
    watch.gone(key)
    assert b'"n":3' in watch.put(key).value


def test_what_waits_for_one_that_is_gone_goes_with_it(folder, etcd, serve):
    """The second set never gets as far as to be listed; the third has nothing of it."""
    server, watch = serve(), etcd.watch()
    key, other = key_of(server.port), key_of(server.port, "other")
    folder.write("coupon", descriptor(etcd, server.port))
    folder.start()
    lease = watch.put(key).lease
    folder.write("coupon", descriptor(etcd, server.port, probe={"initial_delay": "1h"}))
    folder.write("other", descriptor(etcd, server.port, "other"))
    folder.reload()
    watch.put(other)
    watch.nothing_more(key)
    folder.remove("coupon")
    folder.reload()
    watch.gone(key)
    etcd.wait_lease_gone(lease)
    watch.nothing_more(other)


def test_reloads_leave_nothing_behind(folder, etcds, serve):
    """Files, connections and leases are as many after many reloads as before."""
    server, one, two = serve(), etcds("one").start(), etcds("two").start()
    key, watches = key_of(server.port), {one: one.watch(), two: two.watch()}

    def turn(to, away=None):
        folder.write("coupon", descriptor(to, server.port))
        folder.reload() if folder.agent else folder.start()
        watches[to].put(key)
        if away:
            watches[away].gone(key)

    def files():
        return len(os.listdir(f"/proc/{folder.agent.child.pid}/fd"))

    turn(one)
    turn(two, one)
    turn(one, two)
    before = files()
    for _ in range(5):
        turn(two, one)
        turn(one, two)
    until(lambda: files() <= before)  # the last one goes when etcd has confirmed its end


def test_reloads_while_etcd_is_away_do_not_pile_up(folder, serve):
    server, away = serve(), f"[127.0.0.1:{free_port()}]"
    folder.write("coupon", descriptor(away, server.port))
    folder.start().wait_health("unknown -> up")
    for number in range(6):
        folder.write(
            "coupon", descriptor(away, server.port, service={"metadata": f"{{n: {number}}}"})
        )
        said = len(folder.agent.log.lines)
        folder.reload()
        folder.agent.log.wait("health unknown -> up", 60, said)
    until(lambda: len(connections(server.port)) == 1)


def test_the_log_follows_the_first_descriptor(folder, etcd, serve):
    server = serve()
    folder.write("coupon", descriptor(etcd, server.port))
    agent = folder.start()
    agent.wait_log("Service registered")
    assert agent.log.count(" debug ") == 0
    folder.write("coupon", descriptor(etcd, server.port, log={"level": "debug"}))
    assert "unchanged=1" in folder.reload()
    agent.wait_log(" debug .*probe passed")


def test_a_reader_goes_on_with_what_it_wrote(folder, etcd, document, tmp_path):
    """Its file is never missing, nor empty, when something else of it changes."""
    etcd.put(key_of(1), '{"host":"localhost","port":1,"protocol":"grpc"}')
    written = document()

    def text(settle):
        return (
            f"etcd: {{endpoints: [{etcd.endpoint}]}}\n"
            f"discover:\n  settle: {settle}\n  services:\n    - name: coupon-service\n"
            f"      outputs: [{{type: json, path: {written.path}}}]\n"
        )

    folder.write("gateway", text("10ms"))
    folder.start()
    written.lists("localhost:1")
    folder.write("gateway", text("20ms"))
    assert "changed=1" in folder.reload()
    etcd.put(key_of(2), '{"host":"localhost","port":2,"protocol":"grpc"}')
    written.lists("localhost:1", "localhost:2")
    written.assert_never(lambda d: not d["instances"])


def test_a_reload_does_not_hold_up_the_end(folder, etcd, serve):
    server, watch = serve(), etcd.watch()
    folder.write("coupon", descriptor(etcd, server.port, shutdown={"linger": "1s"}))
    agent = folder.start()
    watch.put(key_of(server.port))
    agent.terminate()
    watch.gone(key_of(server.port))
    agent.signal(signal.SIGHUP)
    assert agent.wait_exit() == 0
    assert agent.log.count(READ) == 0


def test_what_is_drained_stays_so(folder, etcd, serve, tmp_path):
    """Through what changes, what is new, and what only one was asked for."""
    server, watch = serve(), etcd.watch()
    admin = f"unix:{tmp_path}/admin.sock"

    def write(*names, **sections):
        for name in names:
            folder.write(
                name, descriptor(etcd, server.port, name, admin={"listen": admin}, **sections)
            )

    def key(name):
        return key_of(server.port, name)

    write("a", "b")
    folder.start()
    for name in "ab":
        watch.put(key(name))
    assert run("drain", "a", "--wait", "--admin", admin).returncode == 0
    watch.gone(key("a"))
    write("a", "c", service={"metadata": "{version: 2}"})
    folder.reload()
    watch.put(key("c"))
    watch.nothing_more(key("a"))
    assert run("drain", "--wait", "--admin", admin).returncode == 0
    watch.gone(key("b"))
    watch.gone(key("c"))
    write("d")
    folder.reload()
    folder.agent.wait_health("unknown -> up", service="d")
    assert run("resume", "b", "--admin", admin).returncode == 0
    watch.put(key("b"))
    assert run("resume", "--admin", admin).returncode == 0
    for name in "acd":
        watch.put(key(name))
    for name in "abcd":
        watch.nothing_more(key(name))


def test_what_is_resumed_by_name_stays_so(folder, etcd, serve, tmp_path):
    """All were drained, one was resumed; a reload brings the drain back for nobody."""
    server, watch = serve(), etcd.watch()
    admin = f"unix:{tmp_path}/admin.sock"

    def write(number):
        for name in "ab":
            folder.write(name, descriptor(
                etcd, server.port, name,
                admin={"listen": admin}, service={"metadata": f"{{n: {number}}}"},
            ))  # fmt: skip

    write(1)
    folder.start()
    for name in "ab":
        watch.put(key_of(server.port, name))
    assert run("drain", "--wait", "--admin", admin).returncode == 0
    assert run("resume", "a", "--admin", admin).returncode == 0
    watch.wait_for(lambda _: watch.kinds(key_of(server.port, "a")) == ["put", "delete", "put"])
    write(2)
    folder.reload()
    a = key_of(server.port, "a")
    watch.wait_for(lambda _: watch.kinds(a) == ["put", "delete", "put", "put"])
    assert watch.kinds(key_of(server.port, "b")) == ["put", "delete"]
    assert run("status", "a", "--admin", admin).returncode == 0


def test_where_it_answers_can_be_moved(folder, etcd, serve, tmp_path):
    server = serve()
    old, new = f"unix:{tmp_path}/old.sock", f"unix:{tmp_path}/new.sock"

    def write(listen):
        folder.write("coupon", descriptor(etcd, server.port, admin={"listen": listen}))

    write(old)
    folder.start().wait_log("Service registered")
    assert run("status", "--admin", old).returncode == 0
    write(new)
    folder.reload()
    folder.agent.wait_log(f"answering about the agent listen={new}")
    assert run("status", "--admin", new).returncode == 0
    assert run("status", "--admin", old).returncode == 75
    write(f"unix:{tmp_path}/nowhere/admin.sock")
    folder.reload()
    folder.agent.wait_log("error cannot answer about the agent at the new address")
    until(lambda: run("status", "--admin", new).returncode == 0)  # it is opened again after that line


def test_an_address_that_was_lost_is_taken_again(folder, etcd, serve, tmp_path):
    server, home = serve(), tmp_path / "home"
    old, nowhere = f"unix:{home}/admin.sock", f"unix:{tmp_path}/nowhere/admin.sock"

    def write(listen):
        folder.write("coupon", descriptor(etcd, server.port, admin={"listen": listen}))

    home.mkdir()
    write(old)
    folder.start().wait_log("Service registered")
    shutil.rmtree(home)
    write(nowhere)
    folder.reload()
    folder.agent.wait_log("error cannot answer about the agent at the new address")
    folder.agent.wait_log("error cannot answer about the agent at the old address any more")
    home.mkdir()
    write(old)
    folder.reload()
    assert run("status", "--admin", old).returncode == 0
