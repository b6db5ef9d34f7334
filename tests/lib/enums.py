# SPDX-License-Identifier: MIT
"""Numbers that C headers give to names."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def read_enum(header, name):
    """{"MSG_CREATE": 4...}, of an enum all of whose members have a number, and each another."""
    text = re.sub(r"/\*.*?\*/", "", (ROOT / header).read_text(), flags=re.DOTALL)
    body = re.search(r"\benum %s\s*\{(.*?)\}" % re.escape(name), text, re.DOTALL)[1]
    members = [m.strip() for m in body.split(",") if m.strip()]
    pairs = [re.fullmatch(r"(\w+)\s*=\s*(\d+)", m) for m in members]
    if not all(pairs):
        raise ValueError(f"{header}: enum {name}: without a number: {members[pairs.index(None)]}")
    numbers = {pair[1]: int(pair[2]) for pair in pairs}
    if len(set(numbers.values())) < len(members):
        raise ValueError(f"{header}: enum {name}: a number is there twice")
    return numbers
