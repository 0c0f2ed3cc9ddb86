#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""grpcio for the probe, etcd's v3 JSON gateway over http.client."""
import argparse, base64, http.client, json, signal, sys, threading, time
import grpc

ap = argparse.ArgumentParser()
for a, d in (("etcd", "127.0.0.1:2379"), ("name", ""), ("host", "localhost"), ("port", "50051"), ("probe", "")):
    ap.add_argument("--" + a, default=d)
ap.add_argument("--ttl", type=int, default=10)
ap.add_argument("--interval", type=float, default=1.0)
ap.add_argument("--timeout", type=float, default=1.0)
ap.add_argument("--failures", type=int, default=2)
A = ap.parse_args()
KEY = f"/services/{A.name}/{A.host}:{A.port}"
VAL = json.dumps({"host": A.host, "port": int(A.port), "protocol": "grpc"}, separators=(",", ":"))
b64 = lambda s: base64.b64encode(s.encode()).decode()


class Etcd:
    """One kept-open connection; one retry, as the server may have closed it."""

    def __init__(self, addr):
        self.addr, self.c = addr, None

    def post(self, path, body):
        for again in (True, False):
            try:
                if self.c is None:
                    self.c = http.client.HTTPConnection(self.addr, timeout=5)
                self.c.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
                r = self.c.getresponse()
                d = json.loads(r.read())
                if r.status != 200:
                    raise RuntimeError(d.get("error", r.status))
                return d
            except (OSError, http.client.HTTPException):
                self.c = None
                if not again:
                    raise


etcd = Etcd(A.etcd)
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
signal.signal(signal.SIGINT, lambda *_: stop.set())
def connect():
    global chan, check
    chan = grpc.insecure_channel(A.probe or f"{A.host}:{A.port}", options=[("grpc.use_local_subchannel_pool", 1)])
    check = chan.unary_unary("/grpc.health.v1.Health/Check", lambda b: b, lambda b: b)


def probe():
    try:
        return check(b"", timeout=A.timeout) == b"\x08\x01"  # status = SERVING
    except grpc.RpcError:
        # a new channel: the old one is slow to try again (seconds), whatever its backoff options
        chan.close()
        connect()
        return False


connect()
lease, beat, fails = None, 0.0, 0


def register():
    global lease, beat
    i = etcd.post("/v3/lease/grant", {"TTL": A.ttl})["ID"]
    etcd.post("/v3/kv/put", {"key": b64(KEY), "value": b64(VAL), "lease": i})
    lease, beat = i, time.monotonic()


def deregister():
    global lease
    if lease:
        i, lease = lease, None
        etcd.post("/v3/lease/revoke", {"ID": i})


def keepalive():
    global lease, beat
    if lease and time.monotonic() - beat >= A.ttl / 3:
        r = etcd.post("/v3/lease/keepalive", {"ID": lease})
        if int(r.get("result", {}).get("TTL", 0)) <= 0:
            lease = None  # lost: register again at the next good probe
        beat = time.monotonic()


nxt = time.monotonic()
while not stop.is_set():
    try:
        if probe():
            fails = 0
            if not lease:
                register()
        else:
            fails += 1
            if fails >= A.failures:
                deregister()
        keepalive()
    except Exception as e:
        print("etcd:", e, file=sys.stderr)
    nxt = max(nxt + A.interval, time.monotonic())
    stop.wait(nxt - time.monotonic())
try:
    deregister()
except Exception as e:
    print("etcd:", e, file=sys.stderr)
