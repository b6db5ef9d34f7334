# SPDX-License-Identifier: MIT
"""What a machine says to Prometheus: the text format 0.0.4, read once more."""

import re
import subprocess

from machine import BUILD

_SAMPLE = re.compile(r'([a-zA-Z_:][\w:]*)(?:\{((?:\w+="(?:[^"\\]|\\.)*",?)*)\})? (\S+)')
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Metrics:
    """The samples, by name and labels; types: {name: type}."""

    def __init__(self, text):
        self.text = text
        self.types = {}
        self.samples = {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name not in self.types, f"{name} has two heads"
                self.types[name] = kind
            elif not line.startswith("#"):
                found = _SAMPLE.fullmatch(line)
                assert found, f"no sample: {line!r}"
                key = (found[1], frozenset(_LABEL.findall(found[2] or "")))
                assert key not in self.samples, f"twice: {line!r}"
                self.samples[key] = float(found[3])

    def get(self, name, **labels):
        """The sample's value; None if there is none."""
        return self.samples.get((name, frozenset(labels.items())))

    def names(self):
        return {name for name, _ in self.samples}

    def values(self, label, name=None):
        """What a label stands for in the samples, or in those of that name."""
        return {dict(labels)[label] for key, labels in self.samples
                if label in dict(labels) and name in (None, key)}  # fmt: skip


def scrape(m):
    reply = m.http("GET", "metrics")
    assert reply.status == 200, reply
    return Metrics(reply.body.decode())


def promtool(*words, text=""):
    """What promtool finds wrong; "" if nothing is."""
    done = subprocess.run([BUILD / "test/prometheus/promtool", *words], input=text, text=True, capture_output=True, check=False)
    return "" if done.returncode == 0 else f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
