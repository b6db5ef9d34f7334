#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The console in a browser, against the booted image, by TLS: what people see and do there, by mouse and
by keyboard, what they are told, and that nothing of what a sandbox says becomes more than text. Pictures of
each page, light, dark and narrow, are left in build/test/console-*.png."""

import functools
import os
import re
import time

import pool
import tap
from api import BUSYBOX, SANDBOXES, destroy, execute, info
from browser import Browser
from machine import BUILD, ROOT, make_module
from tap import check, equal

WWW = ROOT / "rootfs/www"
LIMIT = 100_000  # bytes, of all files together
MARKUP = '<img src=x onerror="window.hurt=1"></script><b>'

# Of every text that is seen: the contrast of its colour to what is behind it, if it is too little
# (WCAG 2.2, 1.4.3), where it isn't that of a control which can't be used.
CONTRAST = """
const parse = (text) => {
	const n = text.match(/[\\d.]+/g).map(Number), scale = text.startsWith("color(") ? 255 : 1;
	return [n[0] * scale, n[1] * scale, n[2] * scale, n[3] ?? 1];
};
const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
const luminance = (c) => [0.2126, 0.7152, 0.0722].reduce((sum, part, i) => {
	const v = c[i] / 255;
	return sum + part * (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
}, 0);
const behind = (node) => {
	const own = parse(getComputedStyle(node).backgroundColor);
	return own[3] === 1 || !node.parentElement ? own : over(own, behind(node.parentElement));
};
const bad = new Set();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
	const node = walker.currentNode.parentElement;
	if (!walker.currentNode.data.trim() || !node.checkVisibility() || node.closest(":disabled, [aria-disabled], .unseen, noscript"))
		continue;
	const ground = behind(node), text = over(parse(getComputedStyle(node).color), ground);
	const [low, high] = [luminance(text), luminance(ground)].sort((a, b) => a - b);
	const ratio = (high + 0.05) / (low + 0.05);
	if (ratio < 4.5)
		bad.add(`${ratio.toFixed(2)} ${walker.currentNode.data.trim().slice(0, 40)}`);
}
return [...bad];
"""


def test_files():
    files = {path.name: path.read_bytes() for path in WWW.iterdir()}
    size = sum(len(data) for data in files.values())
    check(f"all files have {size} bytes, of {LIMIT}", size < LIMIT)
    text = b"\n".join(data for name, data in files.items() if name != "icon.svg")
    found = re.findall(rb"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|https?://(?!www\.w3\.org/2000/svg)", text)
    equal("no text is made markup, and no other host is named", found, [])
    page = files["index.html"].decode()
    equal("no script or style is in the page itself", re.findall(r"<style|<script(?! type=\"module\" src=)|\son\w+=|\sstyle=", page), [])


def test_heads(m):
    for path, kind in (("", "text/html"), ("console.css", "text/css"), ("console.js", "application/javascript"), ("icon.svg", "image/svg+xml")):
        reply = m.http("GET", f"../{path}")
        heads = reply.headers
        equal(f"/{path} is there", (reply.status, heads["content-type"]), (200, kind))
        policy = heads["content-security-policy"]
        check("with a policy that lets in scripts of its own origin alone",
              policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'") and "unsafe" not in policy, policy)
        got = [heads.get(name) for name in ("x-content-type-options", "referrer-policy", "cache-control")]
        equal("of the type that it says, and asked for anew each time", got, ["nosniff", "no-referrer", "no-cache"])
    reply = m.http("GET", "health")
    policy = reply.headers["content-security-policy"]
    check("what the API answers may do nothing in a browser", policy.endswith("; sandbox") and "self" not in policy, policy)
    equal("nor is it kept or sniffed", (reply.headers["cache-control"], reply.headers["x-content-type-options"]), ("no-store", "nosniff"))


def test_sign_in(b, m):
    b.wait("document.activeElement.id === 'token'")
    check("the token is asked for", True)
    b.screenshot("sign-in")
    b.type("#token", "wrong")
    b.press("Enter")
    b.wait_text(".fault", "not known here")
    check("a wrong one is told", True)
    refused = b.complaints()
    check("the browser complains of the 401s, and of nothing else", all("401" in text for text in refused), refused)
    b.type("#token", pool.SECRET)
    b.press("Enter")
    b.wait_text("h1", "^Sandboxes$")
    b.wait_text(".empty:not([hidden])", "No sandboxes yet")
    check("a right one lets in, where nothing is yet", True)
    b.script("location.reload()")
    b.wait_text(".empty:not([hidden])", "No sandboxes yet")
    check("a reload keeps it", True)
    b.complaints()  # that of health, which asks whether the API is open


def test_create(b, m):
    b.click("a.primary")
    b.wait("document.querySelectorAll('.module').length")
    check("the name is what is typed first", b.script("return document.activeElement.name") == "id")
    b.script("""const real = window.fetch; window.fetch = async (path, options) => {
        const reply = await real(path, options);
        if (!path.endsWith('api/modules'))
            return reply;
        const list = await reply.json();
        list.find((one) => one.name === '100-python313').needs = ['000-base-debian'];
        return new Response(JSON.stringify(list));
    }; location.hash = '#/sandboxes'""")
    b.click("a.primary")
    b.wait_text(".module:nth-child(3)", "needs 000-base-debian")
    b.click("[value='100-python313']")
    equal("what a module needs comes with it", b.script("return [...document.querySelectorAll('[name=layer]:checked')].map((one) => one.value)"),
          ["000-base-debian", "100-python313"])
    b.click("[value='000-base-debian']")
    b.wait_text(".form .note", "goes what needs it: 100-python313")
    equal("and goes with it", b.script("return document.querySelectorAll('[name=layer]:checked').length"), 0)
    b.type("#id", "not a name")
    b.click(f"[value='{BUSYBOX}']")
    b.click(".form .primary")
    b.wait_text("#id-fault", "id")
    equal("what is wrong with a field stands at it", b.script("return document.activeElement.name + document.activeElement.getAttribute('aria-invalid')"), "idtrue")
    check("the browser complains of that 400 alone", all("400" in text for text in b.complaints()))
    b.type("#id", "dev")
    b.type("#task", MARKUP)
    b.type("#memory_mb", 64)
    b.type("#allow_net", "pypi.org")
    b.click(".form .primary")
    b.wait_text("h1", "^dev$")
    b.wait_text(".state", "running")
    made = info(m, "dev")
    got = [made[name] for name in ("task", "layers", "memory_mb", "allow_net")]
    equal("it is made as it was filled in", got, [MARKUP, [BUSYBOX], 64, ["pypi.org"]])
    check("a task of markup is text", MARKUP in b.text(".about"), b.text(".about"))


def run(b, cmd):
    b.type("#cmd", cmd)
    b.press("Control", "Enter")


def test_run(b, m):
    b.wait("document.querySelector('#cmd')")
    run(b, "for i in 1 2 3; do echo line $i; until test -e /tmp/go; do sleep 0.1; done; done; echo last >&2; exit 3")
    b.wait_text(".output", "line 1\\n")
    check("the first line is there while the command runs", not b.script("return document.querySelector('[name=stop]').ariaDisabled"))
    b.wait_text("#said", "line 1")
    check("and is told to who listens", True)
    execute(m, "dev", "touch /tmp/go")
    b.wait_text(".result .verdict", "^exit code 3")
    check("then the rest, and how it has ended", "line 2\nline 3\nlast\n" in b.text(".output"), b.text(".output"))
    equal("what came by stderr is told apart", b.text(".output .stderr").strip(), "last")

    run(b, f"printf '%s' '{MARKUP}'; printf '\\033[31mred\\033[0m \\033]0;title\\007\\033[2J \\342\\200\\256esrever \\377 end\\n'")
    b.wait_text(".result .verdict", "^exit code 0")
    b.wait_text(".output", "end\\n")
    shown = b.text(".output")
    check("markup stays text, sequences for terminals are left out", f"{MARKUP}red  \ufffdesrever \ufffd end\n" in shown, shown)
    got = b.script("return [window.hurt, document.querySelectorAll('.output img, .output b').length]")
    equal("none of it has run, or become an element", got, [None, 0])

    run(b, "sleep 600")
    b.wait_text(".output", "sleep 600")
    b.click("[name=stop]")
    b.wait_text(".result .verdict", "^stopped")
    b.wait("document.querySelector('[name=stop]').ariaDisabled")
    b.click("[aria-label^=Parts] [href$=log]")
    b.wait_text(".part tbody tr:first-child", "sleep 600[^]*137", 60)
    check("what is stopped ends there, too", True)

    b.click("[aria-label^=Parts] [href$=run]")
    b.click("summary")
    b.type("#stdin", "from the page\n")
    b.type("#timeout", "1")
    run(b, "cat; sleep 60")
    b.wait_text(".result .verdict", "timed out")
    check("input goes in, and a timeout is told", "from the page\n[timed out" in b.text(".output"), b.text(".output"))

    b.type("#timeout", "300")
    b.type("#stdin", "")
    run(b, "yes 0123456789abcdef | head -c 3000000")
    b.wait_text(".result .verdict", "^exit code 0", 90)
    length = b.wait("document.querySelector('.output .dropped') && document.querySelector('.output').textContent.length")
    check(f"of much output the end is kept ({length} characters)", length <= 1_100_000, length)
    b.click(".result .quiet")

    run(b, "printf '\\033['; tr '\\0' 1 </dev/zero | head -c 3000000; printf '\\033'; tr '\\0' ' ' </dev/zero | head -c 3000000; echo done")
    b.wait_text(".result .verdict", "^exit code 0", 90)
    check("a sequence without end is shown, not waited for", " done\n" in b.text(".output"), b.text(".output")[-40:])
    b.click(".result .quiet")

    b.click("[name=detach]")
    run(b, "echo alone; sleep 600")
    b.wait_text(".part tbody", "running")
    b.click(".part tbody button")
    b.wait_text(".output", "alone\\n")
    b.click(".part tbody .end")
    b.click("#ask-yes")
    b.wait_text(".part tbody", "SIGKILL")
    check("a detached command is listed, read and ended", True)


def test_snapshots(b, m):
    execute(m, "dev", "echo one >/root/kept")
    b.click("[aria-label^=Parts] [href$=snapshots]")
    b.wait_text(".part .empty:not([hidden])", "No snapshots yet")
    b.type("#label", f"the first {MARKUP}")
    b.press("Enter")
    b.wait_text(".tree", "900-snapshot-1")
    check("a snapshot is taken; its label is text", MARKUP in b.text(".tree .label"), b.text(".tree"))
    execute(m, "dev", "echo two >/root/kept; touch /root/lost")
    b.click("[aria-label='Restore 900-snapshot-1']")
    b.wait("document.querySelector('#ask').open")
    b.press("Escape")
    b.wait("!document.querySelector('#ask').open")
    equal("Escape is no", info(m, "dev")["active_snapshot"], None)
    b.click("[aria-label='Restore 900-snapshot-1']")
    b.click("#ask-yes")
    b.wait_text(".tree li li .mark:not([hidden])", "active")
    got = execute(m, "dev", "cat /root/kept; ls /root")["stdout"]
    equal("yes restores it", (info(m, "dev")["active_snapshot"], got), ("900-snapshot-1", "one\nkept\n"))
    b.type("#label", "the second")
    b.press("Enter")
    b.wait_text(".tree li li li", "901-snapshot-2")
    check("one taken on it stands beneath it", True)
    check("what something stands on can't be dropped", b.script("return document.querySelector(\"[aria-label='Drop 900-snapshot-1']\").disabled"))
    b.click("[href='#/new/dev%2F901-snapshot-2']")
    b.wait("document.querySelector('#from')?.value === 'dev/901-snapshot-2'")
    b.type("#id", "copy")
    b.type("#memory_mb", 64)
    b.click(".form .primary")
    b.wait_text("h1", "^copy$")
    b.wait_text(".state", "running")
    equal("a new one is made from it", info(m, "copy")["active_snapshot"], "901-snapshot-2")


def test_network(b, m):
    execute(m, "dev", "nslookup example.org; nslookup example.org; nslookup example.net")
    b.script("location.hash = '#/sandboxes/dev/network'")
    b.wait_text(".part table", "example\\.org[^]*name not allowed")
    check("what was refused is there first", b.text(".part table caption") == "Refused", b.text(".part"))
    b.click("[data-entry='example.org']")
    b.wait("[...document.querySelectorAll('.chips li')].some((one) => one.innerText.startsWith('example.org'))")
    equal("it is allowed by one click", info(m, "dev")["allow_net"], ["pypi.org", "example.org"])
    b.type("#allow_net", "https://example.org/")
    b.press("Enter")
    b.wait_text(".part form", "is a URL")
    check("what is no name is told", True)
    b.complaints()
    b.click("[aria-label^=\"Don't allow pypi.org\"]")
    b.wait("document.querySelectorAll('.chips li').length === 1")
    equal("and taken back", info(m, "dev")["allow_net"], ["example.org"])
    b.type("#allow_net", "93.184.216.34")
    b.press("Enter")
    b.wait("document.querySelectorAll('.chips li').length === 2")
    # Refused before it is dialled: there is no network behind the machine.
    execute(m, "dev", "printf 'GET / HTTP/1.1\\r\\nHost: asked.example.org\\r\\n\\r\\n' | nc 93.184.216.34 80")
    b.wait_text(".part table", "asked\\.example\\.org by way of 93\\.184\\.216\\.34:80[^]*name not allowed")
    b.click("[data-entry='asked.example.org']")
    b.wait("document.querySelectorAll('.chips li').length === 3")
    equal("of two names the one that was asked for is allowed", info(m, "dev")["allow_net"],
          ["example.org", "93.184.216.34", "asked.example.org"])


def test_modules(b, m):
    module = make_module("150-large", {"noise": os.urandom(12_000_000), "usr/bin/hello": "#!/bin/sh\necho hello\n"}, "-comp", "lz4")
    b.click("#nav [href='#/modules']")
    b.wait_text("tbody", BUSYBOX)
    b.choose_file("#file", module)
    b.wait_text(".note", "its SHA-256 is computed")
    equal("a file's name is its module's", b.script("return document.querySelector('#name').value"), "150-large")
    b.script("""window.sent = []; new MutationObserver(() => sent.push(document.querySelector('progress').value))
        .observe(document.querySelector('progress'), {attributes: true});""")
    b.click("[name=send]")
    b.wait("document.querySelector('progress').value > 0")
    b.screenshot("upload")
    b.wait_text(".note", "150-large is there", 60)
    sent = b.script("return window.sent")
    between = [part for part in sent if 0 < part < 1]
    check("its way is shown", len(between) >= 2 and between == sorted(between), sent)
    b.wait_text("tbody", "150-large")
    names = [one["name"] for one in m.http("GET", "api/modules").json]
    check("it is there", "150-large" in names, names)

    b.script("location.hash = '#/sandboxes/dev/layers'")
    b.wait("[...document.querySelectorAll('#module option')].some((one) => one.value === '150-large')")
    b.script("document.querySelector('#module').value = '150-large'")
    b.click(".part .primary")
    b.wait_text(".stacked", "150-large")
    equal("and can be activated", execute(m, "dev", "sh /usr/bin/hello")["stdout"], "hello\n")


def test_keyboard(b, m):
    b.script("location.hash = '#/sandboxes/dev'")
    b.wait("document.querySelector('#cmd')")
    b.script("document.activeElement.blur(); window.getSelection().removeAllRanges(); document.body.tabIndex = -1; document.body.focus()")
    seen = []
    for _ in range(40):
        b.press("Tab")
        seen.append(b.script("const e = document.activeElement; return e.getAttribute('aria-label') || e.name || e.innerText || e.id"))
        if seen[-1] == "run":
            break
    equal("the first Tab leads to the way past the head", seen[0], "Skip to content")
    check("Tab leads to Run, past the command", seen[-1] == "run" and "cmd" in seen, seen)
    b.script("document.querySelector('#cmd').value = 'echo by keys'")
    b.press("Enter")
    b.wait_text(".output", "by keys\\n")
    check("where Enter runs it", True)
    outline = b.script("return getComputedStyle(document.activeElement).outlineStyle")
    equal("where one is can be seen", outline, "solid")


PAGES = {
    "sandboxes": ("#/sandboxes", "document.querySelectorAll('tbody tr').length"),
    "new": ("#/new", "document.querySelectorAll('.module').length"),
    "run": ("#/sandboxes/dev/run", "document.querySelector('#cmd')"),
    "snapshots": ("#/sandboxes/dev/snapshots", "document.querySelector('.tree li li')"),
    "network": ("#/sandboxes/dev/network", "document.querySelector('.part tbody tr')"),
    "layers": ("#/sandboxes/dev/layers", "document.querySelector('#module option')"),
    "log": ("#/sandboxes/dev/log", "document.querySelector('.part tbody tr')"),
    "modules": ("#/modules", "document.querySelector('tbody tr')"),
    "history": ("#/history", "document.querySelector('tbody tr')"),
    "system": ("#/system", "document.querySelector('dd').textContent && document.querySelector('main .card table, main .card form')"),
}


def test_looks(b, m):
    nameless, faint, wide = [], [], []
    for scheme, width in (("light", 1280), ("dark", 1280), ("light", 360)):
        b.set_scheme(scheme)
        b.set_width(width)
        for name, (place, ready) in PAGES.items():
            b.script("location.hash = arguments[0]", place)
            b.wait(ready)
            if name in ("sandboxes", "run"):
                b.wait_text(".chart .now", "[0-9]")
            b.screenshot(f"{'narrow' if width < 600 else scheme}-{name}")
            faint += [(scheme, name, text) for text in b.script(CONTRAST)]
            if scheme == "light" and width > 600:
                nameless += [(name, role) for role, text in b.controls() if not text]
            if width < 600:
                wide += [(name, n) for n in [b.script("return document.documentElement.scrollWidth")] if n > width]
    equal("every control has a name", nameless, [])
    equal("every text stands out, in both schemes", faint, [])
    equal("nothing is wider than 360 pixels", wide, [])
    b.set_width(1280)
    b.click("#scheme")
    equal("the button chooses the other scheme", b.script("return getComputedStyle(document.documentElement).colorScheme"), "dark")
    title = b.script("return document.title")
    equal("the window is called as its page", title, "System – Squash Sandbox")


def test_polling(b, m):
    b.script("location.hash = '#/sandboxes'; performance.clearResourceTimings()")
    asked = "performance.getEntriesByType('resource').filter((one) => one.name.endsWith('/api/sandboxes'))"
    b.wait(f"{asked}.length >= 3")
    times = b.script(f"return {asked}.map((one) => [one.startTime, one.responseEnd])")
    gaps = [after[0] - before[1] for before, after in zip(times, times[1:])]
    check("what is live is asked for each 2 s, one after the other", all(1500 < gap < 15000 for gap in gaps), gaps)
    hosts = b.script("return [...new Set(performance.getEntriesByType('resource').map((one) => new URL(one.name).origin))]")
    equal("nobody else is asked for anything", hosts, [b.script("return location.origin")])
    b.script("""Object.defineProperty(document, 'hidden', {value: true, configurable: true});
        document.dispatchEvent(new Event('visibilitychange'));""")
    b.wait(f"{asked}.at(-1).responseEnd + 5000 < performance.now()", 40)
    check("a page that nobody sees asks nothing", True)
    b.script("performance.clearResourceTimings(); delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    b.wait(f"{asked}.length")
    check("until it is seen again", True)
    figures = b.script("return [...document.querySelectorAll('.chart svg')].map((one) => one.getAttribute('aria-label'))")
    check("charts say what they show", len(figures) == 2 and all(re.search(r"now [\d.]+", text) for text in figures), figures)


def test_end(b, m):
    for name in ("constructor", "__proto__"):  # what every object has
        b.script(f"location.hash = '#/{name}'")
        b.wait_text("h1", "^Sandboxes")
    b.script("location.hash = '#/sandboxes/copy'")
    b.wait_text(".state", "running")
    b.click(".head .danger")
    b.click("#ask-yes")
    b.wait_text("h1", "^Sandboxes$")
    b.wait("document.querySelectorAll('tbody tr').length === 1")
    equal("Destroy destroys", m.http("GET", f"{SANDBOXES}/copy").status, 404)
    equal("no violation of the policy, and no complaint of the browser", b.complaints(), [])

    made = m.http("POST", "api/tokens", {"name": "visitor", "right": "run"}).json
    b.click("#sign-out")
    b.wait("document.activeElement.id === 'token'")
    equal("who signs out leaves no token", b.script("return JSON.stringify(sessionStorage)"), "{}")
    b.type("#token", made["token"])
    b.press("Enter")
    b.wait_text("h1", "^Sandboxes$")
    m.http("DELETE", "api/tokens/visitor")
    b.wait_text(".fault", "no longer")
    check("a token that is taken back leads to where one signs in", True)
    said = b.complaints()
    check("of which the browser complains", all("401" in text for text in said), said)
    destroy(m, "dev")
    equal("the module can be deleted", m.http("DELETE", "api/modules/150-large").status, 204)
    m.inside("rm /data/tokens")  # which is empty


def test_open():
    """An appliance without a token."""
    with pool.borrow(pool.OPEN) as m, Browser() as b:
        b.open(f"http://127.0.0.1:{m.port}/#/modules")
        b.wait_text("tbody", BUSYBOX)
        equal("no token is asked for, or can be given back", b.script("return document.querySelector('#sign-out').hidden"), True)
        b.choose_file("#file", BUILD / "modules/000-base-busybox.squashfs")
        b.wait_text(".note", "its SHA-256 is computed")
        b.type("#name", "150-mine")
        b.complaints()
        b.click("[name=send]")
        b.wait_text(".form .fault", "admin")
        check("what nobody may there is told", True)
        check("and nothing is done", all("403" in text for text in b.complaints()))


def main():
    test_files()
    with pool.borrow(pool.WITH_TOKEN) as m:
        tap.each(m, test_heads)
        with Browser("--ignore-certificate-errors") as b:
            b.set_scheme("light")
            b.open(f"https://127.0.0.1:{m.tls_port}/")
            for test in (test_sign_in, test_create, test_run, test_snapshots, test_network, test_modules,
                         test_keyboard, test_looks, test_polling, test_end):
                begun = time.monotonic()
                tap.each(m, functools.wraps(test)(functools.partial(test, b)))
                tap.note(f"{test.__name__}: {time.monotonic() - begun:.1f} s")
    tap.each_boot(test_open)


tap.run(main)
