# SPDX-License-Identifier: Apache-2.0
"""Checks the links of the pages that mkdocs has made: each file is there, and so is each place in it.

usage: check_site.py <folder of the site>

The pages of the API reference are Doxygen's; of these only what others link to is looked at.
"""

import html.parser
import os
import sys
import urllib.parse


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__(convert_charrefs=True)
        self.links, self.places = [], set()
        with open(path, encoding="utf-8") as file:
            self.feed(file.read())

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.places.update(value for value in (values.get("id"), values.get("name")) if value)
        link = values.get("href") if tag == "a" else values.get("src") if tag == "img" else None
        if link:
            self.links.append(link)


def main():
    site = os.path.realpath(sys.argv[1])
    pages, wrong, seen = {}, [], 0

    def page(path):
        if path not in pages:
            pages[path] = Page(path)
        return pages[path]

    for folder, folders, names in os.walk(site):
        if folder == site:
            folders[:] = [each for each in folders if each not in ("api", "assets")]
        for name in sorted(names):
            if not name.endswith(".html") or name == "404.html":
                continue
            path = os.path.join(folder, name)
            for link in page(path).links:
                url = urllib.parse.urlparse(link)
                if url.scheme or url.netloc:
                    continue
                seen += 1
                target = os.path.normpath(os.path.join(folder, urllib.parse.unquote(url.path)))
                target = target if url.path else path
                target = os.path.join(target, "index.html") if os.path.isdir(target) else target
                if not os.path.isfile(target):
                    wrong.append(f"{os.path.relpath(path, site)}: there is no {link}")
                elif url.fragment and target.endswith(".html") and url.fragment != "__skip" and \
                        urllib.parse.unquote(url.fragment) not in page(target).places:
                    wrong.append(f"{os.path.relpath(path, site)}: there is no such place: {link}")
    print("\n".join(sorted(set(wrong)) + [f"{seen} links, {len(set(wrong))} broken"]))
    sys.exit(1 if wrong or not seen else 0)


if __name__ == "__main__":
    main()
