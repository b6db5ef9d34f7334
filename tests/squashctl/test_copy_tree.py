#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""squashctl cp -r: archives of any kind from a fake server, of which nothing may get out of the directory
that they are for; and trees that go in."""

import errno
import io
import os
import pty
import resource
import signal
import socket
import stat
import subprocess
import tarfile

import no_openat2
import tap
from squashctl import CTL, HEAD, WORK, Ctl, Fake, says
from tap import check, equal

S = Ctl("tree")
HOME = S.home
OUT, OUTSIDE = HOME / "out", HOME / "outside"
LOCAL, USAGE, STRANGE, UNAVAILABLE = 74, 64, 76, 69
MTIME = 1234567890
FILE, HARD, LINK, CHAR, DIRECTORY, FIFO = (tarfile.REGTYPE, tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE,
                                           tarfile.DIRTYPE, tarfile.FIFOTYPE)
ZEROS = bytes(1024)


def entry(name, kind=FILE, data=b"", target="", mode=0o644, form=tarfile.PAX_FORMAT):
    """The bytes of an entry: headers, data, padding."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode, info.mtime, info.size = kind, target, mode, MTIME, len(data)
    info.uid = info.gid = 12345
    return info.tobuf(form, "utf-8", "surrogateescape") + data + bytes(-len(data) % 512)


def with_field(header, at, value):
    """A header with other bytes at that place, and the sum that goes with them."""
    block = bytearray(header)
    block[at:at + len(value)] = value
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def pax(*records):
    data = b"".join(records)
    info = tarfile.TarInfo("pax")
    info.type, info.size = b"x", len(data)
    return info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512)


def clear():
    subprocess.run(["chmod", "-R", "u+rwx", HOME], check=True)
    subprocess.run(["rm", "-rf", OUT, OUTSIDE], check=True)
    OUTSIDE.mkdir()
    (OUTSIDE / "witness").write_text("as it was")
    (OUTSIDE / "witness").chmod(0o604)
    os.utime(OUTSIDE / "witness", (1, 1))
    os.utime(OUTSIDE, (1, 1))


def outside():
    """All there is to say of it: names, texts, modes, links, times."""
    found = []
    for path in (OUTSIDE, *sorted(OUTSIDE.iterdir())):
        st = path.lstat()
        found.append((path.name, st.st_mode, st.st_nlink, st.st_mtime, path.read_text() if path.is_file() else None))
    return found


def unpack(*entries, end=ZEROS, to=OUT, path="/tree", length=None, umask=0o022):
    """(exit code, stderr) of cp -r of that archive."""
    body = b"".join(entries) + end
    fake = Fake(HEAD % (length or len(body)), body)
    before = S.before

    def prepare():
        os.umask(umask)
        if before:
            before()
    S.before = prepare
    try:
        code, out, errors = S("cp", "-r", f"box:{path}", to, SQUASH_URL=fake.url, PATH="/nix")
    finally:
        S.before = before
    assert out == b"", out
    return code, errors.decode()


def bits(path):
    return stat.S_IMODE(path.lstat().st_mode)


def test_tree():
    clear()
    long = "n" * 100
    longest = "/".join("p" * 250 for _ in range(15))
    data = os.urandom(200_000)
    got = unpack(
        entry("d", DIRECTORY, mode=0o555), entry("d/f", data=data, mode=0o6751), entry("d/e", mode=0o4777),
        entry("s", DIRECTORY, mode=0o7777), entry("s/link", LINK, target="../../outside/witness"), entry("hard", HARD, target="d/f"),
        entry(long, data=b"100"), entry(long + "x", data=b"101"), entry(long + "g", data=b"gnu", form=tarfile.GNU_FORMAT),
        entry(longest, data=b"long"), entry("new\nline", data=b"nl"), entry("\udcff", data=b"bytes"),
        entry("deep/er/file", data=b"no directories came"), entry("empty", DIRECTORY, mode=0), umask=0o027)
    equal("a tree comes out", got, (0, ""))
    equal("with its bytes", ((OUT / "d/f").read_bytes() == data, (OUT / "deep/er/file").read_bytes()), (True, b"no directories came"))
    equal("modes are what the umask leaves, without setuid, setgid and sticky bits",
          [oct(bits(OUT / name)) for name in ("d", "d/f", "d/e", "s", "empty", "deep/er")],
          ["0o550", "0o750", "0o750", "0o750", "0o0", "0o750"])
    equal("times are kept", {(OUT / name).lstat().st_mtime for name in ("d", "d/f", "s", "s/link", "hard", "empty")}, {MTIME})
    equal("all is the user's", {(OUT / name).lstat().st_uid for name in ("d", "d/f", "s/link")}, {os.geteuid()})
    equal("a link leads where it led", os.readlink(OUT / "s/link"), "../../outside/witness")
    equal("a hard link is one", (OUT / "hard").stat().st_ino, (OUT / "d/f").stat().st_ino)
    equal("long names", [(OUT / name).read_bytes() for name in (long, long + "x", long + "g", longest)],
          [b"100", b"101", b"gnu", b"long"])
    equal("names of any bytes", [(OUT / name).read_bytes() for name in ("new\nline", "\udcff")], [b"nl", b"bytes"])


def test_again():
    """A second time: files and links give way, and nothing is written through them."""
    clear()
    OUT.mkdir()
    (OUT / "hard").hardlink_to(OUTSIDE / "witness")
    (OUT / "link").symlink_to(OUTSIDE / "witness")
    (OUT / "directory").mkdir(0o500)
    (OUT / "way").symlink_to(OUTSIDE)
    os.utime(OUTSIDE, (1, 1))
    before = outside()
    got = unpack(entry("hard", data=b"1"), entry("link", data=b"2"), entry("directory", DIRECTORY, mode=0o500), entry("directory/f"),
                 entry("way", DIRECTORY, mode=0o755), entry("way/witness", data=b"3"), end=ZEROS, to=HOME, path="/out")
    equal("a second copy is made over the first", got, (0, ""))
    equal("by new files", [(OUT / name).read_bytes() for name in ("hard", "link", "way/witness")], [b"1", b"2", b"3"])
    equal("a directory without write permission takes them, too", ((OUT / "directory/f").exists(), bits(OUT / "directory")), (True, 0o500))
    equal("nothing was written through what was there", [(o[0], o[4]) for o in outside()], [(o[0], o[4]) for o in before])
    equal("nor its mode changed", [o[1] for o in outside()], [o[1] for o in before])
    check("a link in the place of a directory has become one", (OUT / "way").is_dir() and not (OUT / "way").is_symlink())
    code, errors = unpack(entry("directory", data=b"x"), to=HOME, path="/out")
    check("a file doesn't take a directory's place", code == LOCAL and "directory" in errors, errors)


def test_sparse():
    clear()
    size, data = 256 << 20, os.urandom(4096)
    body = bytearray(size)
    body[100 << 20:(100 << 20) + 4096] = data
    equal("a file of holes comes", unpack(entry("sparse", data=bytes(body))), (0, ""))
    st = (OUT / "sparse").stat()
    with open(OUT / "sparse", "rb") as file:
        file.seek(100 << 20)
        got = file.read(4096)
    equal("whole", (st.st_size, got == data), (size, True))
    check("and takes no more of the disk than its data", st.st_blocks * 512 < 1 << 20, st.st_blocks)


# Name, exit code, a part of what it says, and the entries.
HOSTILE = (
    ("a link and a file through it", LOCAL, "in the place of a directory",
     entry("a", LINK, target="../outside"), entry("a/owned", data=b"x")),
    ("an absolute link and a file through it", LOCAL, "in the place of a directory",
     entry("a", LINK, target=str(OUTSIDE)), entry("a/witness", data=b"x")),
    ("a link to the link", LOCAL, "in the place of a directory",
     entry("a", LINK, target=str(OUTSIDE)), entry("b", LINK, target="a"), entry("b/owned")),
    ("a link within the tree isn't followed either", LOCAL, "in the place of a directory",
     entry("d", DIRECTORY), entry("a", LINK, target="d"), entry("a/x")),
    ("a directory in a link's place", 0, "",
     entry("a", LINK, target="../outside"), entry("a", DIRECTORY, mode=0o777), entry("a/owned")),
    ("a link in a directory's place", LOCAL, "make a: ",
     entry("a", DIRECTORY), entry("a", LINK, target="../outside"), entry("a/owned")),
    ("a link in the place of a directory with files", LOCAL, "make a: ",
     entry("a", DIRECTORY), entry("a/f"), entry("a", LINK, target="../outside"), entry("a/owned")),
    ("a link in a file's place, and a file in the link's", 0, "",
     entry("a"), entry("a", LINK, target="../outside/witness"), entry("a", data=b"x", mode=0o777)),
    ("a file as a directory", LOCAL, "in the place of a directory", entry("a"), entry("a/b")),
    ("..", STRANGE, "has a name with ..", entry("../outside/owned")),
    (".. within", STRANGE, "has a name with ..", entry("a/../../outside/owned")),
    (".. alone", STRANGE, "has a name with ..", entry("..", DIRECTORY, mode=0o777)),
    ("an absolute name", 0, "", entry(f"{OUTSIDE}/witness", data=b"x", form=tarfile.GNU_FORMAT)),
    ("a hard link to outside", STRANGE, "hard link that leads out", entry("a", HARD, target="../outside/witness"), entry("a", data=b"x")),
    ("a hard link to an absolute name", LOCAL, "link a", entry("a", HARD, target=f"{OUTSIDE}/witness")),
    ("a hard link through a link", LOCAL, "in the place of a directory",
     entry("l", LINK, target="../outside"), entry("a", HARD, target="l/witness"), entry("a", data=b"x")),
    ("a hard link to a link, which becomes a file", 0, "",
     entry("l", LINK, target="../outside/witness"), entry("a", HARD, target="l"), entry("a", data=b"x", mode=0o777)),
    ("a hard link to the directory", STRANGE, "hard link that leads out", entry("a", HARD, target="./")),
    ("a hard link to what isn't there", LOCAL, "link a", entry("a", HARD, target="nix")),
    ("a file in the directory's own place", STRANGE, "entry without a name", entry(".", data=b"x")),
    ("what is no archive", STRANGE, "checksum", b"no tar" * 1000),
    ("a sparse file of GNU tar", STRANGE, "sparse", with_field(entry("a"), 156, b"S")),
    ("a name with a NUL", STRANGE, "a name with a NUL", pax(b"12 path=a\0b\n"), entry("a")),
    ("a link's target with a NUL", STRANGE, "target with a NUL", pax(b"16 linkpath=a\0b\n"), entry("a", LINK, target="x")),
    ("a link that leads nowhere", STRANGE, "leads nowhere", with_field(entry("a"), 156, b"2")),
    ("a size below 0", STRANGE, "a number that is none", with_field(entry("a"), 124, b"\xff" * 12)),
    ("one in a pax header", STRANGE, "a number that is none", pax(b"11 size=-5\n"), entry("a")),
    ("one of digits", STRANGE, "a number that is none", with_field(entry("a"), 124, b"-0000000001")),
    ("a size of 2^62", STRANGE, "ends in a", with_field(entry("a"), 124, b"\x80\0\0\0\x40" + bytes(7)), b"x" * 4096),
    ("a pax header of 1 GiB", STRANGE, "more than 64 KiB", with_field(with_field(entry("a"), 156, b"x"), 124, b"10000000000")),
    ("a name of 5000 bytes", STRANGE, "more than 4095 bytes", entry("n" * 5000)),
    ("a name of 300 bytes", LOCAL, "Filename too long", entry("n" * 300)),
    ("a way of 300 bytes", LOCAL, "Filename too long", entry("n" * 300 + "/a")),
)


def test_hostile():
    for name, code, says_it, *entries in HOSTILE:
        clear()
        before = outside()
        got, errors = unpack(*entries)
        check(f"{name}: exits with {code}", got == code and says_it in errors and "Traceback" not in errors, (got, errors))
        equal(f"{name}: nothing gets out", outside(), before)
        if code:
            check(f"{name}: one line says why", errors.startswith("squashctl: ") and errors.count("\n") == 1, errors)


def test_cut_off():
    whole = entry("d", DIRECTORY) + entry("d/whole", data=b"w" * 700) + entry("d/cut", data=b"c" * 700)
    for name, code, says_it, at in (
        ("in a header", STRANGE, "cut off", 700), ("in a file", STRANGE, "ends in d/cut", len(whole) - 600),
        ("in its padding", STRANGE, "ends in d/cut", len(whole) - 100), ("between two", STRANGE, "cut off", len(whole)),
    ):
        clear()
        got, errors = unpack(whole[:at], end=b"")
        check(f"an archive that ends {name} is said to", got == code and says_it in errors, (got, errors))
        check(f"{name}: no part of a file is left", not (OUT / "d/cut").exists() or at == len(whole))
    clear()
    got, errors = unpack(whole[:1600], end=b"", length=1 << 20)
    check("so is a connection that ends", got == UNAVAILABLE and "in the middle" in errors, (got, errors))
    clear()
    got, errors = unpack(b"", end=b"", length=5)
    equal("a directory that nothing came into isn't made", OUT.exists(), False)


def test_left_out():
    clear()
    got, errors = unpack(entry("f", data=b"1"), entry("fi\x1bfo", FIFO), entry("null", CHAR), entry("z", data=b"2"),
                         entry("again", HARD, target="null"))
    equal("FIFOs and devices are left out", (got, sorted(os.listdir(OUT))), (LOCAL, ["f", "z"]))
    equal("and said", errors.splitlines(), [
        r"squashctl: fi\x1bfo is left out: it is a FIFO or a device", "squashctl: null is left out: it is a FIFO or a device",
        "squashctl: again is left out: it is a FIFO or a device", f"squashctl: all else is in {OUT}: 3 FIFOs or devices are left out"])
    clear()
    got, errors = unpack(*(entry(f"fifo{i}", FIFO) for i in range(5000)))
    equal("a flood of them isn't", (got, errors.count("\n")), (LOCAL, 101))


def test_planted():
    """Two copies, of which the first plants a link where the second goes."""
    clear()
    equal("a link comes", unpack(entry("ssh", LINK, target="../outside"))[0], 0)
    before = outside()
    code, errors = unpack(entry("witness", data=b"mine"), to=OUT, path="/srv/ssh")
    check("a tree of its name isn't written through it", code == LOCAL and "is a link or a file" in errors, errors)
    code, errors = unpack(entry("ssh/witness", data=b"mine"), to=HOME, path="/out")
    check("nor a file of the same tree", code == LOCAL and "in the place of a directory" in errors, errors)
    equal("nothing has changed", outside(), before)
    equal("a link that the user names leads where it leads", unpack(entry("mine"), to=OUT / "ssh", path="/")[0], 0)
    check("as its contents", (OUTSIDE / "mine").exists())
    says(S, "a place without a name is none", USAGE, "has no name", "cp", "-r", "box:/srv/..", OUT, SQUASH_URL="http://127.0.0.1:1")


def test_many_directories():
    clear()
    code, errors = unpack(entry("d/below", DIRECTORY, mode=0o500), *(entry("d", DIRECTORY, mode=i) for i in range(512)),
                          entry("d", DIRECTORY, mode=0o100))
    equal("a directory of several modes gets the last one", (code, errors, bits(OUT / "d")), (0, "", 0o100))
    deep = ["/".join("d" * n) for n in range(1, 1200)]
    clear()
    code, errors = unpack(*(entry(name, DIRECTORY, mode=0o500) for name in deep))
    equal("1200 levels of them", (code, errors, bits(OUT / deep[-1])), (0, "", 0o500))
    reply = b'{"files":1,"bytes":1}'
    fake = Fake(HEAD % len(reply), reply)

    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 4096))
    S.before = limit
    try:
        code, _, errors = S("cp", "-r", OUT, "box:/x", SQUASH_URL=fake.url)
    finally:
        S.before = None
    equal("which go in, too", (code, errors), (0, b""))
    equal("all of them", len(tarfile.open(fileobj=io.BytesIO(fake.body)).getnames()), len(deep))
    one = tarfile.TarInfo("d" * 95).tobuf(tarfile.USTAR_FORMAT)
    block = with_field(one, 156, b"5") * 16384
    code, errors = unpack(block * 33)
    check("more than any tree has are refused", code == STRANGE and "MiB of directories" in errors, errors)


def test_stdout():
    """- is stdout, and stdin."""
    clear()
    body = entry("f", data=b"1") + ZEROS
    fake = Fake(HEAD % len(body), body)
    os.chdir(HOME)
    equal("cp -r to - writes the archive", S("cp", "-r", "box:/tree", "-", SQUASH_URL=fake.url), (0, body, b""))
    equal("and no directory of that name", os.path.exists("-"), False)
    parent, child = pty.openpty()
    done = subprocess.run([CTL, "cp", "-r", "box:/tree", "-"], stdout=child, stderr=subprocess.PIPE, check=False,
                          env={**S.env, "SQUASH_URL": fake.url})
    equal("but not to a terminal", (done.returncode, b"terminal" in done.stderr), (USAGE, True))
    os.close(parent)
    os.close(child)
    cut = entry("zeros", data=bytes(8192))[:4096]
    fake = Fake(HEAD % len(cut), cut)
    code, out, errors = S("cp", "-r", "box:/tree", "-", SQUASH_URL=fake.url)
    equal("one that is cut off fails, after what came", (code, out, b"ends in zeros" in errors), (STRANGE, cut, True))
    with open("/dev/full", "wb") as full:
        done = subprocess.run([CTL, "cp", "-r", "box:/tree", "-"], stdout=full, stderr=subprocess.PIPE, check=False,
                              env={**S.env, "SQUASH_URL": fake.url})
    equal("so does a place that is full", (done.returncode, b"No space left" in done.stderr), (LOCAL, True))
    reply = b'{"files":1,"bytes":1}'
    fake = Fake(HEAD % len(reply), reply)
    equal("cp -r of - sends one", S("cp", "-r", "-", "box:/tree/", stdin=body, SQUASH_URL=fake.url), (0, b"", b""))
    check("to be unpacked in the directory itself", fake.head.startswith(b"POST /cgi-bin/api/sandboxes/box/tar?path=/tree/ "), fake.head)
    equal("as it is", fake.body, body)
    says(S, "an archive has its own owners", USAGE, "--owner: ", "cp", "-r", "--owner", "keep", "-", "box:/tree", stdin=body,
         SQUASH_URL=fake.url)


def send(tree, *args, **options):
    """What the appliance gets of a tree: an open tarfile."""
    reply = b'{"files":1,"bytes":1}'
    fake = Fake(HEAD % len(reply), reply)
    code, out, errors = S("cp", "-r", *args, tree, "box:/x", SQUASH_URL=fake.url, PATH="/nix", **options)
    equal(f"it succeeds{''.join(f' {arg}' for arg in args)}", (code, out), (0, b""))
    return tarfile.open(fileobj=io.BytesIO(fake.body)), errors.decode()


def test_in():
    clear()
    tree = OUTSIDE / "tree"
    (tree / "d").mkdir(parents=True)
    (tree / "d/f").write_bytes(b"data" * 1000)
    (tree / "d/f").chmod(0o4751)
    (tree / "d/hard").hardlink_to(tree / "d/f")
    (tree / "link").symlink_to("/etc/passwd")
    (tree / ("n" * 200)).write_text("long")
    os.mkfifo(tree / "fifo")
    with socket.socket(socket.AF_UNIX) as s:
        os.chdir(tree)
        s.bind("so\x1bcket")
        os.chdir(HOME)
        resource_limit = resource.getrlimit(resource.RLIMIT_FSIZE)

        def no_files():  # nor memory that is one
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource_limit[1]))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        S.before = no_files
        try:
            got, errors = send(tree)
        finally:
            S.before = None
        equal("sockets are left out, and said", errors, "squashctl: so\\x1bcket is left out: it is a socket or a device\n")
    found = {member.name: member for member in got}
    equal("all else goes in", sorted(found), sorted(["d", "d/f", "d/hard", "link", "n" * 200, "fifo"]))
    equal("as root's", {(m.uid, m.gid, m.uname, m.gname) for m in got}, {(0, 0, "", "")})
    first = found["d/f"] if found["d/f"].isreg() else found["d/hard"]
    equal("with its bytes and modes", (got.extractfile(first).read(), found["d/f"].mode), (b"data" * 1000, 0o4751))
    check("hard links are ones", {found["d/f"].isreg(), found["d/hard"].isreg()} == {True, False})
    equal("links aren't followed", (found["link"].issym(), found["link"].linkname), (True, "/etc/passwd"))
    for owner, ids in (("root", (0, 0)), ("keep", (os.getuid(), os.getgid())), ("1000", (1000, 1000)), ("5:6", (5, 6)),
                       ("0:4294967294", (0, 4294967294))):
        got, _ = send(tree / "d", "--owner", owner)
        equal(f"--owner {owner}", {(m.uid, m.gid) for m in got}, {ids})
    for owner in ("", "me", "-1", "1:", ":1", "1:2:3", "1 ", "4294967295", "1e3", "99999999999999999999"):
        says(S, f"--owner {owner!r} is none", USAGE, "must be root, keep or", "cp", "-r", "--owner", owner, tree, "box:/x",
             SQUASH_URL="http://127.0.0.1:1")
    for args in (("cp", "--owner", "keep", tree / "d/f", "box:/x"), ("cp", "-r", "--owner", "keep", "box:/x", tree)):
        says(S, "--owner is for trees that go in", USAGE, "goes in", *args, SQUASH_URL="http://127.0.0.1:1")
    says(S, "a file is no tree", USAGE, "is no directory", "cp", "-r", tree / "d/f", "box:/x", SQUASH_URL="http://127.0.0.1:1")
    says(S, "one that isn't there", LOCAL, "No such file", "cp", "-r", tree / "nix", "box:/x", SQUASH_URL="http://127.0.0.1:1")


def test_in_large():
    clear()
    with open(OUTSIDE / "image", "wb") as file:
        file.truncate(1 << 31)
    fake = Fake(HEAD % 2, b"{}")
    says(S, "a tree that is too large is refused, with the limit", USAGE, "image .*2147483647 bytes", "cp", "-r", OUTSIDE, "box:/x",
         SQUASH_URL=fake.url)
    with open(OUTSIDE / "image", "ab") as file:
        file.truncate(1 << 43)
    says(S, "however large", USAGE, "2147483647 bytes", "cp", "-r", OUTSIDE, "box:/x", SQUASH_URL=fake.url)
    equal("before anything is sent", fake.head, b"")


def test_in_changing():
    """What changes while it is sent isn't taken for whole. While the first of four files is on its way, if not
    before, all get another size."""
    for name, size, says_it in (("shrink", 1, "has (become shorter|changed while it was sent)"),
                                ("grow", 33 << 20, "has changed while it was sent")):
        clear()
        files = [OUTSIDE / f"large{i}" for i in range(4)]

        def resize(to):
            for path in files:
                os.truncate(path, to)
        for path in files:
            path.touch()
        resize(32 << 20)
        fake = Fake(HEAD % 2, b"{}", change=lambda: resize(size))
        says(S, f"files that {name}", LOCAL, says_it, "cp", "-r", OUTSIDE, "box:/x", SQUASH_URL=fake.url)
    clear()
    error = b'{"error":"too large for it","code":"no_space"}'
    with open(OUTSIDE / "large", "wb") as file:
        file.truncate(1 << 30)
    fake = Fake(b"HTTP/1.1 507 X\r\nContent-Length: %d\r\n\r\n" % len(error), error, early=True)
    says(S, "an answer that comes early ends it", 1, "too large for it", "cp", "-r", OUTSIDE, "box:/x", SQUASH_URL=fake.url)


UNPACKING = (test_tree, test_again, test_hostile, test_cut_off, test_left_out, test_planted)


def main():
    for test in (*UNPACKING, test_sparse, test_many_directories, test_stdout, test_in, test_in_large, test_in_changing):
        tap.each_boot(test)
    S.before = no_openat2.kill
    clear()
    equal("it is openat2 that opens directories", unpack(entry("d/f"))[0], -signal.SIGSYS)
    for number in (errno.ENOSYS, errno.EPERM):
        tap.note(f"openat2 fails: {os.strerror(number)}")
        S.before = no_openat2.fail(number)
        for test in UNPACKING:
            tap.each_boot(test)
    subprocess.run(["chmod", "-R", "u+rwx", WORK / "ctl-tree"], check=True)


tap.run(main)
