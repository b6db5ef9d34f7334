# SPDX-License-Identifier: MIT
"""Boots the shipping image under QEMU, talks to it by curl, and looks inside by the test agent.

Whatever goes wrong with the machine ends the test within seconds: every wait has a deadline, ends
at once when QEMU does or when the kernel complains, and shows the console's last lines."""

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import tap

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
WORK = BUILD / "test"

# What no healthy machine says: the kernel of itself and of its disk; init of a service, squashd of
# a worker that crashed (SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS). A line of it ends the
# test.
TROUBLE = re.compile(
    r"Kernel panic|Oops:|BUG:|WARNING: CPU|self-detected stall|blocked for more than"
    r"|EXT4-fs error|signal (4|6|7|8|11|31)\b"
)
BOOT_SECONDS = 60  # a boot takes about 5 where nothing else runs
REPLY_SECONDS = 30
TAIL_LINES = 30


class MachineFailed(tap.Fatal):
    """The machine is gone, hangs or has complained: nothing more can be shown on it."""


class CurlFailed(Exception):
    """curl had no HTTP reply to give."""


class Reply:
    """An HTTP reply. json is None for a body that is none; raw_head is its head as it came."""

    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        while re.match(rb"HTTP/[\d.]+ 1\d\d ", head):
            head, _, self.body = self.body.partition(b"\r\n\r\n")
        self.raw_head = head.decode("latin-1")
        lines = self.raw_head.split("\r\n")
        self.status = int(lines[0].split()[1])
        pairs = (line.partition(":") for line in lines[1:])
        self.headers = {name.lower(): value.strip() for name, _, value in pairs}
        try:
            self.json = json.loads(self.body.decode("utf-8"))
        except ValueError:
            self.json = None

    def __repr__(self):
        return f"{self.status} {self.body[:500]!r}"


def pack_overlay(name, files, place=WORK):
    """A cpio archive, to be appended to the initramfs: the agent, its serial port, and files, of
    which programs can be executed. It is made in the directory place."""
    lines = [f"file /test-init {BUILD}/test/agent 0755 0 0", "nod /test-tty 0600 0 0 c 4 65"]
    for number, (path, data) in enumerate(files.items()):
        source = place / f"{name}.file-{number}"
        source.write_bytes(data)
        mode = "0755" if data.startswith(b"\x7fELF") else "0644"
        lines.append(f"file {path} {source} {mode} 0 0")
    listing, out = place / f"{name}.list", place / f"{name}.cpio"
    listing.write_text("\n".join(lines) + "\n")
    pack = [ROOT / "scripts/pack-initramfs", listing, out]
    subprocess.run(pack, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": "0"})
    return out.read_bytes()


def drive(path, bus="virtio-blk-pci", snapshot=True):
    """QEMU's arguments for a disk; snapshot: the file stays as it is."""
    name = re.sub(r"\W", "-", Path(path).name)
    keep = "on" if snapshot else "off"
    return [
        "-drive", f"file={path},format=raw,if=none,id={name},snapshot={keep}",
        "-device", f"{bus},drive={name}",
    ]  # fmt: skip


def make_module(name, files, *options, place=WORK):
    """Make a module of that name ("100-x") with files, {path: text or bytes}, in the directory place.
    options are mksquashfs's. Returns its path."""
    tree, module = place / f"{name}.tree", place / f"{name}.squashfs"
    shutil.rmtree(tree, ignore_errors=True)
    for path, text in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(text if isinstance(text, bytes) else text.encode())
    always = ["-noappend", "-all-root", "-quiet", "-no-progress"]
    subprocess.run([BUILD / "parts/mksquashfs", tree, module, *always, *options], check=True)
    return module


def with_manifest(image, name, /, version="1", needs=(), **other):
    """The image (bytes of a module's file) with a manifest behind it; other: lines in place of those
    that are right ("sha256", say), None for none."""
    lines = {"squash-module": "1", "name": name, "version": version, "needs": needs,
             "sha256": hashlib.sha256(image).hexdigest(), **other}  # fmt: skip
    text = ""
    for key, value in lines.items():
        for one in [value] if isinstance(value, str) else value or ():
            text += f"{key} {one}\n"
    return image + text.encode().ljust(4096, b"\n")


def data_disk(name, megabytes, settings=None, modules=(), place=WORK):
    """Make an ext4 image with the label SQUASH-DATA in the directory place. settings: bytes of a
    squash.env on it; modules: paths of those to put on it. Returns its path."""
    image, env = place / f"{name}.ext4", place / f"{name}.env"
    WORK.mkdir(parents=True, exist_ok=True)
    options = []
    if settings:
        env.write_bytes(settings)
        options = ["-e", env]
    command = [ROOT / "scripts/mkdata", *options, image, str(megabytes), *modules]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return image


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Machine:
    """A running machine, to be used in a with statement.

    name names its files in build/test; settings go on the kernel command line; files: {path: bytes}
    are put into the initramfs; args go to QEMU; guest is the address:port that the API is to be
    reached at (no address: the one that DHCP gives), None for a machine without a network card; port
    is the one of 127.0.0.1 that leads there, any that is free without it."""

    network_card = "virtio-net-pci,netdev=net"
    scheme = "http"
    host = "127.0.0.1"
    image = BUILD / "initramfs.cpio.zst"
    has_agent = True
    trouble = TROUBLE

    def __init__(self, name, settings="", memory_mb=1024, args=(), files=None, guest=":8080",
                 port=None):
        self._prepare(name, WORK / f"{name}.console", port or free_port())
        self._agent, agent_end = socket.socketpair()
        WORK.mkdir(parents=True, exist_ok=True)
        agent = f"socket,id=agent,fd={agent_end.fileno()}"
        with agent_end:
            self._qemu = subprocess.Popen(
                self._command(settings, memory_mb, args, files or {}, guest, agent),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[agent_end.fileno()],
            )
        self._reader.start()

    def _prepare(self, name, console_path, port):
        """Set what a machine of any kind has before anything is heard of it."""
        self.name = name
        self.token = None  # the bearer token that requests carry, if they say nothing else
        self.watch = None  # what is told of each request: its method, its path, and its reply
        self.console_path = console_path
        self.port = port
        self._console = ""
        self._trouble = None  # what the console says that it never should
        self._ended = False  # QEMU is gone, and all that it said has been read
        self._changed = threading.Condition()
        self._agent_lock = threading.Lock()
        self._agent_is_up = False
        self._has_address = False
        self._started = time.monotonic()
        self._reader = threading.Thread(target=self._read_console, daemon=True)

    def _command(self, settings, memory_mb, args, files, guest, agent):
        command = [
            "setpriv", "--pdeathsig", "KILL",  # if we are killed, no QEMU stays behind
            BUILD / "qemu/run", "-m", str(memory_mb), "-no-reboot",
            "-serial", "stdio",
            "-chardev", agent,
            "-serial", "chardev:agent",
            "-device", "virtio-rng-pci",
        ]  # fmt: skip
        if guest:
            forward = f"user,id=net,hostfwd=tcp:127.0.0.1:{self.port}-{guest}"
            command += ["-netdev", forward, "-device", self.network_card]
        return command + self._boot(settings, files) + list(args)

    def _boot(self, settings, files):
        """QEMU's arguments for what is booted."""
        initramfs = self.image.read_bytes()
        place = self.console_path.parent
        combined = place / f"{self.name}.initramfs"
        # The kernel looks for a further archive at a multiple of 4; zeros between are skipped.
        combined.write_bytes(
            initramfs + bytes(-len(initramfs) % 512) + pack_overlay(self.name, files, place)
        )
        # A panic, or what else the kernel survives badly, resets the machine, which ends QEMU.
        kernel = f"rdinit=/test-init console=ttyS0 loglevel=5 panic=-1 oops=panic SQUASH_HTTP=1 {settings}"
        return ["-kernel", BUILD / "vmlinuz", "-initrd", combined, "-append", kernel]

    def __enter__(self):
        return self

    def __exit__(self, exception, *_):
        if self._qemu.poll() is None:
            self._qemu.kill()
        self._qemu.wait()
        self._reader.join(timeout=5)
        (WORK / f"{self.name}.initramfs").unlink(missing_ok=True)
        self._agent.close()
        if self._trouble and not exception:
            raise self.failed(self._trouble)

    # The console

    def _read_console(self):
        fd = self._qemu.stdout.fileno()
        with open(self.console_path, "wb") as log:
            while chunk := os.read(fd, 65536):
                log.write(chunk)
                log.flush()
                self._hear(chunk)
        self._hear_end()

    def _hear(self, chunk):
        with self._changed:
            self._console += chunk.decode("utf-8", "replace").replace("\r", "")
            if trouble := self.trouble.search(self._console):
                self._trouble = f"the console says {trouble[0]!r}"
            self._changed.notify_all()

    def _hear_end(self):
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def console(self):
        """All that the console has shown so far."""
        with self._changed:
            return self._console

    def failed(self, what):
        """The exception for what, with the console's tail in it: of an oops, its beginning."""
        lines = self.console.splitlines()
        trouble = (i for i, line in enumerate(lines) if self.trouble.search(line))
        first = max(0, next(trouble, len(lines)) - 5)
        tail = "\n".join(lines[max(0, min(first, len(lines) - TAIL_LINES)) :][:TAIL_LINES])
        age = time.monotonic() - self._started
        return MachineFailed(f"{what} (machine {self.name}, {age:.1f} s old)\n{tail}")

    def require_alive(self):
        if self._trouble:
            time.sleep(1)  # the rest of an oops, for the tail
            raise self.failed(self._trouble)
        if self._ended:
            raise self.failed("QEMU has ended")

    def wait_console(self, pattern, seconds=BOOT_SECONDS, since=0):
        """Wait until the console has shown the regular expression; its match. since: the length
        that the console had when what is waited for began."""
        deadline = time.monotonic() + seconds
        expression = re.compile(pattern, re.MULTILINE)
        with self._changed:
            while not (match := expression.search(self._console, since)):
                if self._trouble or self._ended:
                    break
                if not self._changed.wait(max(0, deadline - time.monotonic())):
                    raise self.failed(f"no {pattern!r} on the console within {seconds} s")
        if not match:
            self.require_alive()
        return match

    def wait_end(self, seconds=30):
        """Wait until QEMU ends by itself, as on power off; its exit code."""
        try:
            code = self._qemu.wait(seconds)
        except subprocess.TimeoutExpired:
            raise self.failed(f"the machine did not end within {seconds} s") from None
        self._reader.join(timeout=5)
        return code

    def cut(self):
        """Cut the power."""
        self._qemu.kill()
        self._qemu.wait()

    # HTTP

    def http(self, method, path, body=None, token=None, seconds=REPLY_SECONDS, headers=()):
        """One request by curl. body: bytes or str as they are, anything else as JSON."""
        command = ["curl", "-sSk", "-i", "--max-time", str(seconds), "-X", method]
        token = token or self.token
        if token:
            command += ["-H", f"Authorization: Bearer {token}"]
        for header in headers:
            command += ["-H", header]
        if body is not None:
            if not isinstance(body, (bytes, str)):
                body = json.dumps(body)
                command += ["-H", "Content-Type: application/json"]
            if isinstance(body, str):
                body = body.encode()
            command += ["-H", "Expect:", "--data-binary", "@-"]
        command.append(f"{self.scheme}://{self.host}:{self.port}/cgi-bin/{path}")
        curl = subprocess.run(
            command, input=body if body is not None else b"", capture_output=True, check=False
        )
        if curl.returncode != 0 or not curl.stdout.startswith(b"HTTP/"):
            self.require_alive()
            if self._agent_is_up and self.has_agent:
                self.inside("true", 10)  # no answer there either is a machine that hangs
            raise CurlFailed(f"{method} {path}: {curl.stderr.decode().strip()}")
        reply = Reply(curl.stdout)
        if self.watch:
            self.watch(method, path, reply)
        return reply

    def wait_api(self, seconds=BOOT_SECONDS, token=None):
        """Wait until health answers 200; the seconds since the machine was started."""
        deadline = time.monotonic() + seconds
        # Before it has an address, QEMU's network takes connections that then hang.
        if not self._has_address:
            self.wait_console(f"^API: {self.scheme}://", seconds)
            self._has_address = True
        while True:
            try:
                if self.http("GET", "health", token=token, seconds=5).status == 200:
                    age = time.monotonic() - self._started
                    if self.has_agent:
                        self.inside("true")
                    return age
            except CurlFailed:
                pass
            if time.monotonic() > deadline:
                raise self.failed(f"health did not answer 200 within {seconds} s")
            self.require_alive()
            time.sleep(0.1)

    # The agent

    def _ask_agent(self, verb, command=b"", seconds=30):
        with self._agent_lock:
            try:
                self._drop_unasked()
                self._agent.settimeout(seconds)
                self._agent.sendall(b"%s %d\n" % (verb, len(command)) + command)
                head = b""
                while not head.endswith(b"\n"):
                    head += self._receive(1)
                code, length = map(int, head.split())
                output = b""
                while len(output) < length:
                    output += self._receive(length - len(output))
            except OSError as error:
                self.require_alive()
                raise self.failed(f"the agent does not answer {command!r}: {error}") from None
        self._agent_is_up = True
        return code, output.decode("utf-8", "replace")

    def _drop_unasked(self):
        """The agent speaks when it is asked; a firmware writes to every serial port there is."""
        self._agent.setblocking(False)
        try:
            while self._agent.recv(65536):
                pass
        except BlockingIOError:
            pass

    def _receive(self, count):
        data = self._agent.recv(count)
        if not data:
            raise ConnectionError("end of file")
        return data

    def inside(self, command, seconds=30):
        """Run a shell command in the appliance's root: (exit code, output)."""
        return self._ask_agent(b"run", command.encode(), seconds)

    def hang(self):
        """Stop PID 1 for good."""
        code, _ = self._ask_agent(b"hang")
        if code != 0:
            raise self.failed(f"PID 1 can't be stopped: errno {code}")

    def counts(self):
        """What the kernel holds: {"mounts": ..., "processes": ...}; see agent.c."""
        return json.loads(self._ask_agent(b"counts")[1])

    def state(self):
        """The same, and what there is of sandboxes: (counts, lines); see agent_state.c."""
        counts, *lines = self._ask_agent(b"state")[1].splitlines()
        return json.loads(counts), lines

    def pass_descriptors(self, token):
        """What squashd answers to requests with all kinds of descriptors: lines; see
        agent_pass.c."""
        return self._ask_agent(b"pass", token.encode())[1].splitlines()

    def wait_counts(self, expected, seconds=10):
        """Wait until the counts are as expected: a loop device, say, goes a moment after its mount.
        The last counts, equal or not. A cgroup that was dying before may have gone meanwhile: fewer
        of those count as the same. Blocks of the disk that the kernel has cached for a cgroup keep
        it dying until it needs the memory: it is made to need it."""
        deadline = time.monotonic() + seconds
        while True:
            counts = self.counts()
            dying = max(counts["dying_cgroups"], expected["dying_cgroups"])
            if {**counts, "dying_cgroups": dying} == {**expected, "dying_cgroups": dying}:
                if dying > expected["dying_cgroups"]:
                    self.inside("for n in 1 2; do sync; echo 3 >/proc/sys/vm/drop_caches; touch /data; done")
            counts["dying_cgroups"] = dying
            if counts == expected or time.monotonic() > deadline:
                return counts
            time.sleep(0.1)

    @contextmanager
    def leaves_nothing(self, name):
        """A result: after the block the kernel holds what it held before, as wait_counts has it."""
        before = self.counts()
        yield
        tap.equal(name, self.wait_counts(before), before)


# What boots EFI programs, and where it keeps its variables; secboot.fd refuses unsigned ones once
# keys are enrolled, and needs a machine with SMM, which keeps the variables from the kernel.
OVMF = Path("/usr/share/OVMF")


class MediumMachine(Machine):
    """A machine that its firmware boots, from the disks, CD or network card in args. What boots is
    what ships: the API speaks HTTPS, and nothing looks inside unless the medium's initramfs has
    brought the agent (pack_overlay, rdinit=/test-init; see take_agent).

    firmware: "bios", "uefi", or "secure", which is UEFI that can enforce Secure Boot. variables:
    the file that UEFI keeps its variables in; it is made if it isn't there, and stays. None: a new
    one for each machine. reboots: a reset begins anew; otherwise it ends QEMU."""

    # Without its boot ROM: firmware would try the network before it tried the disk.
    network_card = "virtio-net-pci,netdev=net,romfile="
    scheme = "https"
    has_agent = False

    def __init__(self, name, firmware, args, variables=None, reboots=False, **options):
        self.firmware = firmware
        self.variables = variables
        self.reboots = reboots
        super().__init__(name, args=args, **{"guest": ":8443", **options})

    def use_agent(self):
        """The medium has brought the agent, which runs by now; what firmware and boot loader have
        sent to its serial port is dropped."""
        self._agent.settimeout(0)
        try:
            while self._agent.recv(65536):
                pass
        except BlockingIOError:
            self.has_agent = True

    def _command(self, *arguments):
        command = super()._command(*arguments)
        return [word for word in command if word != "-no-reboot" or not self.reboots]

    def _boot(self, settings, files):
        if self.firmware == "bios":
            return []
        variables = self.variables or WORK / f"{self.name}.vars"
        if not self.variables or not variables.exists():
            shutil.copyfile(OVMF / "OVMF_VARS_4M.fd", variables)
        secure = self.firmware == "secure"
        code = OVMF / ("OVMF_CODE_4M.secboot.fd" if secure else "OVMF_CODE_4M.fd")
        machine = ["-machine", "q35,smm=on" if secure else "q35"]
        if secure:
            machine += ["-global", "driver=cfi.pflash01,property=secure,value=on"]
            machine += ["-global", "ICH9-LPC.disable_s3=1"]
        return machine + [
            "-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={code}",
            "-drive", f"if=pflash,unit=1,format=raw,file={variables}",
        ]  # fmt: skip

    def take_agent(self, seconds=30):
        """The agent is there, too, and has begun. What the firmware has written to its port is passed
        over, up to an answer that only the agent gives; some of it may come with that."""
        mark = b"the-agent-answers\n"
        command = b"echo " + mark.strip()
        heard = b""
        with self._agent_lock:
            try:
                self._agent.settimeout(seconds)
                self._agent.sendall(b"run %d\n" % len(command) + command)
                while not heard.endswith(mark):
                    heard += self._receive(4096)
            except OSError as error:
                raise self.failed(f"the agent does not answer: {error}") from None
        self.has_agent = True
