# SPDX-License-Identifier: Apache-2.0
"""Makes comments for Doxygen of a public header's plain ones.

usage: doxygen_filter.py HEADER

A comment in front of a declaration describes it, one behind it too; the first one of a file describes
the file. An enum's table is written out. What is indented by three spaces is an example. A comment that stands alone between blank
lines describes nothing.
"""

import re
import sys

COMMENT = re.compile(r"^(\s*)//( ?)(.*)$")
TRAILING = re.compile(r"^(\s*[^\s/#}][^\"]*?[;,{)\w]\s+|\s*[^\s/#}].*?[;,]\s+)//( .*)$")


def escaped(text):
    """Text as Doxygen shows it; it leaves alone what stands in quotes of either kind."""
    parts = re.split(r'(`[^`]*`|"[^"]*")', text)
    parts[::2] = [re.sub(r"([\\@<>#&%$*]|::)", r"\\\1", part) for part in parts[::2]]
    return "".join(parts)


def block(indent, lines, first):
    """A comment in front of a declaration, or of the file."""
    out, code, ticks = ["\\file"] if first else [], False, False
    for line in lines:
        example = line.startswith("  ") and not line.lstrip().startswith("- ") and not ticks
        if example and not code:
            out.append("\\code{.cpp}")
        if code and not example and line.strip():
            out.append("\\endcode")
        code = example or (code and not line.strip())
        if example or code:
            out.append(line)
            continue
        # A name in backquotes may go on in the next line; Doxygen takes it line by line.
        if ticks:
            line = "`" + line
        ticks = line.count("`") % 2 == 1
        out.append(escaped(line + ("`" if ticks else "")))
    if code:
        out.append("\\endcode")
    return [f"{indent}/// {line}".rstrip() for line in out]


def tables(text):
    """The rows of each table of an enum: {macro: [(enumerator, number, what it is)]}"""
    found = {}
    for macro, body in re.findall(r"#define (FUSEBOX_\w+)\(X\)((?:.*\\\n)+.*\n)", text):
        said = ""
        for comment, enumerator, number in re.findall(r"/\*(.*?)\*/|X\((\w+), (-?\d+)", body):
            if enumerator:
                found.setdefault(macro, []).append((enumerator, number, said.strip()))
            said = "" if enumerator else said + " " + comment.strip()
    return found


def expanded(text):
    """With the enumerators where Doxygen looks for them."""
    rows = tables(text)

    def enumerators(match):
        return "\n" + "".join(f"  // {said}\n  {name} = {number},\n" if said
                              else f"  {name} = {number},\n" for name, number, said in rows[match[1]])

    return re.sub(r" *(FUSEBOX_\w+)\(FUSEBOX_ENUMERATOR\)", enumerators, text)


def transformed(text):
    text = expanded(text)
    lines, at, out, file_seen = text.split("\n"), 0, [], False
    while at < len(lines):
        comment = COMMENT.match(lines[at])
        if not comment or "SPDX" in lines[at] or "NOLINT" in lines[at]:
            trailing = TRAILING.match(lines[at])
            if trailing and "NOLINT" not in trailing[2]:
                column, said = len(trailing[1]), [trailing[2].strip()]
                code = trailing[1]
                while at + 1 < len(lines):
                    more = re.match(r"^( *)//( .*)$", lines[at + 1])
                    if not more or len(more[1]) != column:
                        break
                    said.append(more[2].strip())
                    at += 1
                out.append(f"{code}///< {escaped(' '.join(said))}")
            else:
                out.append(lines[at])
            at += 1
            continue
        start = at
        while at < len(lines) and (more := COMMENT.match(lines[at])) and more[1] == comment[1]:
            at += 1
        said = [COMMENT.match(line)[3] for line in lines[start:at]]
        if not file_seen and start < 3:
            file_seen = True
            while said and not said[0].strip():
                said.pop(0)
            out.extend(block(comment[1], said, True))
        elif at < len(lines) and not lines[at].strip():
            out.extend(lines[start:at])
        else:
            said[0] = said[0].lstrip("- ") if said[0].startswith("---") else said[0]
            out.extend(block(comment[1], said, False))
    return "\n".join(out)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        sys.stdout.write(transformed(file.read()))


if __name__ == "__main__":
    main()
