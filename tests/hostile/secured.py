# SPDX-License-Identifier: Apache-2.0
"""Hostile services over TLS. serve(sock, folder) has the certificates that make() has made."""

import functools
import ssl
import struct
import subprocess
import threading
import time

from lib.certs import NEW_KEY, Authority, _openssl
from lib.h2 import PING, SETTINGS, frame
from services import BROKEN, UP, Case
from speech import A_SETTINGS, Spoken, honest, on_socket, says, silent
from wire import bomb, headers, over_and_over

TRUST = "{ca_file: FOLDER/authority/ca.pem}"
NAMED = "{ca_file: FOLDER/authority/ca.pem, server_name: localhost}"
TLS = "TLS_ERROR"
LATE = BROKEN + "|TLS_ERROR"
ENDS = LATE + "|REFUSED"  # it may be away for a moment


def make(folder):
    """All certificates that the cases show; some hundredths of a second each."""
    authority = Authority(folder)
    authority.issue("server")
    many = [f"host{n}.example.org" for n in range(499)]
    authority.issue("names", [*many, "localhost"])
    authority.issue("strangers", [*many, "host.example.org"])
    shown_as(authority, "nul", b"localhost\0.example.org")
    chain = authority.folder / "chain.pem"
    own = (authority.folder / "server.pem").read_bytes()
    again = authority.cert.read_bytes()
    chain.write_bytes(own + again * ((1 << 20) // (len(again) * 3 // 4)))
    (authority.folder / "chain.key").write_bytes((authority.folder / "server.key").read_bytes())


def shown_as(authority, name, host):
    """A certificate for one name, of any octets: OpenSSL has no words for them."""
    names = b"\x82" + bytes([len(host)]) + host
    extension = (b"\x30" + bytes([len(names)]) + names).hex(":")
    folder = authority.folder
    key, request, cert = (folder / f"{name}.{end}" for end in ("key", "csr", "pem"))
    made = [*NEW_KEY, "-keyout", key, "-out", request, "-subj", "/CN=localhost"]
    _openssl("req", *made, "-addext", f"2.5.29.17=DER:{extension}")
    signed = ["-in", request, "-CA", authority.cert, "-CAkey", folder / "ca.key", "-CAcreateserial"]
    _openssl("x509", "-req", *signed, "-copy_extensions", "copy", "-days", "30", "-out", cert)


@functools.cache
def context(folder, name="server", protocols=("h2",), versions=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if versions:
        made.set_ciphers("ALL:@SECLEVEL=0")
        made.minimum_version, made.maximum_version = versions
    made.load_cert_chain(folder / "authority" / f"{name}.pem", folder / "authority" / f"{name}.key")
    if protocols:
        made.set_alpn_protocols(list(protocols))
    return made


def secured(speak, **options):
    """speak(socket) once hands were shaken with such a context()."""

    def serve(sock, folder):
        on_socket(lambda _: speak(context(folder, **options).wrap_socket(sock, server_side=True)))(sock)

    return serve


def speaks(sock):
    Spoken(sock, honest, threads=False).serve()


def plain(speak):
    return lambda sock, _: speak(sock)


def floods(octets):
    """The same octets for ever, and nothing is read."""

    def speak(sock):
        sock.sendall(A_SETTINGS)
        flood = over_and_over(octets)
        while True:
            sock.sendall(flood)

    return secured(speak)


def shakes_hands_slowly(sock, folder):
    """Its part of the handshake an octet at a time."""
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context(folder).wrap_bio(into, out, server_side=True)
    try:
        into.write(sock.recv(65536))
        try:
            session.do_handshake()
        except ssl.SSLWantReadError:
            pass
        for octet in out.read():
            sock.sendall(bytes([octet]))
            time.sleep(0.4)
    except OSError:
        pass


def record(kind, body, length=None):
    return struct.pack(">BHH", kind, 0x0303, len(body) if length is None else length) + body


class OpenSsl:
    """`openssl s_server`, whose console sends what Python's module cannot."""

    def __init__(self, port, folder, options, line):
        own = folder / "authority" / "server"
        self.argv = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-naccept", "100000"]
        self.argv += ["-cert", f"{own}.pem", "-key", f"{own}.key", "-alpn", "h2", *options]
        self.line, self.listening, self.over = line, threading.Event(), False
        self.starting = threading.Lock()
        threading.Thread(target=self.run, daemon=True).start()
        assert self.listening.wait(100), "openssl s_server does not listen"

    def run(self):
        """A client that does not bear with it may end it: then there is the next one."""
        pipe = subprocess.PIPE
        while True:
            with self.starting:
                if self.over:
                    return
                self.child = subprocess.Popen(
                    self.argv, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
                )
            for said in self.child.stdout:
                if said.startswith(b"ACCEPT"):
                    self.listening.set()
                elif said.startswith(b"Secure Renegotiation"):
                    threading.Thread(target=self.type, daemon=True).start()
            self.child.wait()

    def type(self):
        try:
            for _ in range(2000):
                self.child.stdin.write(self.line)
                self.child.stdin.flush()
        except OSError:
            pass

    def close(self):
        with self.starting:
            self.over = True
        self.child.kill()
        self.child.wait()


def typed(line, *options):
    return lambda port, folder: OpenSsl(port, folder, options, line)


def tls(serve, outcome, trust=TRUST, kind="tls"):
    return Case(serve, outcome, kind, {"tls": trust})


OLD = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)

CASES = {
    "tls_that_is_none": tls(plain(says(A_SETTINGS)), TLS),
    "tls_of_garbage": tls(plain(says(bytes(range(256)))), TLS),
    "tls_1_1_at_most": tls(secured(silent, versions=OLD), TLS),
    "tls_without_alpn": tls(secured(silent, protocols=()), TLS),
    "tls_for_http1": tls(secured(silent, protocols=("http/1.1",)), TLS),
    "tls_name_with_a_nul": tls(secured(speaks, name="nul"), TLS, NAMED),
    "tls_500_names_of_others": tls(secured(speaks, name="strangers"), TLS),
    "tls_500_names": tls(secured(speaks, name="names"), UP),
    "tls_chain_of_1_mb": tls(secured(speaks, name="chain"), TLS + "|DEADLINE"),
    "tls_octet_at_a_time": tls(shakes_hands_slowly, "DEADLINE"),
    "tls_record_of_64_kb": tls(plain(says(record(22, bytes(100), 65535))), TLS),
    "tls_message_of_16_mb": tls(plain(says(record(22, b"\x02\xff\xff\xff" + bytes(1000)))), TLS + "|DEADLINE"),
    "tls_alerts_for_ever": tls(plain(says(record(21, b"\x01\x5a") * 10000)), TLS),
    "tls_empty_records_for_ever": tls(plain(says(record(22, b"") * 10000)), TLS),
    "tls_pings_for_ever": tls(floods(frame(PING, 0, 0, bytes(8))), LATE),
    "tls_settings_for_ever": tls(floods(frame(SETTINGS, 0, 0)), LATE),
    "tls_bombs_for_ever": tls(floods(headers(1, bomb())), LATE),
    "tls_garbage_within": tls(secured(lambda sock: says(b"\xff" * 100)(sock)), "NOT_GRPC|RESET|DEADLINE"),
    "tls_new_keys_for_ever": tls(typed(b"K\n"), ENDS, kind="openssl"),
    "tls_renegotiates_for_ever": tls(typed(b"r\n", "-tls1_2"), ENDS, kind="openssl"),
    "tls_500_tickets": tls(typed(b"k\n", "-num_tickets", "500"), ENDS, kind="openssl"),
}  # fmt: skip
