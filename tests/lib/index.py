# SPDX-License-Identifier: MIT
"""A Python index and an npm registry with one package each, made here, as pages for servers.py."""

import base64
import hashlib
import io
import json
import tarfile
import zipfile

PYPI, REGISTRY = "pypi.index.test", "registry.index.test"
NAME, VERSION = "squashling", "1.2.3"
SAYS = "squash says hello"


def make_wheel():
    """A wheel with one module, of which pip checks the hashes."""
    info = f"{NAME}-{VERSION}.dist-info"
    files = {
        f"{NAME}.py": f"print({SAYS!r})\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [f"{info}/RECORD,,"]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as wheel:
        for path, text in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
            record.append(f"{path},sha256={digest.rstrip('=')},{len(text)}")
            wheel.writestr(path, text)
        wheel.writestr(f"{info}/RECORD", "\n".join(record) + "\n")
    return out.getvalue()


def make_tarball():
    """An npm package with one file."""
    package = {"name": NAME, "version": VERSION, "main": "index.js"}
    files = {
        "package/package.json": json.dumps(package),
        "package/index.js": f"console.log('{SAYS}')\n",
    }
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tarball:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(text), 0o644
            tarball.addfile(entry, io.BytesIO(text.encode()))
    return out.getvalue()


def make_pages():
    """{(host, path): (type, bytes)}."""
    wheel, tarball = make_wheel(), make_tarball()
    file = f"{NAME}-{VERSION}-py3-none-any.whl"
    link = f'<a href="/files/{file}#sha256={hashlib.sha256(wheel).hexdigest()}">{file}</a>'
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    address = f"https://{REGISTRY}/{NAME}/-/{NAME}-{VERSION}.tgz"
    version = {
        "name": NAME,
        "version": VERSION,
        "dist": {"tarball": address, "integrity": integrity},
    }
    package = {"name": NAME, "dist-tags": {"latest": VERSION}, "versions": {VERSION: version}}
    return {
        (PYPI, f"/simple/{NAME}/"): ("text/html", f"<!DOCTYPE html><html>{link}</html>".encode()),
        (PYPI, f"/files/{file}"): ("application/octet-stream", wheel),
        (REGISTRY, f"/{NAME}"): ("application/json", json.dumps(package).encode()),
        (REGISTRY, f"/{NAME}/-/{NAME}-{VERSION}.tgz"): ("application/octet-stream", tarball),
    }
