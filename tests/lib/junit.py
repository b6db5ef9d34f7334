# SPDX-License-Identifier: MIT
"""Writes the results of test programs as JUnit XML, in the form that GitLab, Jenkins and GitHub's
actions read: a testsuite for each program, a testcase for each result."""

import re
import xml.etree.ElementTree as xml

# Characters that XML 1.0 excludes (https://www.w3.org/TR/xml/#charsets).
UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MESSAGE_CHARACTERS = 200


def clean(text):
    return UNWRITABLE.sub("", text)


def document(programs):
    """Returns the XML, as bytes, of programs as far as tests/tap has run them."""
    root = xml.Element("testsuites", name="Squash Sandbox")
    for program in programs:
        root.append(suite(program))
    for key in "tests", "failures", "errors", "skipped":
        root.set(key, str(sum(int(child.get(key)) for child in root)))
    root.set("time", f"{sum(program.seconds for program in programs):.3f}")
    xml.indent(root)
    return xml.tostring(root, encoding="utf-8", xml_declaration=True)


def suite(program):
    classname = clean(program.path.removeprefix("tests/").removesuffix(".py").replace("/", "."))
    element = xml.Element("testsuite", name=clean(program.path), time=f"{program.seconds:.3f}")
    for result in program.results:
        case(element, classname, result)
    if program.errors:
        whole = xml.SubElement(element, "testcase", classname=classname,
                               name="the program runs as it should", time="0.000")
        xml.SubElement(whole, "error", message=clean("; ".join(program.errors)))
    element.set("tests", str(len(element)))
    element.set("failures", str(program.count("failed")))
    element.set("errors", str(1 if program.errors else 0))
    element.set("skipped", str(program.count("skipped")))
    return element


def case(element, classname, result):
    test = xml.SubElement(element, "testcase", classname=classname, name=clean(result.name),
                          time=f"{result.seconds:.3f}")
    notes = clean("\n".join(line.removeprefix("# ") for line in result.notes))
    if result.kind == "failed":
        message = notes.split("\n", 1)[0][:MESSAGE_CHARACTERS] or clean(result.name)
        xml.SubElement(test, "failure", message=message).text = notes
    elif result.kind == "skipped":
        xml.SubElement(test, "skipped")
