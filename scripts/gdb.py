# SPDX-License-Identifier: MIT
"""gdb on a program of the machine that `make debug` runs.

    gdb -x scripts/gdb.py build/debug/squashd
    (gdb) break-in request_modules
    (gdb) continue

break-in FUNCTION stops in that function of that program; next-line goes on to the next line that it
comes to in there, or back to who has called it. (next itself steps, and is lost where the kernel takes
over: at a page that isn't there yet, or in a system call.) The machine has many processes, which share
addresses, and QEMU's stub (QEMU's documentation, "GDB usage") knows none of them: break-in lets those go
on whose code is another's. SQUASH_GDB is the stub's address, 127.0.0.1:1234 without it."""

import os
import struct

import gdb

# Where the first thing is mapped, top down, without address space layout randomization: STACK_TOP less
# MIN_GAP (arch/x86/mm/mmap.c). For a static PIE this is the program (fs/binfmt_elf.c).
MMAP_BASE = 0x7FFFFFFFF000 - (128 << 20)
PAGE = 4096
PT_LOAD = 1
CODE_BYTES = 32  # of a function, to be known by


class Program:
    """An ELF file, and where it is in memory."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = f.read()
        offset, = struct.unpack_from("<Q", self.data, 32)     # e_phoff (elf(5))
        size, count = struct.unpack_from("<HH", self.data, 54)  # e_phentsize, e_phnum
        headers = (struct.unpack_from("<IIQQQQQQ", self.data, offset + n * size) for n in range(count))
        # (offset in the file, address, bytes in the file, bytes in memory)
        self.loads = [(h[2], h[3], h[5], h[6]) for h in headers if h[0] == PT_LOAD]
        end = max(address + in_memory for _, address, _, in_memory in self.loads)
        self.base = MMAP_BASE - (end + PAGE - 1) // PAGE * PAGE

    def code(self, address):
        """What the file has for that address in memory."""
        for offset, start, in_file, _ in self.loads:
            at = address - self.base - start
            if 0 <= at < in_file:
                return self.data[offset + at :][:CODE_BYTES]
        raise gdb.GdbError(f"{address:#x} is not in the program")


class Stop(gdb.Breakpoint):
    """At a function, or at *ADDRESS, of the program, and not of another that has code there."""

    def __init__(self, program, place, **options):
        # Hardware: the page may not be there yet.
        super().__init__(place, gdb.BP_HARDWARE_BREAKPOINT, **options)
        self.address = int(gdb.parse_and_eval(f"(unsigned long){place.lstrip('*')}"))
        self.expected = program.code(self.address)[:PAGE - self.address % PAGE]

    def stop(self):
        try:
            there = gdb.selected_inferior().read_memory(self.address, len(self.expected))
        except gdb.MemoryError:
            return False
        return bytes(there) == self.expected


class BreakIn(gdb.Command):
    """break-in FUNCTION: stop in FUNCTION of this program."""

    def __init__(self, program):
        super().__init__("break-in", gdb.COMMAND_BREAKPOINTS, gdb.COMPLETE_SYMBOL)
        self.program = program

    def invoke(self, argument, _):
        if not argument or not gdb.lookup_global_symbol(argument) and not gdb.lookup_static_symbol(argument):
            raise gdb.GdbError(f"there is no function {argument!r} in the program")
        Stop(self.program, argument)


class NextLine(gdb.Command):
    """next-line: go on to another line of this function, or back to who has called it."""

    def __init__(self, program):
        super().__init__("next-line", gdb.COMMAND_RUNNING)
        self.program = program

    def invoke(self, _, __):
        frame, block = gdb.newest_frame(), gdb.block_for_pc(gdb.newest_frame().pc())
        here = frame.find_sal()
        if not block or block.is_static or not here.symtab:
            raise gdb.GdbError("this is no function of the program")
        while not block.superblock.is_static:
            block = block.superblock
        to = {entry.pc for entry in here.symtab.linetable()
              if block.start <= entry.pc < block.end and entry.line != here.line}
        while frame.type() == gdb.INLINE_FRAME:
            frame = frame.older()
        if frame.older():
            to.add(frame.older().pc())
        stops = [Stop(self.program, f"*{address:#x}", internal=True) for address in sorted(to)]
        try:
            gdb.execute("continue", to_string=True)
            gdb.execute("frame")
        finally:
            for stop in stops:
                stop.delete()


def main():
    path = gdb.current_progspace().filename
    if not path:
        raise gdb.GdbError("name a program: gdb -x scripts/gdb.py build/debug/squashd")
    program = Program(path)
    gdb.execute("set confirm off")
    gdb.execute("set pagination off")
    gdb.execute(f"symbol-file {path} -o {program.base:#x}", to_string=True)
    gdb.execute(f"target remote {os.environ.get('SQUASH_GDB', '127.0.0.1:1234')}")
    BreakIn(program)
    NextLine(program)


main()
