# SPDX-License-Identifier: MIT
"""Writes a file so that a reader sees all of it or the file before it, whenever the writer ends."""

import errno
import os
from pathlib import Path


def write(path, data):
    """Replace the file at path, or make it. Raises OSError."""
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():  # a device's name stays the device's
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        new.write_bytes(data)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
