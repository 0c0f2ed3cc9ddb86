# SPDX-License-Identifier: Apache-2.0
"""A link that is cut carries nothing more, however young the connection.

Each test has the link, the client and the target on one loop, so that it says itself how far the link
has come with a connection when the cut comes.
"""

import asyncio
import contextlib
import socket

import pytest

import paths

paths.reach_library()

from lib.ports import free_port  # noqa: E402  (the path comes first)
from netproxy import Link, Network  # noqa: E402

STEPS = 12  # turns of the loop: from before accept() until both directions are pumped
TIMEOUT = 60


class Target:
    """Takes connections and keeps what came on them until they end."""

    def __init__(self):
        self.port = free_port()
        self.open, self.received = 0, b""
        self.ended = asyncio.Event()

    async def listen(self):
        return await asyncio.start_server(self.serve, "127.0.0.1", self.port)

    async def serve(self, reader, writer):
        self.open += 1
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(1024):
                self.received += piece
        writer.close()
        self.open -= 1
        self.ended.set()


@contextlib.asynccontextmanager
async def scene():
    target = Target()
    server = await target.listen()
    link = Link(Network(), "one", free_port(), target.port)
    link.open()
    yield target, link
    link.cut()
    server.close()


def connected(link):
    """A client of the link: in the kernel's queue, which is before the link has heard of it."""
    client = socket.create_connection(("127.0.0.1", link.listen), timeout=TIMEOUT)
    client.setblocking(False)
    return client


async def ends(client):
    """Whether the client is told that its connection has ended."""
    loop = asyncio.get_running_loop()
    try:
        return await asyncio.wait_for(loop.sock_recv(client, 1), TIMEOUT) == b""
    except ConnectionError:
        return True
    except asyncio.TimeoutError:
        return False


@pytest.mark.parametrize("answers", [True, False])
def test_a_cut_ends_what_was_accepted_a_moment_ago(answers, monkeypatch):
    plain = asyncio.open_connection

    async def reach(**place):
        if "port" in place and not answers:
            await asyncio.Event().wait()
        return await plain(**place)

    async def play():
        monkeypatch.setattr(asyncio, "open_connection", reach)
        async with scene() as (target, link):
            for steps in range(STEPS):
                with connected(link) as client:
                    for _ in range(steps):
                        await asyncio.sleep(0)
                    link.cut()
                    with contextlib.suppress(ConnectionError):
                        client.send(b"after")
                    assert await ends(client), f"it outlived a cut that came {steps} turns later"
                link.open()
            assert target.received == b""

    asyncio.run(play())


def test_a_cut_and_a_new_start_end_what_was_accepted_before():
    async def play():
        async with scene() as (target, link):
            for steps in range(STEPS):
                with connected(link) as client:
                    for _ in range(steps):
                        await asyncio.sleep(0)
                    link.cut()
                    link.open()
                    assert await ends(client), f"it outlived a cut that came {steps} turns later"
            with connected(link) as client:
                client.send(b"new")
                client.shutdown(socket.SHUT_WR)
                assert await ends(client)
                await asyncio.wait_for(target.ended.wait(), TIMEOUT)
            assert target.received == b"new"

    asyncio.run(play())


def test_a_cut_while_the_target_is_being_reached_forwards_nothing(monkeypatch):
    async def play():
        asked, let = asyncio.Event(), asyncio.Event()
        plain = asyncio.open_connection

        async def slow(**place):
            reached = await plain(**place)
            if "port" in place:
                asked.set()
                await let.wait()
            return reached

        async with scene() as (target, link):
            monkeypatch.setattr(asyncio, "open_connection", slow)
            with connected(link) as client:
                client.send(b"before")
                await asyncio.wait_for(asked.wait(), TIMEOUT)
                link.cut()
                assert await ends(client)
                let.set()
                await asyncio.wait_for(target.ended.wait(), TIMEOUT)
                assert target.received == b""

    asyncio.run(play())
