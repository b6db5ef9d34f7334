#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pages' tables have the rows of the source's: docs/deploy.md each setting, with its default, and
docs/api.md each field that create takes. test_openapi.py compares the endpoints."""

import re
from pathlib import Path

import tap
from tap import check, equal

ROOT = Path(__file__).resolve().parents[2]


def read(name):
    return (ROOT / name).read_text()


def section(page, heading):
    return page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def rows(text):
    """[[cell...]...] of a page's tables, without their heads."""
    found = [re.split(r" *\| *", line)[1:-1] for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row] for row in found]


def test_settings():
    source = re.findall(r'\{"(SQUASH_\w+)",\s*(?:NULL|"([^"]*)"),', read("src/init/settings/settings_values.c"))
    page = {name.strip("`"): default.strip("`") for name, default, *_ in rows(section(read("docs/deploy.md"), "Settings"))}
    check("settings_values.c has settings", len(source) >= 18, source)
    equal("docs/deploy.md has these, with their defaults", page, {name: value or "none" for name, value in source})


def test_fields():
    source = re.findall(r'^\t\{"(\w+)", FIELD_', read("src/lib/sandbox_fields.c"), re.MULTILINE)
    page = [name for row in rows(section(read("docs/api.md"), "Create")) for name in re.findall(r"`(\w+)`", row[0])]
    check("sandbox_fields.c has fields", len(source) >= 9, source)
    equal("docs/api.md has these, and from", sorted(page), sorted([*source, "from"]))


def main():
    test_settings()
    test_fields()


tap.run(main)
