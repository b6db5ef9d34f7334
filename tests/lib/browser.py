# SPDX-License-Identifier: MIT
"""A headless Chromium, driven by chromedriver (W3C WebDriver: JSON over HTTP), so that a page is used as
people use it: by clicks and keys, which find only what is seen."""

import base64
import json
import os
import re
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from machine import WORK

START_SECONDS = 60
WAIT_SECONDS = 30
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key that WebDriver names elements by

# W3C WebDriver, 17.4.2
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "Control": "\ue009", "Shift": "\ue008"}

# What a page is told of itself from its first moment on.
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation",
	(event) => violations.push(event.violatedDirective + " " + event.blockedURI));
"""


class BrowserFailed(Exception):
    """The browser did not do as it was told, or a page is not what it should be."""


class Browser:
    """To be used in a with statement. args go to Chromium."""

    def __init__(self, *args, size=(1280, 900)):
        self._home = tempfile.TemporaryDirectory(prefix="console-")
        # All it writes, its profile too, lies there; --no-sandbox: as root it wants that, in containers, too.
        options = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run",
                   "--disable-background-networking", "--disable-component-update", "--force-color-profile=srgb",
                   f"--window-size={size[0]},{size[1]}", f"--user-data-dir={self._home.name}/profile", *args]
        command = ["setpriv", "--pdeathsig", "KILL", "chromedriver", "--port=0"]
        self._driver = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        env={**os.environ, "HOME": self._home.name}, start_new_session=True)
        self._base = self._find_port()
        capabilities = {"alwaysMatch": {
            "browserName": "chrome", "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"args": options, "binary": "/usr/bin/chromium"}}}
        session = self._ask("POST", "/session", {"capabilities": capabilities}, START_SECONDS)
        self._base += f"/session/{session['sessionId']}"
        self.cdp("Page.enable")
        self.cdp("Page.addScriptToEvaluateOnNewDocument", source=WATCH)

    def _find_port(self):
        for line in self._driver.stdout:
            if found := re.search(r"started successfully on port (\d+)", line):
                return f"http://127.0.0.1:{found[1]}"
        raise BrowserFailed("chromedriver does not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._ask("DELETE", "")
        except (BrowserFailed, OSError):
            pass
        self._driver.kill()
        self._driver.wait()
        self._home.cleanup()

    def _ask(self, method, path, body=None, seconds=120):
        data = None if method in ("GET", "DELETE") else json.dumps(body or {}).encode()
        request = urllib.request.Request(self._base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=seconds) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as error:
            text = json.load(error)["value"]["message"].splitlines()[0]
            raise BrowserFailed(f"{path} {body}: {text}") from None

    # The page

    def open(self, url):
        self._ask("POST", "/url", {"url": url})

    def script(self, text, *args):
        """What the statements return."""
        return self._ask("POST", "/execute/sync", {"script": text, "args": args})

    def wait(self, expression, seconds=WAIT_SECONDS):
        """Wait until the expression is true in the page; its value."""
        deadline = time.monotonic() + seconds
        while True:
            if value := self.script(f"return {expression}"):
                return value
            if time.monotonic() > deadline:
                shown = self.script("return document.body.innerText")[:1500]
                raise BrowserFailed(f"not within {seconds} s: {expression}\nshown is:\n{shown}")
            time.sleep(0.1)

    def wait_text(self, selector, pattern, seconds=WAIT_SECONDS):
        """Wait until the element says what the regular expression, of JavaScript, describes; its text."""
        text = f"(document.querySelector({json.dumps(selector)})?.innerText ?? '')"
        return self.wait(f"new RegExp({json.dumps(pattern)}).test({text}) && {text}", seconds)

    def _element(self, selector):
        self.wait(f"document.querySelector({json.dumps(selector)})")
        return self._ask("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        self._ask("POST", f"/element/{self._element(selector)}/click")

    def type(self, selector, text, clear=True):
        element = self._element(selector)
        if clear:
            self._ask("POST", f"/element/{element}/clear")
        self._ask("POST", f"/element/{element}/value", {"text": str(text)})

    def choose_file(self, selector, path):
        self._ask("POST", f"/element/{self._element(selector)}/value", {"text": str(path)})

    def press(self, *names):
        """Keys at once, the last of which is what the others modify."""
        keys = [KEYS.get(name, name) for name in names]
        actions = [{"type": "keyDown", "value": key} for key in keys]
        actions += [{"type": "keyUp", "value": key} for key in reversed(keys)]
        self._ask("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def text(self, selector):
        return self.script("return document.querySelector(arguments[0])?.innerText ?? null", selector)

    # The browser

    def cdp(self, command, **params):
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def set_scheme(self, scheme):
        """What the system prefers: "light" or "dark"."""
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def set_width(self, width, height=900):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                 mobile=width < 600)

    def screenshot(self, name):
        """All of the page, into build/test."""
        size = self.cdp("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self.cdp("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        path = WORK / f"console-{name}.png"
        path.write_bytes(base64.b64decode(shot["data"]))
        return path

    def controls(self):
        """(role, name) of each control, as assistive technology is told."""
        roles = {"button", "link", "textbox", "searchbox", "checkbox", "radio", "combobox", "spinbutton", "meter",
                 "progressbar", "image", "table", "dialog", "navigation"}
        nodes = self.cdp("Accessibility.getFullAXTree")["nodes"]
        return [(node["role"]["value"], node.get("name", {}).get("value", "").strip()) for node in nodes
                if not node["ignored"] and node.get("role", {}).get("value") in roles]

    def complaints(self):
        """What the console was told since the last call, and violations of the page's policy."""
        logged = [entry["message"] for entry in self._ask("POST", "/se/log", {"type": "browser"})
                  if entry["level"] in ("WARNING", "SEVERE")]
        return logged + self.script("return window.violations.splice(0)")
