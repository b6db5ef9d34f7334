# SPDX-License-Identifier: MIT
"""A kernel, or a container, without openat2(2): a seccomp filter that answers in its place."""

import ctypes
import struct

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
SECCOMP_MODE_FILTER = 2
SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_ERRNO, SECCOMP_RET_ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
OPENAT2 = 437  # of every architecture
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF_LD | BPF_W | BPF_ABS; BPF_JMP | BPF_JEQ; BPF_RET


class Program(ctypes.Structure):
    """struct sock_fprog of linux/filter.h."""
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def answer(result):
    """A function that makes the process that calls it one whose openat2 has that result of a filter."""
    code = b"".join(struct.pack("=HBBI", *line) for line in (
        (LOAD, 0, 0, 0), (JUMP_EQUAL, 0, 1, OPENAT2), (RETURN, 0, 0, result), (RETURN, 0, 0, SECCOMP_RET_ALLOW)))
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def apply():
        program = Program(len(code) // 8, code)
        if prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program)):
            raise OSError(ctypes.get_errno(), "seccomp")
    return apply


def fail(number):
    return answer(SECCOMP_RET_ERRNO | number)


kill = answer(SECCOMP_RET_KILL_PROCESS)
