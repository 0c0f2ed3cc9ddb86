#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the targets that read what comes over a wire: seeds/TARGET/NAME.

usage: wire_seeds.py [FOLDER]    (the folder seeds beside it)

They are in the tree; run it again after a change here. What a run of the fuzzers found is not made by
it, and stays.
"""

import pathlib
import struct
import sys

SEEDS = {}


def seed(target, **named):
    SEEDS.setdefault(target, {}).update(named)


# ---- protobuf --------------------------------------------------------------------------------------


def varint(n):
    n &= (1 << 64) - 1
    out = b""
    while n > 0x7F:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def message(*fields):
    return b"".join(field(number, value) for number, value in fields)


def framed(*messages):
    return b"".join(struct.pack(">BI", 0, len(m)) + m for m in messages)


HEADER = message((1, 0xC1), (2, 0xA1), (3, 1000), (4, 7))
HOST = '{"host":"h","port":1}'


def kv(key, value=HOST, lease=0x1234, revision=900):
    return message((1, key), (2, revision), (3, revision), (4, 1), (5, value), (6, lease))


# ---- gRPC ------------------------------------------------------------------------------------------


def frames(limit, cuts, stream):
    return struct.pack(">H", limit) + bytes(cuts) + stream


TWO = framed(b"\x08\x01", b"x" * 70)
seed(
    "grpc_frame",
    two_messages=frames(100, [1, 2, 3, 0], TWO),
    byte_by_byte=frames(100, [1, 1, 1, 1], TWO + framed(b"", b"y")),
    too_long=frames(10, [7, 7, 7, 7], framed(b"", b"z" * 11) + b"rest"),
    compressed=frames(100, [3, 9, 0, 0], framed(b"a") + b"\x01\0\0\0\x01b"),
    four_gigabytes=frames(0xFFFF, [0, 0, 0, 0], b"\0\xff\xff\xff\xffabc"),
    cut_off=frames(1000, [200, 1, 1, 1], framed(b"q" * 500)[:300]),
    cut_off_by_three=frames(1000, [5, 1, 1, 1], framed(b"q" * 50)[:-3]),
    announces_much=frames(0xFFFF, [0, 0, 0, 0], b"\0\0\0\xea\x60abc"),
    grows_from_small_to_large=frames(5000, [60, 10, 0, 0], framed(b"s" * 64, b"l" * 65, b"x" * 4000)),
)


def headers(*pairs):
    return b"".join(
        n.encode() + b"\0" + (v.encode() if isinstance(v, str) else v) + b"\0" for n, v in pairs
    )


GRPC = ((":status", "200"), ("content-type", "application/grpc"))
seed(
    "grpc_status",
    ok=headers(*GRPC, ("grpc-status", "0")),
    percent=headers(*GRPC, ("grpc-status", "13"), ("grpc-message", "a%20b%0Ac%00d%zz%4%C3%BC")),
    percent_at_the_end=headers(*GRPC, ("grpc-message", "a%"), ("grpc-message", "a%4")),
    control_c1=headers(("grpc-message", "%C2%9B2Jred%9B31m")),
    not_utf8=headers(("grpc-message", b"\xff\xfe%ED%A0%80\xc3")),
    long=headers(("grpc-message", "x" * 199 + "%C3%BC" + "y" * 2000)),
    escaped_long=headers(("grpc-message", "%41" * 3000)),
    status_not_a_number=headers(*GRPC, ("grpc-status", "0x"), ("grpc-status", "-1")),
    web_page=headers((":status", "404"), ("content-type", "text/html")),
    compressed=headers(*GRPC, ("grpc-encoding", "gzip"), ("grpc-status", "0")),
)

seed(
    "health_message",
    serving=message((1, 1)),
    not_serving=message((1, 2)),
    nothing=b"",
    a_newer_status=message((1, 77)),
    more_fields=message((1, 1), (9, "more"), (10, 3)),
    said_twice=message((1, 1), (1, 2)),
    cut_off=b"\x08",
    overlong_varint=b"\x08" + b"\x81" * 9 + b"\x01",
    status_of_64_bits=message((1, 1 << 32 | 1)),
    not_a_varint=field(1, b"\x01"),
    names=message((1, message((1, ""), (2, message((1, 1))))), (1, message((1, "o"), (2, message((1, 2)))))),
    name_without_status=message((1, message((1, "o" * 200)))),
    html=b"<html>",
)

seed(
    "scratch",
    small=bytes([0, 33, 1, 33, 2, 33, 0, 0, 1, 0, 2, 0]),
    full_and_then_nothing=bytes([192, 255, 193, 241, 2, 0, 2, 0, 3, 1, 3, 0]),
    more_than_there_is=bytes([255, 255, 254, 255, 253, 255, 63, 0, 62, 0]),
)

# ---- etcd ------------------------------------------------------------------------------------------


def op_range(*kvs):
    return message((1, message((1, HEADER), *((2, k) for k in kvs))))


seed(
    "etcd_codec",
    grant=message((1, HEADER), (2, 0x70CC), (3, 15)),
    grant_negative=message((1, HEADER), (2, -5), (3, -1)),
    grant_error=message((1, HEADER), (4, "etcdserver: no space")),
    grant_error_and_more=message((1, HEADER), (2, 7), (3, 15), (4, "etcdserver: no space")),
    grant_error_behind_a_nul=message((1, HEADER), (2, 7), (3, 15), (4, "\0no space")),
    grant_of_no_lease=message((1, HEADER), (3, 15)),
    grant_of_no_time=message((1, HEADER), (2, 7)),
    keep_alive=message((1, HEADER), (2, 0x70CC), (3, 15)),
    keep_alive_gone=message((1, HEADER), (2, 0x70CC)),
    keep_alive_since_long=message((1, HEADER), (2, 0x70CC), (3, -1)),
    range_one=message((1, HEADER), (2, kv("/services/a/h:1")), (4, 1)),
    range_none=message((1, HEADER)),
    range_another=message((1, HEADER), (2, kv("/services/a/h:2")), (4, 1)),
    range_two=message((1, HEADER), (2, kv("/services/a/h:1")), (2, kv("/services/a/h:2")), (4, 2)),
    range_as_written=message((1, HEADER), (2, kv("/services/a/h:1", '{"host":"a"}')), (4, 1)),
    range_almost_as_written=message((1, HEADER), (2, kv("/services/a/h:1", '{"host":"a')), (4, 1)),
    put_done=message((1, HEADER), (2, 1), (3, message((2, message((1, HEADER)))))),
    put_done_two=message((1, HEADER), (2, 1), (3, message((2, b""))), (3, message((2, b"")))),
    put_done_without_answers=message((1, HEADER), (2, 1)),
    put_done_and_read=message((1, HEADER), (2, 1), (3, op_range(kv("/services/a/h:1")))),
    put_refused=message((1, HEADER), (3, op_range(kv("/services/a/h:1", "other")))),
    put_refused_two=message((1, HEADER), (3, op_range(kv("a"))), (3, op_range())),
    put_refused_both=message((1, HEADER), (3, op_range(kv("/services/a/h:1"))), (3, op_range(kv("a/h:1", "", 7)))),
    put_refused_without_answers=message((1, HEADER)),
    put_answers_other_than_ranges=message((1, HEADER), (3, message((2, b"")))),
    log_in=message((1, HEADER), (2, "simple.token.12")),
    log_in_empty=message((1, HEADER), (2, "")),
    log_in_blank=message((1, HEADER), (2, "simple token")),
    log_in_line=message((1, HEADER), (2, "simple\r\nx: y")),
    log_in_high=message((1, HEADER), (2, "t\u00f6ken")),
    log_in_delete=message((1, HEADER), (2, "token\x7f")),
    body_of_renewals=framed(message((1, HEADER), (2, 1), (3, 9)), message((1, HEADER), (2, 2))),
    body_cut_off=framed(message((1, HEADER), (2, 1), (3, 9)))[:-3],
    header_too_long=framed(b"\x0a\xff\xff\xff\xff\x0f" + HEADER),
    header_length_without_end=framed(b"\x0a" + b"\xff" * 12),
    header_twice=framed(message((1, HEADER), (1, message((1, 9))))),
    header_one_short=framed(b"\x0a\x05" + HEADER[:4]),
    header_without_a_length=framed(b"\x0a"),
    header_without_the_rest=framed(b"\x0a\x80"),
    body_of_rubbish_and_gone=framed(b"\xff\xff", message((1, HEADER), (2, 2))),
    bytes_of_a_sound_answer=struct.pack("<QQqQ", 1, 2, 3, 4) + struct.pack("<QQ", 5, 6) + HOST.encode(),
)
seed(
    "etcd_requests",
    service=b"\0" + struct.pack("<Q", 15 << 2) + b"/services/a/\0" + HOST.encode() + b"\0h:1\0/services/b/h:1\0",
    eight_keys=b"\x07" + struct.pack("<Q", 1 << 60) + b"p\0v\0\0q\0",
    last_revision=b"\0" + b"\xff" * 8 + b"/s/\0v\0a\0b\0",
    prefix_ends_high=b"\x01" + struct.pack("<Q", 4) + b"a\xff\xff\0v\0x\0b\0",
    other_is_the_next=b"\x01" + struct.pack("<Q", 4) + b"/s/\0v\0\xff\0" + b"/s0\0",
)
seed(
    "etcd_read_codec",
    page=message((1, HEADER), (2, kv("/s/a/1")), (2, kv("/s/a/2", b"\xff\0\x01")), (3, 1), (4, 7)),
    page_of_empty_keys=message((1, HEADER), (2, b""), (2, b""), (4, -1)),
    created=message((1, HEADER), (3, 1)),
    news=message((1, HEADER), (11, message((2, kv("/s/a/1")))), (11, message((1, 1), (2, kv("/s/a/2", b""))))),
    part_of_news=message((1, HEADER), (7, 1), (11, message((2, kv("/s/a/1"))))),
    event_without_a_key=message((1, HEADER), (11, b""), (11, message((1, 1)))),
    event_of_a_new_type=message((1, HEADER), (11, message((1, 77), (2, kv("/s/a/1"))))),
    compacted=message((1, HEADER), (4, 1), (5, 500)),
    cancelled=message((1, HEADER), (4, 1), (6, "etcdserver: permission denied")),
    time_to_live=message((1, HEADER), (2, 7), (3, -1)),
    many_empty_events=message((1, HEADER), *((11, b"") for _ in range(500))),
)
seed(
    "etcd_maintenance_codec",
    status=message((1, HEADER), (2, "3.4.23"), (3, 20480), (4, 0xA1), (8, "memberID:1 alarm:NOSPACE ")),
    status_learner=message((1, HEADER), (2, "3.5.0"), (10, 1), (8, "etcdserver: no leader")),
    status_led=message((1, HEADER), (2, "3.5.0"), (3, 3 << 33), (4, 0xA2), (8, "memberID:1 alarm:CORRUPT ")),
    status_learner_led=message((1, HEADER), (2, "3.5.0"), (4, 0xA2), (10, 1)),
    status_other_alarm=message((1, HEADER), (8, "memberID:1 alarm:NONE "), (8, "alarm")),
    status_of_no_cluster=message((1, message((2, 0xA1), (3, 1000), (4, 7))), (2, "3.5.0")),
    status_long_version=message((1, HEADER), (2, "v" * 300)),
    status_of_nobody=message((2, "3.4.23")),
    alarms=message((1, HEADER), (2, message((1, 5), (2, 1))), (2, message((1, 6), (2, 2))), (2, message((2, 9)))),
    alarms_newer=message((1, HEADER), (2, message((1, 5), (2, 3)))),
    alarms_twice=message((1, HEADER), (2, message((1, 5), (2, 1))), (2, message((1, 6), (2, 1))), (2, message((1, 7)))),
    lease_keys_ours=message((1, HEADER), (2, 7), (3, 12), (4, 15), (5, "/services/a/h:1"), (5, "a/h:1")),
    lease_keys_almost_ours=message((1, HEADER), (2, 7), (3, 12), (4, 15), (5, "/services/a/h:12"), (5, "a/h:")),
    lease_keys_others=message((1, HEADER), (2, 7), (3, 12), (4, 15), (5, "a"), (5, "b"), (5, "/services/a/h:")),
    lease_keys=message((1, HEADER), (2, 7), (3, 12), (4, 15), (5, "/services/a/h:1"), (5, "x" * 200)),
    lease_keys_odd=message((3, -1), (5, b""), (5, b"\0\x1b[2J"), (5, "a/h:1")),
)


def error(code, kind, *texts):
    return struct.pack("<HB", code + 100, kind) + b"".join(t.encode() + b"\0" for t in texts)


KEYS = ("/services/a/h:1", "a/h:1", "/services/b/h:1")
seed(
    "etcd_error",
    gone=error(5, 8, "etcdserver: requested lease not found", "u", *KEYS),
    gone_by_another_code=error(2, 8, "etcdserver: requested lease not found", "u", *KEYS),
    denied=error(7, 6, "etcdserver: permission denied", "", *KEYS),
    denied_one_key=error(7, 6, "etcdserver: permission denied", "root", "k" * 400),
    token=error(16, 3, "etcdserver: invalid auth token", ""),
    space=error(8, 7, "etcdserver: mvcc: database space exceeded", "u"),
    code_out_of_range=error(-1, 10, "what\n\x1b[2J", "%s%n"),
    long=error(3, 9, "x" * 3000, "y" * 3000, "z/" * 1000, "a" * 300, "b" * 300),
)


def answer(who, cluster, term, revision, proof=0, later=1):
    return bytes([who, cluster | term << 2 | proof << 7, revision, later])


seed(
    "cluster_view",
    one_endpoint_restored=bytes([0]) + answer(0, 1, 3, 90) + answer(0, 1, 1, 5, 1) + answer(0, 1, 1, 6, 1),
    foreign_majority=bytes([2]) + answer(0, 1, 3, 9) + answer(1, 2, 1, 1) + answer(2, 2, 1, 2),
    foreign_with_a_lower_number=bytes([2]) + answer(0, 3, 3, 9) + answer(1, 1, 4, 10) + answer(2, 2, 4, 11),
    foreign_for_long=bytes([4]) + answer(0, 1, 3, 9) + answer(1, 2, 1, 1) * 3 + answer(1, 2, 1, 1, 0, 40) * 3,
    contradicted_between=bytes([2]) + answer(0, 1, 3, 9) + answer(1, 2, 1, 1) + answer(0, 1, 3, 9) + answer(2, 2, 1, 1),
    silence_between=bytes([4]) + answer(0, 1, 3, 9) + answer(1, 2, 1, 1) + answer(1, 2, 1, 1, 0, 63) + answer(1, 2, 1, 1, 0, 63),
    old_floor=bytes([1]) + answer(0, 1, 3, 9) + answer(0x80, 1, 2, 1, 1) + answer(0x81, 2, 7, 1) + answer(1, 1, 0, 9),
)


def step(kind, key, value):
    value, key = value.encode("latin-1"), key.encode("latin-1")
    return bytes([kind, len(value)]) + value + bytes([len(key)]) + key


seed(
    "known",
    put_and_remove=b"\0" + step(1, "h:1", HOST) + step(1, "h:2", '{"host":"g","port":2}') + step(0, "h:1", ""),
    broken_and_mended=b"\0" + step(1, "h:1", "{") + step(1, "h:1", "{") + step(1, "h:1", HOST) + step(1, "h:1", ""),
    keys_with_nul=b"\0" + step(1, "a\0b", HOST) + step(1, "a\x01b", HOST) + step(1, "a?b", HOST) + step(0, "a\0b", ""),
    go_zero=b"\3" + step(1, "77", "h:1") + step(1, "78", "h:99999") + step(1, "79", "[::1]:2"),
    kratos=b"\4" + step(1, "x", '{"id":"h:1","name":"s","metadata":{},"endpoints":["grpc://h:1"]}'),
    kitex=b"\5" + step(1, "x", '{"network":"tcp","address":"h:1","weight":10,"tags":{}}'),
    skydns=b"\2" + step(1, "x", '{"host":"h","port":1,"priority":10,"weight":100,"ttl":10}'),
    grpc_naming=b"\1" + step(1, "x", '{"Op":0,"Addr":"h:1","Metadata":null}'),
)

# ---- HAProxy ---------------------------------------------------------------------------------------


def server(name, address="10.0.0.1", state="2", admin="0", weight="1", port="50051"):
    return (
        f"3 shop 1 {name} {address} {state} {admin} {weight} 1 300 6 3 4 6 0 0 0 - {port} - 0 0 - - 0\n"
    )


def calls(name, used):
    return f"shop/{name} 3/1 10.0.0.1 50051 - 0 {used} 0 0 0 0 0 0\n"


STATE = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state ...\n"
seed(
    "haproxy_servers",
    ours=(STATE + server("svc-10.0.0.1:50051") + server("svc-1", "10.0.0.2") + server("static")).encode()
    + b"\0" + (calls("svc-10.0.0.1:50051", 0) + calls("svc-1", 3)).encode(),
    leaving=(STATE + server("svc-10.0.0.9:1", "10.0.0.9", admin="8") + server("svc-2", admin="8")).encode()
    + b"\0" + (calls("svc-10.0.0.9:1", 0) + calls("svc-2", 0)).encode(),
    free_slots=(STATE + server("svc-1", admin="5") + server("svc-2", admin="1") + server("svc-3", admin="32")).encode(),
    name_ends_a_command=(STATE + server("svc-x;shutdown") + server("svc-a\tb") + server("svc-\x1b[2J")).encode(),
    numbers_too_large=(STATE + server("svc-1", admin="99999999999") + server("svc-2", weight="-1") + server("svc-3", port="65536")).encode(),
    name_too_long=(STATE + server("svc-" + "n" * 100) + server("svc-" + "1" * 63)).encode(),
    unknown_backend=b"Can't find backend.\n",
    no_line_end=(STATE + server("svc-1")).rstrip().encode(),
)

# ---- admin -----------------------------------------------------------------------------------------


def request(flags, *texts):
    return bytes([flags]) + b"".join(t.encode("latin-1") + b"\0" for t in texts)


seed(
    "admin_routes",
    healthz=request(1, "GET", "/healthz", "", ""),
    status=request(1 | 128, "GET", "/status", "", ""),
    metrics=request(0, "HEAD", "/metrics", "", ""),
    not_ready=request(64, "GET", "/readyz", "", ""),
    drain_all=request(1, "POST", "/drain", "", ""),
    drain_one=request(1 | 16, "POST", "/drain", "localhost:9", "", "coupon-service"),
    drain_unknown=request(1, "POST", "/resume", "", "", "coupon-service", "\x1b[2J\xff"),
    drain_from_afar=request(0, "POST", "/drain", "", ""),
    drain_from_a_page=request(1 | 2, "POST", "/drain", "", ""),
    drain_by_a_name=request(1 | 16, "POST", "/drain", "evil.example:80", ""),
    drain_by_a_name_in_hex=request(1 | 16, "POST", "/drain", "cafe.example", ""),
    drain_by_a_like_name=request(1 | 16, "POST", "/drain", "localhost.example:9901", ""),
    drain_by_an_address_of_a_name=request(1 | 16, "POST", "/drain", "127.0.0.1.example", ""),
    drain_by_a_name_and_no_port=request(1 | 16, "POST", "/drain", "evil.example:99999", ""),
    drain_by_a_name_that_is_none=request(1 | 16, "POST", "/drain", "evil_example/", ""),
    drain_of_a_second_unknown=request(1, "POST", "/drain", "", "", "point-service", "nobody"),
    drain_by_no_name=request(1 | 16, "POST", "/drain", "[::1", ""),
    drain_by_localhost=request(1 | 16, "POST", "/drain", "localhost", ""),
    drain_in_small_letters=request(1, "post", "/drain", "", ""),
    drain_twice=request(1, "POST", "/drain", "", "", "point-service", "coupon-service"),
    drain_with_a_long_body=request(1 | 8, "POST", "/drain", "", "", "coupon-service"),
    drain_with_another_argument=request(1 | 32, "POST", "/drain", "", "force"),
    resume_all=request(1, "POST", "/resume", "", ""),
    post_status=request(1, "POST", "/status", "", ""),
    ready=request(1 | 128, "GET", "/readyz", "", ""),
    ready_of_one=request(1, "GET", "/readyz", "", "", "coupon-service"),
    long_body_of_a_look=request(1 | 8, "GET", "/metrics", "", ""),
    more_of_a_path=request(1, "GET", "/statuses", "", ""),
    drain_with_a_body=request(1 | 4, "POST", "/drain", "", ""),
    long_body=request(1 | 8, "POST", "/drain", "", ""),
    get_drain=request(1, "GET", "/drain", "", ""),
    other_argument=request(1 | 32, "GET", "/status", "", "a\nb\x9b"),
    path_with_controls=request(1, "GET", "/\r\nX: y", "", ""),
    address_host=request(1 | 16, "POST", "/resume", "[::1]:9", ""),
)

# ---- TLS, greetings, status ------------------------------------------------------------------------

seed(
    "h2_greeting",
    http1=b"\1\2HTTP/1.1 400 Bad Request\r\n",
    tls_alert=b"\0\1\x15\x03\x03\0\2\2\x46",
    one_more_than_is_kept=b"\0\0HTTP/1.1 ",
    ssh=b"\3\3SSH-2.0-OpenSSH_9.2\r\n",
    nothing=b"\0\0",
    one_byte=b"\0\0H",
    almost_http=b"\2\1HTT",
)


def tls(code, alert, peer, name, words):
    return struct.pack("<iB", code, alert) + b"".join(
        t.encode("latin-1") + b"\0" for t in (peer, name, words)
    )


OPENSSL = "OpenSSL/3.0.11: error:0A000412:SSL routines::sslv3 alert bad certificate, errno 0"
seed(
    "tls_words",
    expired=tls(10, 45, "10.0.0.1:50051", "shop.example", OPENSSL),
    name=tls(62, 116, "[::1]:1", "shop\0", "error:0A00010B:SSL routines::wrong version number"),
    unknown=tls(9999, 255, "p", "n", "::"),
    controls=tls(18, 48, "a\x1b[2J\n", "\xff\x80", "::,"),
    delete=tls(18, 48, "a\x7f", "b\x7f", "::,"),
    long=tls(66, 112, "p" * 400, "n" * 400, "x" * 500 + "::" + "y" * 500),
)
seed(
    "notify",
    status=b"2 of 3 services listed\0",
    slipped_in=b"well\nREADY=1\0STOPPING=1\n\0",
    not_utf8=b"a\xff\xc3\0b\xc2\x9b2J\0",
    long=b"x" * 300 + b"\0" + b"\xc3\xbc" * 200 + b"\0",
    twice=b"same\0same\0other\0\0",
    none_again=b"well\0\0\0well\0",
    four_bytes=b"\xf0\x9f\x90\xa7 \xe2\x82\xac\0" + b"\xf0\x9f\x90\xa7" * 100 + b"\0",
    bytes_that_are_none=b"a\xf0\x9fb\xff\xffc\xe2\x80\xaed\0",
)

# ---- HTTP/2 ----------------------------------------------------------------------------------------

END_STREAM, END_HEADERS, ACK = 1, 4, 1
DATA, HEADERS, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = 0, 1, 3, 4, 5, 6, 7, 8, 9


def h2(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    """HPACK: without indexing, both as they are."""
    name, value = name.encode(), value.encode("latin-1")
    assert len(name) < 127 and len(value) < 127
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


BEGINS = b"\x88" + literal("content-type", "application/grpc")


def ends(code="0", text=""):
    return literal("grpc-status", code) + (literal("grpc-message", text) if text else b"")


def answer_on(stream, *messages, end=ends()):
    return (
        h2(HEADERS, END_HEADERS, stream, BEGINS)
        + b"".join(h2(DATA, 0, stream, framed(m)) for m in messages)
        + h2(HEADERS, END_HEADERS | END_STREAM, stream, end)
    )


def session(n, what, when, cuts, *said):
    return bytes([n - 1, what, when]) + bytes(cuts) + h2(SETTINGS, 0, 0) + b"".join(said)


WHOLE = [0, 0, 0, 0]
SERVING = message((1, 1))
seed(
    "h2_session",
    well=session(1, 0, 99, WHOLE, answer_on(1, SERVING)),
    byte_by_byte=session(3, 0, 99, [1, 1, 1, 1], answer_on(1, SERVING), answer_on(3, SERVING), answer_on(5)),
    in_one_block=session(1, 0, 99, WHOLE, h2(HEADERS, END_HEADERS | END_STREAM, 1, BEGINS + ends("12", "no%0A"))),
    without_status=session(1, 0, 99, WHOLE, h2(HEADERS, END_HEADERS, 1, BEGINS), h2(DATA, END_STREAM, 1, framed(SERVING))),
    compressed=session(1, 0, 99, WHOLE, h2(HEADERS, END_HEADERS, 1, BEGINS), h2(DATA, 0, 1, b"\1\0\0\0\1a")),
    too_long=session(2, 0, 99, WHOLE, h2(HEADERS, END_HEADERS, 1, BEGINS), h2(DATA, 0, 1, framed(b"x" * 201))),
    cut_off=session(1, 0, 99, WHOLE, h2(HEADERS, END_HEADERS, 1, BEGINS), h2(DATA, 0, 1, b"\0\0\0\0\2a"), h2(HEADERS, END_HEADERS | END_STREAM, 1, ends())),
    reset=session(2, 0, 99, WHOLE, h2(RST, 0, 1, b"\0\0\0\2"), h2(RST, 0, 3, b"\0\0\0\0")),
    goaway=session(3, 4, 99, WHOLE, h2(GOAWAY, 0, 0, b"\0\0\0\1\0\0\0\0"), answer_on(1, SERVING)),
    dropped_in_between=session(2, 1, 0, [60, 0, 0, 0], answer_on(3, SERVING), answer_on(1)),
    owner_closes_at_an_end=session(4, 3, 99, WHOLE, answer_on(5, b"body"), answer_on(1)),
    settings_flood=session(1, 0, 99, WHOLE, h2(SETTINGS, 0, 0, b"\0\3\0\0\0\1") * 200),
    ping_flood=session(1, 0, 99, WHOLE, h2(PING, 0, 0, b"12345678") * 200),
    reset_storm=session(4, 0, 99, WHOLE, *(h2(RST, 0, 2 * i + 1, b"\0\0\0\7") for i in range(100))),
    push=session(1, 0, 99, WHOLE, h2(PUSH, END_HEADERS, 1, b"\0\0\0\2" + b"\x82\x86\x84")),
    continuations=session(1, 0, 99, WHOLE, h2(HEADERS, 0, 1, BEGINS), *(h2(CONTINUATION, 0, 1, b"") for _ in range(50)), h2(CONTINUATION, END_HEADERS, 1, ends())),
    window_of_2_to_31=session(1, 0, 99, WHOLE, h2(WINDOW, 0, 0, b"\x7f\xff\xff\xff") * 2),
    window_of_nothing=session(2, 0, 99, WHOLE, h2(WINDOW, 0, 1, b"\0\0\0\0")),
    empty_data=session(2, 0, 99, WHOLE, h2(HEADERS, END_HEADERS, 3, BEGINS), h2(DATA, 0, 3) * 300),
    padded=session(1, 0, 99, WHOLE, h2(HEADERS, END_HEADERS, 1, BEGINS), h2(DATA, 8, 1, b"\3" + framed(SERVING) + b"\0\0\0"), h2(HEADERS, 5, 1, ends())),
    hpack_broken=session(1, 0, 99, WHOLE, h2(HEADERS, END_HEADERS, 1, b"\xff\xff\xff\xff\xff")),
    http1=bytes([0, 0, 0, 0, 0, 0, 0]) + b"HTTP/1.1 400 Bad Request\r\n\r\n",
    trailers_twice=session(1, 0, 99, WHOLE, answer_on(1, SERVING, SERVING), h2(HEADERS, 5, 1, ends("2"))),
    stream_that_is_not_ours=session(1, 0, 99, WHOLE, answer_on(7, SERVING), answer_on(2, SERVING)),
)


# ---- scripts for a peer of the transport: see peer.c and fuzz_probe_peer.c ---------------------------

TURN, HELLO, CUT, AUDIT, FORGET = b"\0", b"\x0f", b"\x09", b"\x10", b"\x11"
AUTO, WATCH, CHECK = b"\0", b"\1", b"\2"


def some(op, *numbers, payload=b""):
    return bytes([op, *numbers, len(payload)]) + payload


def settings(*pairs):
    return bytes([1, len(pairs)]) + b"".join(bytes(pair) for pair in pairs)


def passes(twentieths):
    return bytes([10, twentieths])


def refuses(how):
    return bytes([11, how])


def answers(which, status, code=0):
    return bytes([0x12, which, status, code])


def begins(which):
    return bytes([0x13, which])


def pushes(which, status):
    return bytes([0x14, which, status])


def closes(which, code):
    return bytes([0x15, which, code])


START = AUDIT + TURN + HELLO + TURN
SERVES = answers(0, 1) + TURN
seed(
    "probe_peer",
    serving=AUTO + START + SERVES + begins(1) + pushes(1, 1) + TURN,
    not_serving=CHECK + START + answers(0, 2) + TURN + AUDIT + TURN + answers(1, 1) + TURN,
    watch_flips=AUTO + START + SERVES + begins(1) + pushes(1, 1) + TURN + pushes(1, 2) + TURN + pushes(1, 1) + TURN,
    watch_mode=WATCH + START + SERVES + TURN + begins(1) + pushes(1, 1) + TURN,
    watch_ends=WATCH + START + SERVES + begins(1) + closes(1, 12) + TURN + AUDIT + TURN + answers(2, 1) + TURN,
    no_check_but_a_watch=AUTO + START + begins(1) + pushes(1, 1) + TURN + answers(0, 0, 12) + TURN,
    pushed_meanwhile=AUTO + START + begins(1) + pushes(1, 2) + TURN + SERVES,
    serving_without_ok=CHECK + START + begins(0) + pushes(0, 1) + closes(0, 13) + TURN,
    serving_of_a_call_before=CHECK + START + passes(21) + AUDIT + TURN + answers(0, 1) + TURN + answers(1, 2) + TURN,
    nothing_after_serving=CHECK + START + SERVES + AUDIT + TURN + begins(1) + closes(1, 0) + TURN,
    late_after_forget=CHECK + START + FORGET + TURN + answers(0, 1) + TURN + START + SERVES,
    two_messages=CHECK + START + begins(0) + pushes(0, 1) + pushes(0, 2) + closes(0, 0) + TURN,
    said_to_nobody_meanwhile=AUTO + START + answers(0, 1) + bytes([14, 3]) + SERVES,
    more_behind_the_end=CHECK + START + answers(0, 1) + pushes(0, 2) + TURN,
    silent=AUTO + START + passes(25),
    cut=AUTO + START + CUT + TURN + passes(5) + TURN + HELLO + SERVES,
    cut_without_end=AUTO + AUDIT + (TURN + CUT + TURN + passes(4)) * 12,
    refused=AUTO + refuses(1) + AUDIT + TURN + passes(4) + TURN,
    no_descriptors=AUTO + refuses(2) + AUDIT + TURN + refuses(0) + START + SERVES,
    goaway=AUTO + START + some(6, 0, payload=bytes(8)) + TURN + passes(4) + HELLO + SERVES,
    one_stream_at_a_time=AUTO + AUDIT + TURN + settings((3, 1)) + TURN + SERVES + AUDIT + TURN + answers(2, 1) + TURN,
    no_streams=AUTO + AUDIT + TURN + settings((3, 0)) + TURN + passes(21),
    reset=AUTO + START + some(4, 0, 0, payload=b"\0\0\0\2") + TURN,
    resets=AUTO + START + bytes([13, 3, 1, 200]) + TURN,
    pings=AUTO + START + bytes([13, 6, 0, 250]) * 4 + TURN + SERVES,
    settings_flood=AUTO + START + bytes([13, 4, 0, 250]) * 4 + TURN + SERVES,
    large_message=CHECK + START + begins(0) + bytes([12, 0, 0, 0x40, 0]) + TURN,
    web_server=AUTO + AUDIT + TURN + some(8, payload=b"HTTP/1.1 400 Bad Request\r\n\r\n") + TURN,
    tls_alert=AUTO + AUDIT + TURN + some(8, payload=b"\x15\x03\x03\0\2\2\x46") + TURN,
    window_of_nothing=AUTO + AUDIT + TURN + settings((4, 0)) + TURN + SERVES + passes(21),
    half_a_frame=CHECK + START + some(8, payload=b"\0\0\7\0\0\0\0\0\1\0\0") + passes(21) + AUDIT + TURN + some(8, payload=b"\0\0\2\x08\1") + TURN,
)


# ---- scripts for an etcd: see fuzz_etcd_peer.c --------------------------------------------------------

GRANT_, PUT_, VERIFY_, REVOKE_, RENEW_, CANCEL_, FOLLOW_, SAY_, BEGIN_, MESSAGE_, END_ = range(16, 27)
GATHERED = passes(2) + TURN  # renewals and looks wait for others that start with them
OK_HEADER, OLD_HEADER, NEW_HEADER, FOREIGN_HEADER, NO_HEADER = 0, 2, 3, 0x80, 0x40


def does(op, how=0):
    return bytes([op, how])


def says(*words, end=0, before=0, header=OK_HEADER):
    return bytes([SAY_, before, header, *words, end]) + TURN


def tells(*words, before=0, header=OK_HEADER):
    return bytes([MESSAGE_, before, header, *words]) + TURN


def stops(end, before=0):
    return bytes([END_, before, end]) + TURN


BEGUN = TURN + HELLO + TURN
PAGE = says(2, 0, 1)  # two keys: a good one, and another
WATCHED = does(FOLLOW_) + BEGUN + PAGE + BEGUN + bytes([BEGIN_, 0]) + tells(1)
ONE, THREE = b"\0", b"\2"
seed(
    "etcd_peer",
    grant=ONE + does(GRANT_) + BEGUN + says(0),
    grant_of_nothing=ONE + does(GRANT_) + BEGUN + says(2),
    grant_unanswered=ONE + does(GRANT_) + BEGUN + passes(45),
    put=ONE + does(PUT_) + BEGUN + says(11, 255),
    put_over_another=ONE + does(PUT_, 6) + BEGUN + says(2, 0x40) + says(11, 255),
    put_taken=ONE + does(PUT_) + BEGUN + says(2, 0x40),
    put_two=ONE + does(PUT_, 3) + BEGUN + says(13, 255, 255),
    put_lease_gone=ONE + does(PUT_) + BEGUN + says(0, end=1) + says(4),
    verify=ONE + does(VERIFY_, 12) + GATHERED + HELLO + TURN + says(1),
    verify_otherwise=ONE + does(VERIFY_, 12) + GATHERED + HELLO + TURN + says(0) + says(1, 0x40),
    renew=ONE + does(RENEW_) + GATHERED + HELLO + TURN + bytes([BEGIN_, 0]) + tells(0) + TURN,
    renew_gone=ONE + does(RENEW_) + GATHERED + HELLO + TURN + bytes([BEGIN_, 0]) + tells(4) + TURN,
    renew_another=ONE + does(RENEW_) + does(RENEW_, 1) + GATHERED + HELLO + TURN + bytes([BEGIN_, 0]) + tells(1) + tells(0),
    renew_in_the_same_stream=ONE + (does(RENEW_) + GATHERED + HELLO + TURN + bytes([BEGIN_, 0]) + tells(0)) * 3,
    renew_cancelled=ONE + does(RENEW_) + GATHERED + does(CANCEL_) + HELLO + TURN + bytes([BEGIN_, 0]) + tells(0),
    revoke=ONE + does(REVOKE_) + BEGUN + says(0),
    revoke_gone=ONE + does(REVOKE_) + BEGUN + says(0, end=1) + says(4) + bytes([BEGIN_, 0]) + tells(4),
    three_calls=ONE + does(GRANT_) + does(PUT_, 1) + does(REVOKE_, 2) + BEGUN + says(0) + says(11, 255) + says(0),
    cancelled_in_flight=ONE + does(GRANT_) + TURN + does(CANCEL_) + HELLO + TURN + says(0),
    member_without_leader=THREE + does(GRANT_) + BEGUN + says(0, end=2) + BEGUN + says(0),
    all_refuse=THREE + refuses(1) + does(GRANT_) + TURN + passes(5) + passes(40),
    foreign_cluster=THREE + does(GRANT_) + BEGUN + says(0) + does(GRANT_) + TURN + says(0, header=FOREIGN_HEADER) + BEGUN + says(0),
    revision_goes_back=THREE + does(GRANT_) + BEGUN + says(0) + does(PUT_) + TURN + says(11, 255, header=OLD_HEADER) + BEGUN + says(11, 255),
    cut=ONE + does(GRANT_) + BEGUN + CUT + TURN + BEGUN + says(0),
    logs_in=b"\x80" + does(GRANT_) + BEGUN + says(0) + says(0),
    token_refused=b"\x80" + does(GRANT_) + BEGUN + says(0) + says(0, end=4) + says(0) + says(0),
    wrong_password=b"\x80" + does(RENEW_) + GATHERED + HELLO + TURN + says(0, end=8) + TURN + says(0),
    follows=ONE + WATCHED + tells(16, 0xC8, header=NEW_HEADER) + tells(16, 0xE2, header=NEW_HEADER),
    follows_foreign_keys=ONE + WATCHED + tells(16, 0xC3, header=NEW_HEADER),
    follows_news_of_the_future=ONE + WATCHED + tells(16, 0xC2),
    follows_parts=ONE + WATCHED + tells(24, 0xC2, header=NEW_HEADER) + tells(16, 0xC9, header=NEW_HEADER),
    follows_compacted=ONE + WATCHED + tells(6) + PAGE,
    follows_cancelled=ONE + WATCHED + tells(18) + passes(4) + PAGE,
    follows_old_news=THREE + WATCHED + tells(16, 0, header=OLD_HEADER) + tells(16, 0xC0, header=FOREIGN_HEADER) + BEGUN + PAGE,
    follows_without_an_end=ONE + does(FOLLOW_) + BEGUN + says(6, 0, 1) * 6,
    watch_is_cut=ONE + WATCHED + CUT + TURN + passes(4) + BEGUN + PAGE,
    page_without_header=ONE + does(FOLLOW_) + BEGUN + says(2, 0, 1, header=NO_HEADER) + passes(10),
    last_revision=ONE + does(FOLLOW_) + BEGUN + says(2, 0, 1, header=6) + BEGUN + passes(220) + passes(60),
    interrupted=ONE + WATCHED + does(FOLLOW_) + TURN + PAGE + does(FOLLOW_, 1) + TURN + PAGE,
    silent_audit=ONE + WATCHED + passes(220) + TURN + passes(60),
)


# ---- scripts for a TLS server, and whoever is between: see fuzz_h2_tls.c and tls_servers.c -----------

CARRY, SEND, DELIVER, SAYS, FRAGMENT, KEYS, AGAIN, ASKS, GOODBYE, LEAVE, SPOIL, LOSE, REPEAT, RECORD, RAW, RENEGOTIATE, LOOK_BACK = range(17)
GOOD, OLD, ASKING, ASKING_OLD, STRANGER, EXPIRED, OTHER_NAME, NO_ALPN, OTHER_ALPN = range(9)
INSECURE, SHOWN, ADDRESS, NAMED = 1, 2, 4, 8


def step(op, *numbers, payload=None):
    """Numbers below 256 are bytes; others are pairs of two bytes already."""
    flat = b"".join(n if isinstance(n, bytes) else bytes([n]) for n in numbers)
    return bytes([op]) + flat + (b"" if payload is None else bytes([len(payload)]) + payload)


def two(n):
    return struct.pack("<H", n)


def tls(server, client, *steps):
    return bytes([server, client]) + b"".join(steps)


def record(kind, payload, minor=3, length=None):
    claimed = b"" if length is None else two(length)
    return step(RECORD, kind - 20, minor, 0 if length is None else 0x80, payload=payload) + claimed


TALK = step(CARRY) + step(ASKS, two(3)) + step(SAYS, two(900)) + step(CARRY)
ALL = step(SEND, two(65535))
some_tls = {}
for number, name in enumerate("good old asking asking_old stranger expired other_name no_alpn other_alpn".split()):
    some_tls[name] = tls(number, 0, TALK)
    some_tls[name + "_insecure"] = tls(number, INSECURE, TALK)
    some_tls[name + "_shown"] = tls(number, SHOWN | ADDRESS, TALK)
for refusal in range(1, 8):
    some_tls[f"refusal_{refusal}"] = tls(ASKING + refusal % 2, SHOWN | NAMED | refusal << 4, TALK, step(LOOK_BACK), TALK)
seed(
    "h2_tls",
    byte_by_byte=tls(GOOD, 0, ALL, step(DELIVER, two(1), 0) * 150, step(CARRY)),
    small_pieces=tls(OLD, NAMED, step(SEND, two(70)) * 8, step(DELIVER, two(200), 3) * 10, step(CARRY)),
    fragments=tls(GOOD, 0, step(CARRY), step(FRAGMENT, two(0)), step(SAYS, two(9000)), step(DELIVER, two(700), 255) * 12, TALK),
    large=tls(GOOD, 0, step(CARRY), step(SAYS, two(65535)), step(ASKS, two(65535)), step(CARRY)),
    goodbye=tls(GOOD, 0, TALK, step(SAYS, two(4)), step(GOODBYE), step(CARRY)),
    goodbye_at_once=tls(GOOD, 0, step(GOODBYE), ALL, step(GOODBYE), step(CARRY)),
    leaves=tls(OLD, 0, TALK, step(LEAVE), step(CARRY), step(AGAIN, GOOD), TALK),
    again=tls(STRANGER, 0, TALK, step(AGAIN, GOOD), TALK, step(AGAIN, EXPIRED), TALK),
    keys=tls(GOOD, 0, TALK, step(KEYS, 3), step(CARRY), TALK),
    keys_without_end=tls(GOOD, 0, TALK, (step(KEYS, 250) + step(DELIVER, two(65535), 9)) * 30),
    heard_before_it_has_sent=tls(GOOD, 0, TALK, step(ASKS, two(16383)), step(SAYS, two(90)), step(DELIVER, two(999), 9), step(CARRY)),
    asked_before=tls(ASKING_OLD, SHOWN, TALK, step(AGAIN, OLD), ALL, step(LOOK_BACK), TALK),
    renegotiates=tls(OLD, 0, TALK, step(RENEGOTIATE), step(CARRY)),
    spoilt=tls(GOOD, 0, ALL, step(SPOIL, two(90), 1), step(CARRY)),
    spoilt_hello=tls(OLD, 0, ALL, step(SPOIL, two(9), 255), step(CARRY)),
    spoilt_length=tls(GOOD, 0, ALL, step(SPOIL, two(3), 128), step(CARRY)),
    spoilt_later=tls(GOOD, 0, TALK, step(SAYS, two(40)), step(SPOIL, two(20), 1), step(CARRY)),
    lost=tls(GOOD, 0, TALK, step(SAYS, two(40)), step(LOSE, two(7)), step(SAYS, two(40)), step(CARRY)),
    lost_hello=tls(GOOD, 0, ALL, step(LOSE, two(100)), step(CARRY)),
    repeated=tls(GOOD, 0, TALK, step(SAYS, two(40)), step(REPEAT, two(999)), step(CARRY)),
    repeated_hello=tls(OLD, 0, ALL, step(REPEAT, two(9999)), step(CARRY)),
    asked_before_open=tls(GOOD, 0, step(ASKS, two(9)), step(LOOK_BACK), step(CARRY), step(ASKS, two(9))),
    blamed=tls(ASKING_OLD, SHOWN, ALL, step(DELIVER, two(9999), 9), step(LOOK_BACK)),
    web_server=tls(GOOD, 0, step(RAW, payload=b"HTTP/1.1 400 Bad Request\r\n\r\n"), step(CARRY)),
    grpc_server=tls(GOOD, 0, step(RAW, payload=h2(SETTINGS, 0, 0)), step(CARRY)),
    nothing_in_records=tls(GOOD, 0, record(23, b"") * 40, step(CARRY)),
    ticket_of_nothing=tls(GOOD, 0, TALK, record(22, b"\4\0\0\0"), step(CARRY)),
    record_too_long=tls(GOOD, 0, record(22, b"\2", length=65535), step(CARRY)),
    record_without_an_end=tls(GOOD, 0, record(22, b"\2\xff\xff\xff" + bytes(100), length=16384), step(CARRY)),
    old_version=tls(GOOD, 0, record(22, b"\2\0\0\x26\3\1" + bytes(36), minor=1), step(CARRY)),
    change_cipher=tls(GOOD, 0, record(20, b"\1") * 3, step(CARRY)),
    **{f"alert_{n}": tls(GOOD, SHOWN if n % 2 else 0, record(21, bytes([2, n])), step(CARRY)) for n in (0, 10, 40, 42, 43, 44, 45, 46, 47, 48, 49, 70, 71, 80, 86, 90, 109, 112, 116, 120, 255)},
    alert_of_asking=tls(ASKING_OLD, 0, ALL, step(DELIVER, two(9999), 9), record(21, b"\2\x28"), step(CARRY)),
    alert_in_clear_later=tls(GOOD, 0, TALK, record(21, b"\2\x2a"), step(CARRY)),
    warning=tls(OLD, 0, record(21, b"\1\x70"), step(CARRY)),
    **some_tls,
)


# ---- certificates: see fuzz_certificate.c ------------------------------------------------------------

SIGNED, C_INSECURE, C_ADDRESS, C_OLD, C_ASKS, PLAIN = 2, 4, 8, 16, 32, 128
RIGHT_NAME = step(0, payload=b"orders.shop.local")


def names(*texts):
    return b"".join(step(0, payload=t.encode() if isinstance(t, str) else t) for t in texts)


def address(*octets):
    return step(1, 2, payload=bytes(octets))


def begins_at(text):
    return step(4, len(text) == 15) + text.encode() + b"\0"


def ends_at(text):
    return step(5, len(text) == 15) + text.encode() + b"\0"


def by(what, text):
    return step(2, what, payload=text)


def extension(number, der, critical=False):
    return step(6, number | 0x80 * critical, payload=der)


seed(
    "certificate",
    good=bytes([SIGNED]) + RIGHT_NAME,
    good_old=bytes([SIGNED | C_OLD]) + RIGHT_NAME,
    good_address=bytes([SIGNED | C_ADDRESS]) + address(127, 0, 0, 1),
    not_signed=bytes([0]) + RIGHT_NAME,
    insecure=bytes([C_INSECURE]) + names("elsewhere"),
    asks=bytes([SIGNED | C_ASKS]) + RIGHT_NAME,
    asks_old=bytes([SIGNED | C_ASKS | C_OLD]) + RIGHT_NAME,
    other_names=bytes([SIGNED]) + names("a.example", "b.example") + address(10, 0, 0, 1) + step(1, 3, payload=b"a@b.example"),
    many_names=bytes([SIGNED]) + names(*(f"name-{n}.example" for n in range(30))),
    long_names=bytes([SIGNED]) + names("a" * 255, "b" * 60, "c" * 61, "d" * 59, "e" * 20),
    names_of_nothing=bytes([SIGNED]) + names("", "", b"\0orders.shop.local", "a"),
    names_that_steer=bytes([SIGNED]) + names(b"\x1b[2Jorders\r\n", b"\xc2\x9b", b"\xe2\x80\xae", b"\xff\xfe"),
    name_with_an_end=bytes([SIGNED]) + names(b"orders.shop.local\0.example"),
    wildcard=bytes([SIGNED]) + names("*.shop.local"),
    part_of_a_wildcard=bytes([SIGNED]) + names("ord*.shop.local", "*", "*.local", "*.*.local", "orders.*.local"),
    in_capitals=bytes([SIGNED]) + names("ORDERS.shop.local"),
    common_name=bytes([SIGNED]) + step(3, 0, payload=b"orders.shop.local"),
    six_bytes_of_address=bytes([SIGNED | C_ADDRESS]) + address(127, 0, 0, 1, 0, 0) + address() + address(*range(16)),
    expired=bytes([SIGNED]) + RIGHT_NAME + ends_at("20200101000000Z"),
    ends_soon=bytes([SIGNED]) + RIGHT_NAME + ends_at("20491231235959Z"),
    short_dates=bytes([SIGNED]) + RIGHT_NAME + begins_at("200101000000Z") + ends_at("491231235959Z"),
    not_yet=bytes([SIGNED]) + RIGHT_NAME + begins_at("20900101000000Z") + ends_at("99991231235959Z"),
    before_1970=bytes([SIGNED]) + RIGHT_NAME + begins_at("500101000000Z") + ends_at("19690101000000Z"),
    dates_of_nothing=bytes([SIGNED]) + RIGHT_NAME + begins_at("") + ends_at("00000000000000Z"),
    date_that_is_none=bytes([SIGNED]) + RIGHT_NAME + ends_at("20230231000000Z"),
    issuers=bytes([0]) + by(0, b"ours") + by(1, b"\x1b[31m") + by(2 | 3 << 2, b"\0o\0u") + by(1 | 4 << 2, b"\0\0\0o") + RIGHT_NAME,
    long_issuer=bytes([0]) + by(0, b"x" * 250) + by(1, b"y" * 250) + RIGHT_NAME,
    empty_issuer=bytes([0]) + by(0, b"") + RIGHT_NAME,
    not_for_servers=bytes([SIGNED]) + RIGHT_NAME + extension(1, bytes.fromhex("300a06082b06010505070302")),
    no_signing=bytes([SIGNED]) + RIGHT_NAME + extension(0, bytes.fromhex("03020520"), critical=True),
    unreadable_extension=bytes([SIGNED]) + RIGHT_NAME + extension(2, b"\x30\x7f", critical=True),
    names_twice=bytes([SIGNED]) + RIGHT_NAME + extension(3, bytes.fromhex("3013" "8211") + b"orders.shop.local"),
    unreadable_names=bytes([SIGNED]) + extension(3, b"\x30\x84\xff\xff\xff\xff"),
    constraints=bytes([SIGNED]) + RIGHT_NAME + extension(4, bytes.fromhex("300aa0083006820469742e65"), critical=True),
    chain=bytes([SIGNED]) + RIGHT_NAME + step(7) + names("second") + step(7) + names("third"),
    chain_that_has_ended=bytes([SIGNED]) + RIGHT_NAME + step(7) + ends_at("20200101000000Z"),
    chain_without_dates=bytes([SIGNED]) + RIGHT_NAME + step(7) + ends_at(""),
    plain_http=bytes([PLAIN]) + b"HTTP/1.1 400 Bad Request\r\n\r\n",
    plain_alert=bytes([PLAIN]) + b"\x15\3\3\0\2\2\x28",
    plain_nothing=bytes([PLAIN]),
    plain_ssh=bytes([PLAIN]) + b"SSH-2.0-OpenSSH_9.2\r\n",
)


# ---- the ends of HTTP transfers: see fuzz_curl_http_end.c --------------------------------------------


def ended(code, flags=0, status=0, error=0, verdict=0, words=b"", name=b"127.0.0.1:8080"):
    return bytes([flags, code]) + two(status) + bytes([error, verdict]) + name + b"\0localhost\0" + words + b"\0"


E_TLS, E_SHOWN, E_STOPPED, E_NONSENSE, E_PROVEN, E_LOCALHOST, E_SELF, E_SOCKET = (1 << n for n in range(8))
E_FLOODED = 128  # with the code
GO_AWAY = b"OpenSSL/3.0.11: error:0A000412:SSL routines::sslv3 alert bad certificate, errno 0"
seed(
    "curl_http_end",
    answered=ended(0, status=200),
    answered_with_words=ended(0, status=200, words=b"no words"),
    answered_with_nonsense=ended(0, E_NONSENSE, status=200),
    no_answer_and_well=ended(0),
    answered_over_tls=ended(0, E_TLS, status=503),
    stopped=ended(23, E_STOPPED, status=200),
    headers_without_end=ended(23 | E_FLOODED, status=200),
    nonsense=ended(23, E_NONSENSE, status=200),
    nonsense_of_our_own=ended(23, E_NONSENSE | E_SELF, status=200),
    refused=ended(7, error=111),
    no_such_socket=ended(7, error=2, name=b"unix:/run/a.sock"),
    localhost=ended(7, E_LOCALHOST, error=99),
    localhost_silent=ended(7, E_LOCALHOST),
    no_route=ended(7, error=113),
    no_sockets=ended(7, E_SOCKET),
    late=ended(28),
    late_in_the_answer=ended(28, status=200),
    certificate=ended(60, E_TLS, verdict=10),
    certificate_name=ended(60, E_TLS),
    files=ended(58, E_TLS | E_SHOWN),
    ca_file=ended(77, E_TLS),
    handshake=ended(35, E_TLS, words=GO_AWAY),
    handshake_shown=ended(35, E_TLS | E_SHOWN, words=GO_AWAY),
    handshake_plain=ended(35, E_TLS, words=b"error:0A00010B:SSL routines::wrong version number"),
    handshake_other=ended(35, E_TLS, words=b"error:0A000126::odd, errno 0"),
    weird=ended(8),
    unsupported=ended(1, E_SELF),
    no_memory=ended(27),
    header_without_end=ended(27, status=200),
    status_without_end=ended(27, E_PROVEN),
    too_large=ended(100),
    no_room=ended(23, status=200),
    cut=ended(52),
    cut_with_words=ended(56, words=GO_AWAY),
    no_sockets_and_refused=ended(7, E_SOCKET, error=111),
    cut_over_tls=ended(56, E_TLS),
    cut_over_tls_later=ended(56, E_TLS | E_PROVEN),
    cut_in_the_answer=ended(18, status=200),
    cut_over_our_certificate=ended(56, E_TLS | E_SHOWN, words=GO_AWAY),
    name_that_steers=ended(52, name=b"\x1b[2J"),
)


# ---- scripts for an HTTP server: see fuzz_http_peer.c ------------------------------------------------

H_TURN, H_ASK, H_LINE, H_SOME, H_STATUS, H_MUCH, H_DROP, H_PASS, H_FORGET, H_DOOR = range(10)
OK_LINE, E503, E302, E100, E204, FIVE, NONE_, CHUNKED, CLOSES, KEEPS, BLANK, CHUNK, LAST_CHUNK, HELLO_, BROKEN_, LOCATION, HTTP2, UPGRADE, E101, ENDLESS, GZIP, TRAILER, E999, HTTP09 = range(24)
PROBES, READS = b"\0" + two(0), b"\1"


def lines(*which):
    return b"".join(bytes([H_LINE, n]) for n in which)


H_ASKED = bytes([H_ASK])
WELL = lines(OK_LINE, FIVE, BLANK, HELLO_)
seed(
    "http_peer",
    ok=PROBES + H_ASKED + WELL,
    body=READS + two(100) + H_ASKED + WELL,
    body_cut=READS + two(3) + H_ASKED + WELL,
    body_not_wanted=READS + two(0) + H_ASKED + WELL,
    kept=PROBES + (H_ASKED + WELL) * 4,
    kept_and_read=READS + two(9) + (H_ASKED + WELL) * 4,
    until_the_end=READS + two(9) + H_ASKED + lines(OK_LINE, BLANK, HELLO_) + bytes([H_DROP]),
    chunks=READS + two(99) + H_ASKED + lines(OK_LINE, CHUNKED, BLANK, CHUNK, CHUNK, LAST_CHUNK),
    chunks_cut=READS + two(99) + H_ASKED + lines(OK_LINE, CHUNKED, BLANK, CHUNK) + bytes([H_DROP]),
    chunk_of_nonsense=PROBES + H_ASKED + lines(OK_LINE, CHUNKED, BLANK) + step(H_SOME, payload=b"zz\r\n"),
    no_content=PROBES + H_ASKED + lines(E204, BLANK),
    unavailable=PROBES + H_ASKED + lines(E503, NONE_, BLANK),
    redirect=PROBES + H_ASKED + lines(E302, LOCATION, NONE_, BLANK),
    redirect_and_read=READS + two(9) + H_ASKED + lines(E302, LOCATION, NONE_, BLANK),
    goes_on_first=PROBES + H_ASKED + lines(E100, E100, OK_LINE, NONE_, BLANK),
    goes_on_only=PROBES + H_ASKED + lines(E100, E100) + bytes([H_PASS, 130]),
    switches=PROBES + H_ASKED + lines(E101, UPGRADE, BLANK) + bytes([H_PASS, 130]),
    status_999=PROBES + H_ASKED + lines(E999, NONE_, BLANK),
    statuses=PROBES + b"".join(H_ASKED + bytes([H_STATUS, 1]) + two(n) + bytes([H_DROP, H_TURN]) for n in (0, 99, 100, 199, 200, 399, 400, 1000, 1999)),
    http_2=PROBES + H_ASKED + lines(HTTP2, NONE_, BLANK),
    http_09=PROBES + H_ASKED + lines(HTTP09, NONE_, BLANK),
    nonsense=PROBES + H_ASKED + lines(BROKEN_) + step(H_SOME, payload=b"2x0 OK\r\n\r\n"),
    half_a_status=PROBES + H_ASKED + lines(BROKEN_) + step(H_SOME, payload=b"20\r\n\r\n"),
    silent=PROBES + H_ASKED + bytes([H_PASS, 130]),
    half_an_answer=PROBES + H_ASKED + lines(OK_LINE, FIVE, BLANK) + bytes([H_PASS, 130]),
    cut=PROBES + H_ASKED + bytes([H_DROP]) + bytes([H_PASS, 1]) + WELL,
    cut_in_the_answer=PROBES + H_ASKED + lines(OK_LINE, FIVE, BLANK) + bytes([H_DROP, H_PASS, 1]) + WELL,
    refused=PROBES + bytes([H_DOOR]) + H_ASKED + bytes([H_PASS, 5]),
    refused_and_back=PROBES + bytes([H_DOOR]) + H_ASKED + bytes([H_DOOR, H_PASS, 5]) + WELL,
    too_much_body=PROBES + H_ASKED + lines(OK_LINE, BLANK) + (bytes([H_MUCH]) + two(60000) + b"x") * 4,
    too_much_header=PROBES + H_ASKED + lines(OK_LINE) + (bytes([H_MUCH]) + two(60000) + b"x") * 6,
    headers_without_end=PROBES + H_ASKED + lines(OK_LINE) + lines(TRAILER) * 80 + bytes([H_PASS, 130]),
    endless_length=PROBES + H_ASKED + lines(OK_LINE, ENDLESS, BLANK, HELLO_) + bytes([H_PASS, 130]),
    length_twice=PROBES + H_ASKED + lines(OK_LINE, FIVE, NONE_, BLANK, HELLO_),
    length_below_0=PROBES + H_ASKED + lines(OK_LINE) + step(H_SOME, payload=b"Content-Length: -1\r\n\r\n"),
    more_behind_the_end=PROBES + H_ASKED + WELL + lines(HELLO_) + H_ASKED + WELL,
    answered_before_it_asked=PROBES + WELL + H_ASKED + WELL,
    status_without_end=PROBES + (H_ASKED + lines(BROKEN_) + step(H_SOME, payload=b"200 ") + (bytes([H_MUCH]) + two(60000) + b"x") * 4) * 3,
    first_header_without_end=PROBES + H_ASKED + lines(OK_LINE) + step(H_SOME, payload=b"a: ") + (bytes([H_MUCH]) + two(60000) + b"x") * 4,
    silent_and_read=READS + two(9) + H_ASKED,
    cut_and_not=READS + two(3) + H_ASKED + WELL + H_ASKED + lines(OK_LINE, NONE_, BLANK),
    dropped=PROBES + H_ASKED + bytes([H_FORGET]) + WELL + H_ASKED + WELL,
    dropped_and_asked_again=READS + two(9) + H_ASKED + bytes([H_FORGET]) + (H_ASKED + WELL) * 3,
    dropped_and_read=READS + two(9) + H_ASKED + lines(OK_LINE, FIVE, BLANK) + bytes([H_FORGET]) + H_ASKED + WELL,
    gzip=READS + two(99) + H_ASKED + lines(OK_LINE, GZIP, FIVE, BLANK, HELLO_),
    only_a_body=PROBES + H_ASKED + lines(HELLO_, HELLO_) + bytes([H_DROP, H_PASS, 130]),
    grpc_server=PROBES + H_ASKED + step(H_SOME, payload=h2(SETTINGS, 0, 0)) + bytes([H_PASS, 130]),
)


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "seeds")
    for target, named in SEEDS.items():
        (folder / target).mkdir(parents=True, exist_ok=True)
        for name, content in named.items():
            (folder / target / name).write_bytes(content)
        print(f"{target}: {len(named)} seeds")


if __name__ == "__main__":
    main()
