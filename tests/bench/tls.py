# SPDX-License-Identifier: MIT
"""front's TLS against OpenSSL's own server: the same key, the same client, the same file; and what TLS
adds to a request on a connection that stays open."""

from guest import API_PORT, TOOLS
from report import Row, compare, p50

TLS_PORT, OPENSSL_PORT = 8443, 8444
LOAD = f"{TOOLS}/bench/tlsload"
WWW = "/srv/http/www"
SET_UP = f"""
set -e
/bin/busybox dd if=/dev/zero of={WWW}/bench.file bs=1M count=@ 2>/dev/null
cd {WWW}
/usr/bin/openssl s_server -accept {OPENSSL_PORT} -key /data/tls/key.pem -cert /data/tls/chain.pem \\
	-WWW -quiet -no_ticket </dev/null >/dev/null 2>&1 &
until /bin/busybox nc -z 127.0.0.1 {OPENSSL_PORT}; do /bin/busybox sleep 0.1; done
"""


def bench_tls(guest, result, rounds, mib, count):
    """Handshakes, count of them one after the other; bytes; execs."""
    guest.run(SET_UP.replace("@", str(mib)))
    groups = []
    for name, port in (("front", TLS_PORT), ("openssl", OPENSSL_PORT)):
        groups.append([f"spawn {name}-new {LOAD} handshakes {port} {count}"])
        groups.append([f"spawn {name}-resumed {LOAD} resumes {port} {count}"])
        groups.append([f"spawn {name}-bytes {LOAD} bytes {port} tls /bench.file {mib << 20}"])
    groups.append([f"spawn plain-bytes {LOAD} bytes {API_PORT} plain /bench.file {mib << 20}"])
    path, body = "/cgi-bin/api/sandboxes/bench/exec", '{"cmd":"true"}'
    for how, port in (("tls", TLS_PORT), ("plain", API_PORT)):
        groups.append([f"spawn exec-{how} {LOAD} requests {port} {how} {count} {path} {body}"])
    s = guest.time(rounds, *groups)
    guest.run(f"rm {WWW}/bench.file")
    result["samples"]["tls"] = s

    def row(what, key, unit, amount, against="openssl", name="openssl s_server", goal=2.0):
        ours, theirs = p50(s[f"front-{key}"]), p50(s[f"{against}-{key}"])
        texts = [f"{amount / seconds:.0f} {unit}" for seconds in (ours, theirs)]
        return Row(what, texts[0], "", name, texts[1], ours / theirs, goal)

    # The ratio is that of the times: half of the handshakes a second are twice the time.
    execs = {how: [seconds / count for seconds in s[f"exec-{how}"]] for how in ("tls", "plain")}
    return [
        row("TLS handshakes, whole", "new", "/s", count),
        row("TLS handshakes, resumed", "resumed", "/s", count),
        row("bytes through TLS", "bytes", "MiB/s", mib),
        row("the same", "bytes", "MiB/s", mib, "plain", "front without TLS", None),
        compare("exec, TLS that stays open", execs["tls"], "without TLS", execs["plain"], 1.3),
    ]
