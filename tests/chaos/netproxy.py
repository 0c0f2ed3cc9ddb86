# SPDX-License-Identifier: Apache-2.0
"""The network of a chaos run, in a process of its own: TCP proxies that misbehave on demand.

argv[1] is a JSON list of {"name", "listen", "target"}. Each line on stdin is {"rule", "mode",
"seconds", "share"} and is answered by "done"; end of stdin ends the process.

    clear    forwards
    cut      ends all connections with a reset and refuses new ones
    freeze   a black hole: accepts, forwards nothing, closes nothing; what is held passes at clear
    delay    each piece waits `seconds`
    strand   what is open now is forgotten, for good: swallowed, and nothing closed; new ones pass
    stall    a `share` of the pieces waits `seconds`: what a lost packet looks like from above

A rule's name is that of a link, or LINK<MEMBER for the peer traffic that this member sent to
LINK: etcd names the sender in the head of each request between members.
"""

import asyncio
import json
import random
import re
import socket
import sys

SENDER = re.compile(rb"X-Server-From: ([0-9a-f]+)")


class Rule:
    def __init__(self):
        self.mode, self.seconds, self.share = "clear", 0.0, 0.0
        self.changed = asyncio.Event()

    def set(self, mode, seconds, share):
        self.mode, self.seconds, self.share = mode, seconds, share
        self.changed.set()
        self.changed = asyncio.Event()

    async def hold(self):
        """Returns when a piece may pass."""
        while self.mode == "freeze":
            await self.changed.wait()
        if self.mode == "delay" or (self.mode == "stall" and random.random() < self.share):
            await asyncio.sleep(self.seconds)


class Network:
    def __init__(self):
        self.rules = {}

    def rule(self, name):
        return self.rules.setdefault(name, Rule())


class Link:
    def __init__(self, network, name, listen, target):
        self.network, self.name, self.listen, self.target = network, name, listen, target
        self.listener = None
        self.cuts = 0
        self.serving = set()
        self.writers = set()
        self.stranded = set()

    def open(self):
        if self.listener is None:
            self.listener = socket.create_server(("127.0.0.1", self.listen), backlog=512)
            self.listener.setblocking(False)
            asyncio.get_running_loop().add_reader(self.listener, self.accept)

    def cut(self):
        self.cuts += 1
        if self.listener is not None:
            asyncio.get_running_loop().remove_reader(self.listener)
            self.listener.close()
            self.listener = None
        for writer in list(self.writers):
            writer.transport.abort()

    def strand(self):
        self.stranded |= self.writers

    def accept(self):
        try:
            accepted, _ = self.listener.accept()
        except OSError:
            return  # gone again, or no descriptor left: the loop calls again
        task = asyncio.get_running_loop().create_task(self.serve(accepted, self.cuts))
        self.serving.add(task)
        task.add_done_callback(self.serving.discard)

    async def serve(self, accepted, cuts):
        """`cuts`: how many there had been when it was accepted. One more ends it at any step."""
        opened = []
        try:
            for place in ({"sock": accepted}, {"host": "127.0.0.1", "port": self.target}):
                if cuts != self.cuts:
                    return
                opened.append(await asyncio.open_connection(**place))
                self.writers.add(opened[-1][1])
            if cuts != self.cuts:
                return
            (client, to_client), (server, to_server) = opened
            sender = [None]
            await asyncio.gather(
                self.pump(client, to_server, sender, True),
                self.pump(server, to_client, sender, False),
            )
        except OSError:
            pass
        finally:
            for _, writer in opened:
                self.writers.discard(writer)
                self.stranded.discard(writer)
                writer.transport.abort()
            if not opened:
                accepted.close()

    def rules_for(self, sender):
        yield self.network.rule(self.name)
        if sender is not None:
            yield self.network.rule(f"{self.name}<{sender}")

    async def pump(self, source, sink, sender, upward):
        while True:
            piece = await source.read(65536)
            if upward and sender[0] is None:
                found = SENDER.search(piece)
                sender[0] = found.group(1).decode() if found else None
            for rule in self.rules_for(sender[0]):
                await rule.hold()
            if not piece:
                break
            if sink in self.stranded:
                continue
            sink.write(piece)
            await sink.drain()
        sink.close()  # the other direction ends by it: both ends close together
        raise ConnectionResetError


async def main():
    network = Network()
    links = {each["name"]: Link(network, **each) for each in json.loads(sys.argv[1])}
    for link in links.values():
        link.open()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)  # a connection that was cut is not news
    control = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(control), sys.stdin)
    print("ready", flush=True)
    while line := await control.readline():
        order = json.loads(line)
        network.rule(order["rule"]).set(order["mode"], order["seconds"], order["share"])
        if order["rule"] in links:
            link = links[order["rule"]]
            if order["mode"] == "cut":
                link.cut()
            else:
                link.open()
            if order["mode"] == "strand":
                link.strand()
        print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
