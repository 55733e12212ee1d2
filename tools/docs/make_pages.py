# SPDX-License-Identifier: Apache-2.0
"""Puts the pages of the site together: the repository's documents, and what they link to.

usage: make_pages.py <root of the sources> <Doxygen's tag file> <folder>

The documents stand where they stand in the repository, README.md as index.md. A link to a public header
leads to its page of the API reference, which a page of its own lists; one to another file or folder leads to a page that shows it.
A link to nothing is an error, and so is a document that the site's navigation leaves out, and a public
header without a page.
"""

import os
import re
import shutil
import sys
import xml.etree.ElementTree as xml

LINK = re.compile(r"(?<!\\)\]\(([^)\s#]*)(#[^)\s]*)?\)")
LANGUAGES = {".cc": "cpp", ".h": "cpp", ".py": "python", ".proto": "protobuf", ".yml": "yaml",
             ".json": "json", ".cmake": "cmake", ".sh": "sh"}


class Site:
    def __init__(self, root, tags, pages):
        self.root = root
        self.pages = pages
        self.wrong = []
        self.shown = set()
        self.headers = {}
        for file in xml.parse(tags).getroot().iter("compound"):
            if file.get("kind") == "file" and file.findtext("name").endswith(".h"):
                page = file.findtext("filename")
                page += "" if page.endswith(".html") else ".html"
                # Doxygen writes whole paths. The folder of the sources may itself be called fusebox.
                header = os.path.relpath(
                    os.path.join(file.findtext("path") or "", file.findtext("name")),
                    os.path.abspath(root))
                if os.path.exists(os.path.join(root, header)):
                    self.headers[header] = "api/" + page
        self.wrong += [f"{header}: not in the API reference" for header in self.public_headers()
                       if header not in self.headers]

    def public_headers(self):
        for folder, _, names in os.walk(os.path.join(self.root, "include")):
            for name in names:
                if name.endswith(".h"):
                    yield os.path.relpath(os.path.join(folder, name), self.root)

    def documents(self):
        for folder, folders, names in os.walk(self.root):
            where = os.path.relpath(folder, self.root)
            if where == ".":
                folders[:] = ["docs"]
            for name in sorted(names):
                if name.endswith(".md") or (where != "." and name.endswith(".svg")):
                    yield os.path.normpath(os.path.join(where, name))

    def page_of(self, target):
        """The page of a file of the repository; None if there is no such file."""
        path = os.path.join(self.root, target)
        if not os.path.exists(path) or target.startswith(".."):
            return None
        if target == "README.md":
            return "index.md"
        if target in self.headers:
            return self.headers[target]
        if target.endswith((".md", ".svg")):
            return target
        self.show(target, path)
        return os.path.join("source", target + ".md")

    def show(self, target, path):
        if target in self.shown:
            return
        self.shown.add(target)
        if os.path.isdir(path):
            names = sorted(name + ("/" if os.path.isdir(os.path.join(path, name)) else "")
                           for name in os.listdir(path) if name != "__pycache__")
            text = "".join(f"- `{name}`\n" for name in names)
        else:
            with open(path, encoding="utf-8") as file:
                language = LANGUAGES.get(os.path.splitext(target)[1], "text")
                text = f"````{language}\n{file.read()}\n````\n"
        self.write(os.path.join("source", target + ".md"), f"# {target}\n\n{text}")

    def rewritten(self, name, text):
        here, inside = os.path.dirname(name), False
        there = os.path.dirname("index.md" if name == "README.md" else name)

        def link(match):
            target, anchor = match[1], match[2] or ""
            if not target or re.match(r"[a-z]+:", target):
                return match[0]
            page = self.page_of(os.path.normpath(os.path.join(here, target)))
            if page is None:
                self.wrong.append(f"{name}: a link to nothing: {target}")
                return match[0]
            return f"]({os.path.relpath(page, there or '.')}{anchor})"

        lines = []
        for line in text.split("\n"):
            inside ^= line.startswith("```")
            # A list that follows a line of text at once is one on the forge, and not for mkdocs.
            if (not inside and re.match(r"- ", line) and lines and lines[-1].strip()
                    and not re.match(r"\s*(- |#)|  ", lines[-1])):
                lines.append("")
            lines.append(line if inside else LINK.sub(link, line))
        return "\n".join(lines)

    def reference(self):
        """The page that lists the public headers, with what each is."""
        rows = {}
        for header in sorted(self.headers):
            with open(os.path.join(self.root, header), encoding="utf-8") as file:
                comment = re.match(r"// SPDX.*\n//\n((?://.*\n)+)", file.read())
            said = re.sub(r"\n// ?", " ", "\n" + comment[1].split("\n//\n")[0]).strip() if comment else ""
            first = re.split(r"(?<=[.:])\s", said.replace("\n", " "))[0].rstrip(":")
            group = os.path.dirname(header[len("include/"):])
            rows.setdefault(group, []).append(
                f"| [{header[len('include/'):]}]({self.headers[header]}) | {first} |")
        text = ["# API reference", "",
                "The public headers, by library, each with a page of its own. Or see "
                "[all classes](api/annotated.html).", ""]
        for group, lines in rows.items():
            library = group.replace("/", "::") if "/" in group else group + "::core"
            text += [f"## {library}", "", "| header | what it is |", "|---|---|", *lines, ""]
        self.write("reference.md", "\n".join(text))

    def write(self, name, text):
        path = os.path.join(self.pages, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def make(self):
        for name in self.documents():
            if name.endswith(".svg"):
                os.makedirs(os.path.join(self.pages, os.path.dirname(name)), exist_ok=True)
                shutil.copy(os.path.join(self.root, name), os.path.join(self.pages, name))
                continue
            with open(os.path.join(self.root, name), encoding="utf-8") as file:
                text = self.rewritten(name, file.read())
            self.write("index.md" if name == "README.md" else name, text)
        self.reference()


def main():
    site = Site(*sys.argv[1:])
    site.make()
    with open(os.path.join(site.root, "tools", "docs", "mkdocs.yml"), encoding="utf-8") as file:
        listed = set(re.findall(r"\S+\.md", file.read()))
    site.wrong += [f"{name}: not in the nav of tools/docs/mkdocs.yml" for name in site.documents()
                   if name.endswith(".md") and name != "README.md" and name not in listed
                   and os.path.dirname(name) != os.path.join("docs", "adr")]
    if site.wrong:
        sys.exit("\n".join(site.wrong))


if __name__ == "__main__":
    main()
