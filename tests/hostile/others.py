# SPDX-License-Identifier: Apache-2.0
"""Hostile services of the other kinds of probe: http, tcp and exec."""

from speech import drips, on_socket, reset, says, says_for_ever, silent
from services import CUT, UP, Case, crowded

OK = b"HTTP/1.1 200 OK\r\n"
END = b"\r\n"


def http(serve, outcome, **probe):
    return Case(serve, outcome, "http", probe)


def flood_http(octets, first=OK):
    return says_for_ever(octets, first)


def asked_for_ever(octets):
    """The whole answer again for each request, and once more unasked."""

    def serve(sock):
        while sock.recv(65536):
            sock.sendall(octets * 2)

    return on_socket(serve)


HTTP = {
    "http_headers_for_ever": http(flood_http(b"X-Header: and so on\r\n"), "NOT_HTTP"),
    "http_one_header_for_ever": http(
        flood_http(b"y" * 1000, OK + b"X: "), "NOT_HTTP|DEADLINE|RESET|NO_RESOURCES"
    ),
    "http_continue_for_ever": http(
        flood_http(b"HTTP/1.1 100 Continue\r\n\r\n", b""), "NOT_HTTP"
    ),
    "http_body_for_ever": http(flood_http(b"x" * 1000, OK + END), UP),
    "http_body_of_1_gb": http(flood_http(b"x" * 1000, OK + b"Content-Length: 1073741824\r\n" + END), UP),
    "http_body_that_does_not_come": http(says(OK + b"Content-Length: 1073741824\r\n" + END), "DEADLINE"),
    "http_a_length_below_nought": http(says(OK + b"Content-Length: -1\r\n" + END), "NOT_HTTP|DEADLINE|RESET"),
    "http_two_lengths": http(
        says(OK + b"Content-Length: 2\r\nContent-Length: 9\r\n" + END + b"ok"), "NOT_HTTP|DEADLINE|RESET"
    ),
    "http_chunk_of_16_eb": http(
        says(OK + b"Transfer-Encoding: chunked\r\n" + END + b"FFFFFFFFFFFFFFFFF\r\n" + b"x" * 100),
        "NOT_HTTP|DEADLINE|RESET",
    ),
    "http_chunks_for_ever": http(
        flood_http(b"1\r\nx\r\n", OK + b"Transfer-Encoding: chunked\r\n" + END), UP
    ),
    "http_gzip_that_is_none": http(
        asked_for_ever(OK + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n" + END + b"\xff" * 4), UP
    ),
    "http_redirects_to_itself": http(
        asked_for_ever(b"HTTP/1.1 302 Found\r\nLocation: /healthz\r\nContent-Length: 0\r\n" + END), UP
    ),
    "http_an_octet_at_a_time": http(drips(OK + b"Content-Length: 2\r\n" + END + b"ok"), "DEADLINE"),
    "http_status_of_nought": http(asked_for_ever(b"HTTP/1.1 000 No\r\nContent-Length: 0\r\n" + END),
                                  "HTTP_STATUS|NOT_HTTP|RESET|DEADLINE"),
    # libcurl takes what begins so for a 200.
    "http_status_line_of_nonsense": http(
        asked_for_ever(b"HTTP/nonsense\r\nContent-Length: 0\r\n" + END), "NOT_HTTP"
    ),
    "http_status_999": http(
        asked_for_ever(b"HTTP/1.1 999 No\r\nContent-Length: 0\r\n" + END), "HTTP_STATUS"
    ),
    "http_version_9": http(asked_for_ever(b"HTTP/9.9 200 OK\r\nContent-Length: 0\r\n" + END), "NOT_HTTP"),
    "http_noughts_in_a_header": http(
        asked_for_ever(OK + b"X\0Y: a\0b\r\nContent-Length: 0\r\n" + END), "NOT_HTTP|RESET|DEADLINE"
    ),
    "http_resets_at_once": http(reset, CUT),
    "http_noughts_for_ever": http(says_for_ever(bytes(4096), b""), "NOT_HTTP|DEADLINE|RESET"),
    "http_silent": http(silent, "DEADLINE"),
}  # fmt: skip


def tcp(serve, outcome, kind="tcp"):
    return Case(serve, outcome, kind, {"type": "tcp"})


TCP = {
    "tcp_flood": tcp(says_for_ever(b"x" * 1000, b""), UP),
    "tcp_takes_nobody": tcp(crowded, "DEADLINE", "listener"),
}


def command(script, outcome):
    """A shell's: well when the file of its honest server is there, else hostile."""
    words = ["sh", "-c", f"test ! -e FOLDER/honest-PORT || exit 0; {script}"]
    text = ", ".join("'" + word.replace("'", "''") + "'" for word in words)
    return Case(None, outcome, "exec", {"type": "exec", "command": f"[{text}]"})


EXEC = {
    "exec_errors_for_ever": command("exec yes no >&2", "DEADLINE"),
    "exec_a_line_of_10_mb": command("head -c 10000000 /dev/zero | tr '\\0' x; exit 1", "EXEC_FAILED|DEADLINE"),
    "exec_noughts_and_colours": command("printf 'a\\000b\\033[31m\\n\\233x\\377'; exit 1", "EXEC_FAILED"),
    "exec_leaves_children": command("sleep 3 & sleep 3 & exit 1", "EXEC_FAILED|DEADLINE"),
    "exec_kills_itself": command("kill -9 $$", "EXEC_FAILED"),
    "exec_hears_no_signal": command("trap '' TERM INT HUP; while :; do sleep 1; done", "DEADLINE"),
}  # fmt: skip

CASES = {**HTTP, **TCP, **EXEC}
