#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What privilege each process of the table in docs/architecture.md has, and how the appliance is
closed once it has booted."""

import threading

import tap
from api import BUSYBOX, SANDBOXES, Running, create, destroy, execute, output
from machine import Machine, data_disk, drive
from tap import check, equal

TOKEN = "squash-token-of-the-test"
NO_SERVER = "10.0.2.99"

# linux/capability.h
CAPABILITIES = (
    "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable"
    " net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio"
    " sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time"
    " sys_tty_config mknod lease audit_write audit_control setfcap"
).split()
DOCKER = (
    "chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw"
    " sys_chroot mknod audit_write setfcap"
)
SQUASHD = (
    "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap net_bind_service"
    " net_admin sys_chroot sys_ptrace sys_admin sys_resource mknod setfcap"
)
DHCP = "net_bind_service net_admin net_raw"
NTP = "sys_time"
CAPTURE = "dac_read_search sys_admin"

# Name: uid, capabilities (None: all), no_new_privs, seccomp's mode, root as the appliance sees it,
# descriptors (None: not looked at). A uid of None: the sandbox's; of -1: one below those.
PROCESSES = {
    "init": (0, None, 0, 0, "/", None),
    "udhcpc": (0, DHCP, 1, 0, "/", None),
    "ntpd": (803, NTP, 1, 2, "/", None),
    "httpd": (801, "", 1, 2, "/srv/http", 4),
    "front": (802, "", 1, 2, "/srv/front", 9),
    "api": (801, "", 1, 2, "/srv/http", None),
    "squashd": (0, SQUASHD, 0, 2, "/", None),
    "mksquashfs": (0, CAPTURE, 1, 2, "/", None),
    "box-init": (None, "", 1, 2, "/", 0),
    "egress": (-1, "", 1, 2, "/srv/egress", 16),
    "shim": (-1, "", 1, 2, "/run/squash/shim", 10),
    "sleep": (None, DOCKER, 0, 2, "/", 3),
}
FIRST_UID = 16 * 65536
EGRESS_UIDS = range(15 * 65536, FIRST_UID)

# One line for each process: name, uid, CapPrm, CapEff, CapBnd, CapAmb, no_new_privs, seccomp,
# root, number of descriptors, the owner of its memory, namespaces.
LOOK = r"""
for p in /proc/[0-9]*; do
    name=$(tr '\0' '\n' <$p/cmdline 2>/dev/null | head -n 1 | sed 's|.*/||')
    case $name in
        init|udhcpc|ntpd|httpd|front|api|squashd|mksquashfs|box-init|egress|shim|sleep) ;; *) continue ;; esac
    set -- $(awk '$1 ~ /^(Uid|Cap(Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp):$/ { print $2 }' $p/status)
    echo $name ${p#/proc/} $* $(readlink $p/root) $(ls $p/fd | wc -l) $(stat -c %u $p/mem) \
        $(for n in mnt pid net user; do readlink $p/ns/$n; done)
done 2>/dev/null
"""
FIELDS = (
    "name pid uid permitted effective bounding ambient no_new_privs seccomp root fds owner"
).split()


def mask(names):
    return sum(1 << CAPABILITIES.index(name) for name in names.split())


def look(m, first="true"):
    """[{field: text...}...] of the appliance's processes, after the command first."""
    found = []
    for line in m.inside(f"{first}; {LOOK}", seconds=60)[1].splitlines():
        words = line.split()
        if len(words) == 16:  # none that ended meanwhile
            found.append({**dict(zip(FIELDS, words)), "spaces": words[len(FIELDS) :]})
    return found


def test_table(m):
    create(m, "box", BUSYBOX, memory_mb=128, disk_mb=64, allow_net=["example.org"])
    output(m, "box", "dd if=/dev/urandom of=/root/big bs=1M count=48 2>/dev/null")
    running = Running(m, "box", "sleep 1000")  # until the sandbox ends
    m.http("POST", f"{SANDBOXES}/box/exec", {"cmd": "sleep 1000", "detach": True})
    found = look(m)
    snapshot = threading.Thread(
        target=lambda: m.http("POST", f"{SANDBOXES}/box/snapshot", {}, seconds=60)
    )
    snapshot.start()
    # It is held to be looked at.
    stop = (
        "i=0; until kill -STOP $(pidof mksquashfs) 2>/dev/null; do"
        " i=$((i+1)); [ $i -lt 900 ] || exit; done"
    )
    found += [p for p in look(m, stop) if p["name"] == "mksquashfs"]
    m.inside("kill -CONT $(pidof mksquashfs)")
    snapshot.join()
    of_init = next(p for p in found if p["name"] == "init")["spaces"]
    for name, expected in PROCESSES.items():
        these = [p for p in found if p["name"] == name]
        if not check(f"{name} is there", these, [p["name"] for p in found]):
            continue
        check_privilege(name, these[0], expected)
        differ = [a != b for a, b in zip(these[0]["spaces"], of_init)]
        own = {"mksquashfs": 3, "box-init": 4, "sleep": 4}.get(name, 0)
        equal(f"{name} has namespaces of its own: {own}", sum(differ), own)
    destroy(m, "box")
    running.reply()


def check_privilege(name, got, expected):
    uid, capabilities, no_new_privs, seccomp, root, fds = expected
    if uid is None:
        check(f"{name} is the sandbox's root", int(got["uid"]) >= FIRST_UID, got)
    elif uid == -1:
        check(f"{name} has a user of its own", int(got["uid"]) in EGRESS_UIDS, got)
    else:
        equal(f"{name}'s uid", int(got["uid"]), uid)
    if capabilities is not None:
        for kind in ("permitted", "effective", "bounding"):
            equal(f"{name}'s capabilities, {kind}", int(got[kind], 16), mask(capabilities))
    equal(f"{name}'s no_new_privs", int(got["no_new_privs"]), no_new_privs)
    equal(f"{name}'s seccomp mode", int(got["seccomp"]), seccomp)
    equal(f"{name}'s root", got["root"], root)
    if fds is not None:
        equal(f"{name}'s descriptors", int(got["fds"]), fds)
    if name in ("api", "front", "box-init", "egress", "shim"):
        # A process that is not dumpable belongs to root of its user namespace.
        owner = int(got["uid"]) if uid is None else 0
        equal(f"{name} is not dumpable", int(got["owner"]), owner)


SYSCTLS = {
    "kernel/modules_disabled": "1",
    "kernel/kexec_load_disabled": "1",
    "kernel/yama/ptrace_scope": "1",
    "kernel/kptr_restrict": "2",
    "kernel/dmesg_restrict": "1",
    "kernel/perf_event_paranoid": "3",
    "kernel/io_uring_disabled": "2",
    "kernel/sysrq": "0",
    "fs/protected_symlinks": "1",
    "fs/protected_fifos": "2",
    "dev/tty/ldisc_autoload": "0",
    "dev/tty/legacy_tiocsti": "0",
}


def test_closed(m):
    locked = "/proc/sys/kernel/modules_disabled"
    # Devices may turn up for a while.
    m.inside(f"for i in 1 2 3 4 5 6 7 8 9; do grep -q 1 {locked} && break; sleep 2; done")
    for name, value in SYSCTLS.items():
        equal(name, m.inside(f"cat /proc/sys/{name}")[1].strip(), value)
    bpf = m.inside("cat /proc/sys/kernel/unprivileged_bpf_disabled")[1].strip()
    check("kernel/unprivileged_bpf_disabled", bpf in ("1", "2"), bpf)
    for what, path in (("/", "/new"), ("/bin", "/bin/new"), ("/etc", "/etc/new")):
        code, text = m.inside(f"touch {path}")
        check(f"root can't write to {what}", code != 0 and "Read-only" in text, text)
    some = "$(/bin/busybox find /lib/modules -name '*.ko' | head -n 1)"
    code, text = m.inside(f"/bin/busybox insmod {some}")
    check("nor load a module", code != 0, text)
    code, text = m.inside("dd if=/proc/kcore of=/dev/null bs=1 count=1")
    check("nor read the kernel's memory", code != 0, text)
    listening = m.inside("awk '$4 == \"0A\" { print $2 }' /proc/net/tcp /proc/net/tcp6")[1].split()
    ports = {int(address.split(":")[1], 16) for address in listening}
    equal("two ports are listened on", ports, {8080, 8443})
    users = {p["name"] for p in look(m)}
    equal("nothing runs but what must", users, {"init", "udhcpc", "ntpd", "httpd", "front", "squashd"})
    everything = m.inside("ls /proc | grep -c '^[0-9]'")[1].strip()
    tap.note(f"{everything} processes with the kernel's own")


def test_token(m):
    equal("without the token: 401", m.http("GET", SANDBOXES, token="x").status, 401)
    create(m, "box", BUSYBOX, memory_mb=64)
    running = Running(m, "box", "sleep 5")
    # Who has it: the kernel's first process, which here is the tests', by the kernel's command
    # line; api, of the request that it serves; the shell that looks.
    found = m.inside(
        f"for p in /proc/[0-9]*; do grep -q {TOKEN} $p/environ $p/cmdline 2>/dev/null &&"
        " [ ${p#/proc/} != $$ ] && cat $p/comm 2>/dev/null; done"
    )[1]
    check("nobody's environment has it", set(found.split()) <= {"test-init", "api"}, found)
    running.reply()
    grep = f"grep -rl {TOKEN[1:]} /etc /proc/1/environ /proc/cmdline /root /tmp"
    found = execute(m, "box", f"{grep} 2>/dev/null")
    equal("and no file of a sandbox", found["stdout"], "")
    destroy(m, "box")


def test_no_time(m):
    m.wait_console("^No server of SQUASH_NTP has given the time so far")
    check("NTP servers that don't answer are said", True)


def main():
    disk = data_disk("services", 512)
    settings = f"SQUASH_AUTH_TOKEN={TOKEN} SQUASH_NTP={NO_SERVER}"
    with Machine("services", settings, args=drive(disk)) as m:
        m.token = TOKEN
        m.wait_api()
        tap.each(m, test_closed, test_table, test_token, test_no_time)


tap.run(main)
