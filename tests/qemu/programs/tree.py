# SPDX-License-Identifier: MIT
"""Runs inside a sandbox, from standard input: `python3 -B - WHAT`.

first    makes a tree with whatever a file system can hold, and deletes and changes what the layers
         hold
second   changes all that again
list     prints what is to come back of all that the two have to do with: zlib, base64, JSON
all      the same, and of everything else but what is mounted, without what is in the files,
         a digest by directory"""

import base64
import errno
import hashlib
import json
import os
import shutil
import socket
import stat
import struct
import sys
import zlib

T = "/tree"
SHOWN = (
    b"/tree",
    b"/etc/apt",
    b"/usr/share/common-licenses",
    b"/usr/share/perl5",
    b"/usr/share/terminfo",
)
SKIPPED = (b"/proc", b"/dev", b"/sys", b"/etc/resolv.conf")  # mounted anew at each start
STRANGE = (b"new\nline", b"\xff\xfe", b" ", b"-rf", b'"q\\', b"\x1b[31m", b"n" * 255, "é€".encode())
CAP_NET_RAW = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)  # struct vfs_cap_data, revision 2
ANY = 0xFFFFFFFF
ACL = struct.pack("<I", 2) + b"".join(  # <linux/posix_acl_xattr.h>: rw for user 1000
    struct.pack("<HHI", *entry)
    for entry in ((1, 6, ANY), (2, 6, 1000), (4, 4, ANY), (0x10, 6, ANY), (0x20, 4, ANY))
)


def write(path, data=b"x\n", mode=0o644):
    with open(path, "wb") as f:
        f.write(data)
    os.chmod(path, mode)


def sparse(path, size, *at):
    with open(path, "wb") as f:
        for offset in at:
            f.seek(offset)
            f.write(b"data")
        f.truncate(size)


def make_files():
    write(f"{T}/setuid", mode=0o4755)
    write(f"{T}/setgid", mode=0o2755)
    write(f"{T}/secret", mode=0)
    write(f"{T}/empty", b"")
    write(f"{T}/large", bytes(range(256)) * 2000)
    sparse(f"{T}/sparse", 8 << 20, 3 << 20, (5 << 20) - 2)
    sparse(f"{T}/huge", 1 << 30, 1 << 20)
    for owner in (1, 33, 1000, 65535, 1048575):
        write(f"{T}/of-{owner}")
        os.chown(f"{T}/of-{owner}", owner, 1048575 - owner)
    os.mkdir(f"{T}/link-sub")
    write(f"{T}/link-a", b"linked\n")
    os.link(f"{T}/link-a", f"{T}/link-b")
    os.link(f"{T}/link-a", f"{T}/link-sub/c")
    write(f"{T}/capable", mode=0o755)
    os.setxattr(f"{T}/capable", "security.capability", CAP_NET_RAW)
    os.setxattr(f"{T}/large", "user.one", b"1" * 1500)
    os.setxattr(f"{T}/large", "user.empty", b"")
    write(f"{T}/acl")
    os.setxattr(f"{T}/acl", "system.posix_acl_access", ACL)
    os.utime(f"{T}/empty", (1, 86400))
    os.utime(f"{T}/large", ns=(0, 1_000_000_000_999_999_999))


def make_others():
    os.mkfifo(f"{T}/fifo", 0o640)
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(f"{T}/socket")
    for name, target in (
        ("dangling", "nowhere"),
        ("absolute", "/etc/passwd"),
        ("loop", "loop"),
        ("long", "l" * 4000),
        ("up", "../../../../../../data"),
    ):
        os.symlink(target, f"{T}/symlink-{name}")
    os.lchown(f"{T}/symlink-loop", 33, 33)
    os.mkdir(f"{T}/sticky", 0o755)
    os.chmod(f"{T}/sticky", 0o3777)
    os.mkdir(f"{T}/closed", 0o755)
    write(f"{T}/closed/in")
    os.setxattr(f"{T}/closed", "user.of", b"a directory")
    os.chmod(f"{T}/closed", 0)
    os.makedirs(f"{T}/names")
    for name in STRANGE:
        write(f"{T}/names/".encode() + name)
    os.makedirs(f"{T}/going/down/{'d/' * 100}")
    os.mkdir(f"{T}/many")
    for n in range(100):
        write(f"{T}/many/{n}", b"%d\n" % n)
    os.utime(f"{T}/many", (5, 500_000_000))


def first():
    os.chmod("/", 0o751)
    os.setxattr("/", "user.top", b"t")
    os.mkdir(T, 0o751)
    make_files()
    make_others()
    os.remove("/usr/share/common-licenses/GPL-3")  # a whiteout
    shutil.rmtree("/usr/share/terminfo/x")  # one of a directory
    shutil.rmtree("/usr/share/perl5/Debconf")  # an opaque directory
    os.mkdir("/usr/share/perl5/Debconf")
    write("/usr/share/perl5/Debconf/new")
    os.remove("/usr/share/common-licenses/GPL-2")  # a file is a directory now
    os.mkdir("/usr/share/common-licenses/GPL-2")
    shutil.rmtree("/usr/share/terminfo/s")  # and the other way round
    write("/usr/share/terminfo/s")
    os.chmod("/usr/share/common-licenses/BSD", 0o600)  # copied up
    os.rename("/usr/share/common-licenses/Artistic", f"{T}/Artistic")
    with open("/usr/share/common-licenses/MPL-1.1", "a", encoding="ascii") as f:
        f.write("more\n")
    os.chown("/usr/share/perl5", 33, 33)


def second():
    os.utime("/", (7, 7))
    os.remove(f"{T}/link-a")  # the others stay linked
    os.chmod(f"{T}/setuid", 0o6711)
    os.remove(f"{T}/secret")
    shutil.rmtree(f"{T}/going")
    shutil.rmtree(f"{T}/many")
    os.mkdir(f"{T}/many")
    write(f"{T}/many/301")
    write(f"{T}/link-d", b"new\n")
    os.link(f"{T}/link-d", f"{T}/link-e")
    os.link(f"{T}/link-b", f"{T}/link-f")  # the group of the first is left behind
    os.removexattr(f"{T}/large", "user.empty")
    os.setxattr(f"{T}/large", "user.one", b"2")
    os.rename(f"{T}/fifo", f"{T}/fifo-2")
    os.remove(f"{T}/names/".encode() + STRANGE[0])
    os.chmod(f"{T}/closed", 0o700)
    write(f"{T}/closed/in-2")
    sparse(f"{T}/huge", 2 << 30, (2 << 30) - 4)
    os.setxattr(f"{T}/capable", "user.also", b"1")
    write("/usr/share/common-licenses/GPL-3", b"again\n")
    os.mkdir("/usr/share/terminfo/x")
    write("/usr/share/terminfo/x/y")
    shutil.rmtree("/usr/share/perl5/Debconf")
    os.mkdir("/usr/share/perl5/Debconf", 0o700)
    os.rmdir("/usr/share/common-licenses/GPL-2")
    os.symlink("GPL-3", "/usr/share/common-licenses/GPL-2")
    os.remove("/usr/share/terminfo/s")
    shutil.rmtree("/etc/apt")


def digest(path, size):
    """Of a large file, the begin and the end."""
    whole = hashlib.sha1()
    with open(path, "rb") as f:
        whole.update(f.read(1 << 24))
        if size > 1 << 24:
            f.seek(-65536, os.SEEK_END)
            whole.update(f.read())
    return whole.hexdigest()


def list_xattrs(path):
    try:
        return sorted(os.listxattr(path, follow_symlinks=False))
    except OSError as error:
        if error.errno != errno.ENOTSUP:  # of a squashfs that was made without
            raise
        return []


def describe(path, st, links):
    """What is to come back of it. squashfs has whole seconds, and no POSIX ACLs."""
    xattrs = {
        name: os.getxattr(path, name, follow_symlinks=False).hex()
        for name in list_xattrs(path)
        if not name.startswith("system.")
    }
    line = [oct(st.st_mode), st.st_uid, st.st_gid, st.st_mtime_ns // 10**9, xattrs]
    if stat.S_ISDIR(st.st_mode):
        return line
    first_path = links.setdefault((st.st_dev, st.st_ino), path.decode("latin-1"))
    line += [st.st_nlink, first_path if st.st_nlink > 1 else ""]
    if stat.S_ISLNK(st.st_mode):
        line.append(os.readlink(path).decode("latin-1"))
    elif stat.S_ISREG(st.st_mode):
        is_sparse = st.st_size >= 1 << 20 and st.st_blocks * 512 < st.st_size // 2
        line += [st.st_size, is_sparse]
        if path.startswith(SHOWN):
            line.append(digest(path, st.st_size))
    return line


def walk(path, found, links):
    st = os.lstat(path)
    found[path.decode("latin-1")] = describe(path, st, links)
    if stat.S_ISDIR(st.st_mode):
        for name in sorted(os.listdir(path)):
            below = path.rstrip(b"/") + b"/" + name
            if below not in SKIPPED:
                walk(below, found, links)


def list_shown():
    found, links = {}, {}
    found["/"] = describe(b"/", os.lstat("/"), links)
    for path in SHOWN:
        if os.path.lexists(path):
            walk(path, found, links)
    return found


def list_all():
    found, shown, others = {}, {}, {}
    walk(b"/", found, {})
    for path, line in found.items():
        if path == "/" or path.encode("latin-1").startswith(SHOWN):
            shown[path] = line
        else:
            top = others.setdefault("/".join(path.split("/")[:4]), hashlib.sha1())
            top.update(json.dumps([path, line]).encode())
    shown.update({f"all of {top}": [all_of.hexdigest()[:12]] for top, all_of in others.items()})
    return shown


def show(found):
    print(base64.b64encode(zlib.compress(json.dumps(found).encode(), 9)).decode())


sys.setrecursionlimit(5000)
if sys.argv[1] == "first":
    first()
elif sys.argv[1] == "second":
    second()
else:
    show({"list": list_shown, "all": list_all}[sys.argv[1]]())
