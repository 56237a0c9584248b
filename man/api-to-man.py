#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes a manual page of section 3 for each function of the API, from Doxygen's XML.

usage: api-to-man.py XML-DIR OUTPUT-DIR VERSION

The date of the pages is SOURCE_DATE_EPOCH. doxygen2man is not used: it ends a parameter's description at the first
cross-reference and loses the types of structure members.
"""
import os
import pathlib
import re
import sys
import textwrap
import time
import xml.etree.ElementTree as ET

WIDTH = 72


def words(element, skip=()):
    """The text of an element on one line, without the elements named in skip."""
    if element is None:
        return ""
    parts = [element.text or ""]
    for child in element:
        if child.tag not in skip:
            parts.append(words(child, skip))
        parts.append(child.tail or "")
    return re.sub(r"\s+", " ", "".join(parts)).strip()


def roff(text):
    """Text that troff shows as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.M)


def linked(text):
    """Functions of the library in bold and with their section, others as they are."""
    return re.sub(r"\b(dpu_\w+)\(\)", r"\\fB\1\\fP(3)", roff(text))


def declare(kind, name):
    """A declaration, the star at the name as in C."""
    return kind + name if kind.endswith("*") else f"{kind} {name}"


def paragraphs(element):
    """The paragraphs of a detailed description, without parameters and return value."""
    lines = []
    for para in element.findall("para"):
        text = words(para, ("parameterlist", "simplesect"))
        if text:
            lines += [".PP", linked(text)]
    return lines


class Api:
    """The parsed XML."""

    def __init__(self, folder):
        self.structs, self.enums, self.headers = {}, {}, []
        for path in sorted(pathlib.Path(folder).glob("*.xml")):
            compound = ET.parse(path).getroot().find("compounddef")
            if compound is None:
                continue
            if compound.get("kind") == "struct":
                self.structs[compound.findtext("compoundname")] = compound
            elif compound.get("kind") == "file":
                self.headers.append(compound)
                for member in compound.iter("memberdef"):
                    if member.get("kind") == "enum":
                        self.enums[member.findtext("name")] = member

    def types(self, function):
        """The structures and enumerations that the parameters and the result of a function are made of."""
        text = " ".join([words(function.find("type"))] + [words(p.find("type")) for p in function.iter("param")])
        lines = []
        for name in dict.fromkeys(re.findall(r"\b(?:struct|enum) (\w+)", text)):
            if name in self.structs and self.structs[name].find(".//memberdef") is not None:
                lines += self.structure(self.structs[name], name)
            elif name in self.enums:
                lines += self.enumeration(self.enums[name], name)
        return lines

    @staticmethod
    def body(heading, members):
        lines = [".PP", ".nf", f"{heading} {{"]
        for declaration, comment in members:
            lines += ["    " + roff(f"/* {line}") if i == 0 else "    " + roff(f"   {line}")
                      for i, line in enumerate(textwrap.wrap(comment + " */", WIDTH - 8))]
            lines.append("    " + roff(declaration))
        return lines + ["};", ".fi"]

    def structure(self, struct, name):
        return self.body(f"struct {name}", [
            (declare(words(m.find("type")), m.findtext("name")) + (m.findtext("argsstring") or "") + ";",
             words(m.find("briefdescription")) or words(m.find("detaileddescription"))) for m in struct.iter("memberdef")])

    def enumeration(self, enum, name):
        return self.body(f"enum {name}", [
            (f"{v.findtext('name')} {v.findtext('initializer') or ''}".strip() + ",",
             words(v.find("briefdescription")) or words(v.find("detaileddescription"))) for v in enum.iter("enumvalue")
            if not v.findtext("name").endswith("_PAD_")])


def synopsis(function):
    """The prototype, one line or one parameter to a line."""
    params = [declare(words(p.find("type")), p.findtext("declname") or "").strip() for p in function.findall("param")]
    head = declare(words(function.find("type")), function.findtext("name")) + "("
    line = head + ", ".join(params or ["void"]) + ");"
    if len(line) > WIDTH:
        line = head + ",\n".join((" " * len(head) if i else "") + p for i, p in enumerate(params)) + ");"
    return roff(line).split("\n")


def page(api, header, function, date, version):
    """One manual page."""
    name, file = function.findtext("name"), header.findtext("compoundname")
    brief, detail = words(function.find("briefdescription")), function.find("detaileddescription")
    summary = re.split(r"(?<=[\w)])[.;](?:\s|$)", brief)[0]
    lines = [f'.\\" Written by man/api-to-man.py from {file}.',
             f'.TH {name} 3 {date} "libdpu {version}" "libdpu"', ".nh", ".SH NAME", f"{name} \\- {roff(summary)}",
             ".SH SYNOPSIS", ".nf", f".B #include <dpu/{file.split('/')[-1]}>", ".sp"]
    lines += [f".B {line}" if not line.startswith(" ") else f".B \"{line}\"" for line in synopsis(function)]
    lines += [".fi", ".SH DESCRIPTION", linked(brief)] + paragraphs(detail)
    items = list(detail.iter("parameteritem"))
    if items:
        lines.append(".SH PARAMETERS")
        for item in items:
            lines += [".TP", f".I {item.findtext('.//parametername')}", linked(words(item.find("parameterdescription")))]
    lines += [".SH RETURN VALUE", linked(words(detail.find(".//simplesect[@kind='return']")))]
    types = api.types(function)
    if types:
        lines += [".SH TYPES"] + types[1:]
    rules = re.search(r"Thread rule: .*", " ".join(words(p) for p in header.find("detaileddescription").iter("para")))
    own = re.search(r"Thread rule: ", " ".join(words(p) for p in detail.iter("para")))
    if rules and not own:
        text = rules[0].removeprefix("Thread rule: ")
        lines += [".SH THREADS", linked(text[0].upper() + text[1:])]
    others = sorted(m.findtext("name") for m in header.iter("memberdef") if m.get("kind") == "function")
    lines += [".SH SEE ALSO", ",\n".join([".BR libdpu (7)"] + [f".BR {o} (3)" for o in others if o != name])]
    return "\n".join(lines) + "\n"


def main():
    folder, output, version = sys.argv[1:]
    api = Api(folder)
    date = time.strftime("%Y-%m-%d", time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"])))
    os.makedirs(output, exist_ok=True)
    for header in api.headers:
        for function in header.iter("memberdef"):
            if function.get("kind") == "function":
                path = pathlib.Path(output, function.findtext("name") + ".3")
                path.write_text(page(api, header, function, date, version), encoding="utf-8")


if __name__ == "__main__":
    main()
