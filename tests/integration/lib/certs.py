# SPDX-License-Identifier: Apache-2.0
"""A certificate authority for the tests, on the `openssl` program: EC keys, so it is quick."""

import datetime
import ipaddress
import os
import shutil
import ssl
import subprocess
from collections import namedtuple

LOOPBACK = ("localhost", "127.0.0.1", "::1")
NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def _openssl(*words):
    argv = ["openssl", *(str(word) for word in words)]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{argv}: {done.stderr}"
    return done.stdout


def _alternative(host):
    try:
        return f"IP:{ipaddress.ip_address(host)}"
    except ValueError:
        return f"DNS:{host}"


def replace_file(path, source):
    """Puts a copy of `source` where `path` is, in one step, as a rotation does."""
    fresh = path.with_name(f".{path.name}.new")
    shutil.copyfile(source, fresh)
    os.replace(fresh, path)


class Issued(namedtuple("Issued", "cert key")):
    """The PEM files of a certificate and of its key."""

    def replace(self, other):
        """This certificate is `other` from now on: the same paths, new contents."""
        replace_file(self.cert, other.cert)
        replace_file(self.key, other.key)


def ends_on(issued):
    """The day on which the certificate ends, in UTC."""
    told = _openssl("x509", "-in", issued.cert, "-noout", "-enddate")  # notAfter=Nov 25 10:00:00 2026 GMT
    end = ssl.cert_time_to_seconds(told.strip().partition("=")[2])
    return datetime.datetime.fromtimestamp(end, datetime.timezone.utc).date()


class Authority:
    """Signs what it is asked to. `cert` is the PEM file of its own certificate."""

    def __init__(self, folder, name="authority"):
        self.name = name
        self.folder = folder / name
        self.folder.mkdir(parents=True)
        self.cert = self.folder / "ca.pem"
        self._key = self.folder / "ca.key"
        made = [*NEW_KEY, "-keyout", self._key, "-out", self.cert, "-days", "30"]
        usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
        _openssl("req", "-x509", *made, "-subj", f"/CN={name}", *usage)

    def issue(self, name, hosts=LOOPBACK, expired=False, client_cn=None, days=30):
        """A certificate for these hosts, good for a server and for a client, for so many days.

        Its common name is `client_cn`, or `name`, which names the files too.
        """
        issued = Issued(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        request = self.folder / f"{name}.csr"
        asked = [*NEW_KEY, "-keyout", issued.key, "-out", request, "-subj", f"/CN={client_cn or name}"]
        if hosts:
            names = ",".join(_alternative(host) for host in hosts)
            asked += ["-addext", f"subjectAltName={names}"]
        _openssl("req", *asked)
        signed = ["-in", request, "-CA", self.cert, "-CAkey", self._key, "-CAcreateserial"]
        extent = ["-copy_extensions", "copy", "-days", "-1" if expired else str(days)]
        _openssl("x509", "-req", *signed, *extent, "-out", issued.cert)
        return issued
