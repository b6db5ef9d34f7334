# SPDX-License-Identifier: MIT
"""Tar archives, good and hostile, made entry by entry."""

import io
import struct
import tarfile

DATE = 1_000_000_000
# CAP_NET_RAW, permitted and effective. Source: linux/capability.h, struct vfs_cap_data.
CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)


def entry(name, data=b"", kind=tarfile.REGTYPE, **fields):
    """An entry, to be given to archive; fields as tarfile.TarInfo has them."""
    info = tarfile.TarInfo(name)
    info.type, info.size, info.mtime, info.mode = kind, len(data), DATE, 0o644
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


def directory(name, **fields):
    return entry(name, kind=tarfile.DIRTYPE, **{"mode": 0o755, **fields})


def symlink(name, target):
    return entry(name, kind=tarfile.SYMTYPE, linkname=target)


def link(name, target):
    return entry(name, kind=tarfile.LNKTYPE, linkname=target)


def archive(*entries):
    """The bytes of an archive of these, whatever they are."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def pax(*records):
    """A header for the next entry, of key, value pairs in bytes."""
    data = b""
    for key, value in records:
        record = b" " + key + b"=" + value + b"\n"
        length = len(record) + 1
        while len(record) + len(str(length)) != length:
            length += 1
        data += str(length).encode() + record
    return entry("header", data, tarfile.XHDTYPE)


def with_header(raw, number, **places):
    """The archive with bytes changed in the header of its entry of that number (of entries without
    data), and the checksum put right. places: name: (offset, bytes)."""
    header = bytearray(raw[number * 512 : (number + 1) * 512])
    for offset, data in places.values():
        header[offset : offset + len(data)] = data
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return raw[: number * 512] + bytes(header) + raw[(number + 1) * 512 :]


OUTSIDE = "../" * 12 + "tmp/mkmodule-was-here"

# What, the archive, what of it the refusal names.
HOSTILE = (
    ("a name with ..", archive(entry(OUTSIDE, b"x")), "leads out"),
    ("a .. in the middle", archive(entry("a/../../b", b"x")), "leads out"),
    ("an absolute one with ..", archive(entry("/../etc/passwd", b"x")), "leads out"),
    ("a directory ..", archive(directory("..")), "leads out"),
    ("a hard link out", archive(link("a", "../../etc/passwd")), "leads out"),
    ("a hard link to what isn't there", archive(link("a", "/etc/passwd")), "isn't before it"),
    ("a hard link to what comes later", archive(link("a", "b"), entry("b", b"x")), "isn't before it"),
    ("through a symlink", archive(symlink("a", "/tmp"), entry("a/mkmodule-was-here", b"x")), "below 'a', which is a symlink"),
    ("through a symlink that comes later", archive(entry("a/b", b"x"), symlink("a", "/tmp")), "which is a symlink"),
    ("through a symlink in the place of a directory", archive(directory("a"), symlink("a", "/tmp"), entry("a/b", b"x")), "which is a symlink"),
    ("below a file", archive(entry("a", b"x"), entry("a/b", b"x")), "which is no directory"),
    ("below a FIFO", archive(entry("a", kind=tarfile.FIFOTYPE), entry("a/b/c", b"x")), "which is no directory"),
    ("a file in the root's place", archive(entry("./", b"x")), "root's place"),
    ("a symlink in the root's place", archive(symlink(".", "/tmp")), "root's place"),
    ("a link to what is replaced", archive(entry("a", b"x"), link("b", "a"), entry("a", b"y")), "two"),
    ("a link to a directory", archive(directory("a"), link("b", "a")), "two"),
    ("a NUL in a name", archive(pax((b"path", b"a\0b")), entry("a", b"x")), "no name"),
    (".. with a NUL behind it", archive(pax((b"path", b"..\0/b")), entry("a", b"x")), "no name"),
    ("a NUL in a symlink", archive(pax((b"linkpath", b"a\0b")), symlink("a", "b")), "symlink to"),
    ("an empty symlink", archive(symlink("a", "")), "symlink to ''"),
    ("a long part of a name", archive(entry("a" * 256, b"x")), "longer"),
    ("a long name", archive(entry("a/" * 2100 + "b", b"x")), "longer"),
    ("a long symlink", archive(symlink("a", "b" * 4096)), "longer"),
    ("an unknown type", archive(entry("a", kind=b"Z")), "type"),
    ("exabytes of a hole", archive(pax((b"GNU.sparse.major", b"0"), (b"GNU.sparse.minor", b"1"),
     (b"GNU.sparse.size", b"%d" % (1 << 60)), (b"GNU.sparse.map", b"0,1")), entry("a", b"x")), "64 GiB"),
    ("a size below zero", with_header(archive(entry("a"), entry("b")), 1, size=(124, b"\xff" * 12)), ""),
    ("a size beyond the end", with_header(archive(entry("a"), entry("b")), 1, size=(124, b"\x80" + b"\0" * 6 + b"\x7f" * 5)), ""),
    ("headers without end", archive(*[pax((b"comment", b"x"))] * 3000, entry("a", b"x")), ""),
    ("a damaged header", archive(entry("a"), entry("b"))[:600] + b"~" + archive(entry("a"), entry("b"))[601:], "damaged"),
    ("a cut header", archive(entry("a"), entry("b"))[:700], "damaged or cut"),
    ("cut between entries", archive(entry("a"), entry("b"))[:512], "damaged or cut"),
    ("cut data", archive(entry("a", b"x" * 2000))[:1024], "unexpected end"),
    ("nothing", b"", ""),
    ("no archive", b"#!/bin/sh\necho no archive\n" * 100, "damaged"),
)  # fmt: skip
