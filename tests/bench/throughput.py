# SPDX-License-Identifier: MIT
"""Egress against what others have in its place: a veth pair, routed and masqueraded by iptables. Both
in the same guest, to the same server, which has a network namespace of its own."""

from guest import TOOLS
from report import Row, p50

ADDRESS, PORT = "93.184.215.20", 5000  # anybody's: private ones are refused
PUMP = f"{TOOLS}/bench/pump"
BB = "/bin/busybox"
# In the order in which they need each other.
MODULES = (
    "veth libcrc32c nf_defrag_ipv4 nf_defrag_ipv6 nf_conntrack nf_nat x_tables ip_tables iptable_nat"
    " iptable_filter xt_MASQUERADE xt_conntrack"
).split()
IPTABLES = f"{TOOLS}/usr/sbin/xtables-legacy-multi iptables"

# server: the far end, at 93.184.215.20, behind a veth pair. client: the peer's sandbox, 10.77.1.2,
# behind another; what it sends is forwarded and masqueraded, as container engines do it.
SET_UP = f"""
set -e
for name in {' '.join(MODULES)}; do {BB} insmod {TOOLS}/bench/modules/$name.ko; done
export LD_LIBRARY_PATH={TOOLS}/usr/lib/x86_64-linux-gnu XTABLES_LIBDIR={TOOLS}/usr/lib/x86_64-linux-gnu/xtables
echo 1 >/proc/sys/net/ipv4/ip_forward
space() {{ # NAME PID ADDRESS-THERE ADDRESS-HERE
    {BB} ip link add $1 type veth
    {BB} ip link set veth0 netns $2
    {BB} ip address add $4/24 dev $1
    {BB} ip link set $1 up
    {BB} nsenter -t $2 -n {BB} ip link set lo up
    {BB} nsenter -t $2 -n {BB} ip address add $3/24 dev veth0
    {BB} nsenter -t $2 -n {BB} ip link set veth0 up
    {BB} nsenter -t $2 -n {BB} ip route add default via $4
}}
{BB} unshare -n {BB} sleep 100000 </dev/null >/dev/null 2>&1 &
server=$!
{BB} unshare -n {BB} sleep 100000 </dev/null >/dev/null 2>&1 &
client=$!
until [ "$(readlink /proc/$server/ns/net)" != "$(readlink /proc/1/ns/net)" ] &&
    [ "$(readlink /proc/$client/ns/net)" != "$(readlink /proc/1/ns/net)" ]; do :; done
space server $server 10.77.0.2 10.77.0.1
space client $client 10.77.1.2 10.77.1.1
{BB} nsenter -t $server -n {BB} ip address add {ADDRESS}/32 dev lo
{BB} ip route add {ADDRESS}/32 via 10.77.0.2
{IPTABLES} -t nat -A POSTROUTING -s 10.77.1.0/24 -o server -j MASQUERADE
{IPTABLES} -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
{IPTABLES} -A FORWARD -i client -j ACCEPT
{IPTABLES} -P FORWARD DROP
{BB} nsenter -t $server -n {PUMP} serve {PORT} </dev/null >/dev/null 2>&1 &
echo $client
"""


def bench_egress(guest, result, rounds, mib, connects):
    """Bytes a second, and connections one after the other."""
    client = guest.run(SET_UP).split()[-1]
    body = {"id": "net", "layers": "000-base-debian", "allow_net": [f"{ADDRESS}:{PORT}"]}
    guest.request("POST", "", body)
    inner = guest.run(f"{BB} head -n 1 /sys/fs/cgroup/squash/net/box/init/cgroup.procs").strip()
    groups = []
    for path, pid in (("egress", inner), ("nat", client)):
        enter = f"{BB} nsenter -t {pid} -n {PUMP}"
        groups.append([f"spawn {path}-bytes {enter} bytes {ADDRESS} {PORT} {mib}"])
        groups.append([f"spawn {path}-connects {enter} connects {ADDRESS} {PORT} {connects}"])
    s = guest.time(rounds, *groups)
    guest.request("DELETE", "/net")
    result["samples"]["egress"] = s
    against = "veth + iptables"

    def row(what, key, unit, amount, goal):
        ours, theirs = p50(s[f"egress-{key}"]), p50(s[f"nat-{key}"])
        texts = [f"{amount / seconds:.0f} {unit}" for seconds in (ours, theirs)]
        return Row(what, texts[0], "", against, texts[1], ours / theirs, goal)

    # The ratio is that of the times: 0.8 of the bytes a second are 1.25 of the time.
    return [
        row("bytes through egress", "bytes", "MiB/s", mib, 1.25),
        row("connections through egress", "connects", "/s", connects, 2.0),
    ]
