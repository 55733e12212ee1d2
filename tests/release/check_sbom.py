# SPDX-License-Identifier: Apache-2.0
"""Holds the list that tools/make-sbom writes to what SPDX 2.3 asks of it, and to the sources.

usage: check_sbom.py [--self-test] <root of the sources>

With --self-test: whether it finds what is wrong in lists that are broken on purpose, and what
tools/make-sbom says of wrong flags.
"""

import copy
import hashlib
import json
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
from checker import run  # noqa: E402
from source_files import source_files  # noqa: E402

IDENTIFIER = re.compile(r"SPDXRef-[A-Za-z0-9.-]+")
LICENSES = {"Apache-2.0", "BSD-3-Clause", "MIT"}
FILE_TYPES = {"SOURCE", "TEXT", "DOCUMENTATION", "IMAGE"}
RELATIONSHIPS = {"DESCRIBES", "CONTAINS", "DEPENDS_ON", "OPTIONAL_DEPENDENCY_OF", "BUILD_DEPENDENCY_OF",
                 "BUILD_TOOL_OF"}
MUST_HAVE = {
    "document": {"spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace", "creationInfo",
                 "packages", "files", "relationships"},
    "package": {"name", "SPDXID", "downloadLocation", "filesAnalyzed", "licenseConcluded",
                "licenseDeclared", "copyrightText"},
    "file": {"fileName", "SPDXID", "checksums", "licenseConcluded", "licenseInfoInFiles",
             "copyrightText", "fileTypes"},
    "relationship": {"spdxElementId", "relationshipType", "relatedSpdxElement"},
}
MAY_HAVE = {
    "document": set(),
    "package": {"versionInfo", "comment", "externalRefs", "packageVerificationCode",
                "licenseInfoFromFiles", "primaryPackagePurpose"},
    "file": set(),
    "relationship": set(),
}


def fields(kind, element, name):
    for field in MUST_HAVE[kind] - set(element):
        yield f"{name} has no {field}"
    for field in set(element) - MUST_HAVE[kind] - MAY_HAVE[kind]:
        yield f"{name} has a field that a {kind} hasn't: {field}"


def of_document(document):
    if document["spdxVersion"] != "SPDX-2.3" or document["dataLicense"] != "CC0-1.0":
        yield "it isn't SPDX-2.3, or not under CC0-1.0"
    if document["SPDXID"] != "SPDXRef-DOCUMENT":
        yield f"the document is called {document['SPDXID']}"
    if not re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
                        document["documentNamespace"]):
        yield f"its namespace is no URI of its own: {document['documentNamespace']}"
    creation = document["creationInfo"]
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", creation["created"]):
        yield f"made at no time: {creation['created']}"
    if not creation["creators"] or not all(re.match(r"(Tool|Organization|Person): \S", creator)
                                           for creator in creation["creators"]):
        yield f"made by nobody: {creation['creators']}"


def of_identifiers(document):
    identifiers = [document["SPDXID"]] + [each["SPDXID"] for each in document["packages"]
                                          + document["files"]]
    for identifier in identifiers:
        if not IDENTIFIER.fullmatch(identifier):
            yield f"no identifier: {identifier}"
    for identifier in {each for each in identifiers if identifiers.count(each) > 1}:
        yield f"two elements are called {identifier}"
    for each in document["relationships"]:
        if each["relationshipType"] not in RELATIONSHIPS:
            yield f"no relationship: {each['relationshipType']}"
        for end in (each["spdxElementId"], each["relatedSpdxElement"]):
            if end not in identifiers:
                yield f"a relationship with nothing: {end}"
    related = {end for each in document["relationships"]
               for end in (each["spdxElementId"], each["relatedSpdxElement"])}
    for identifier in set(identifiers) - related:
        yield f"{identifier} is related to nothing"


def of_licenses(document):
    for each in document["packages"] + document["files"]:
        said = [each["licenseConcluded"], *each.get("licenseInfoInFiles", []),
                *each.get("licenseInfoFromFiles", [])]
        for license in said + ([each["licenseDeclared"]] if "licenseDeclared" in each else []):
            if license not in LICENSES:
                yield f"{each['SPDXID']} has an unknown license: {license}"


def of_files(document, root):
    named = [file["fileName"] for file in document["files"]]
    there = [f"./{path}" for path in source_files(root)]
    for name in sorted(set(named) ^ set(there)):
        yield f"{name} is {'listed, but not there' if name in named else 'not listed'}"
    sums = []
    for file in document["files"]:
        for kind in file["fileTypes"]:
            if kind not in FILE_TYPES:
                yield f"{file['fileName']} is of no type: {kind}"
        path = os.path.join(root, file["fileName"])
        if not os.path.isfile(path):
            continue
        with open(path, "rb") as opened:
            content = opened.read()
        given = {each["algorithm"]: each["checksumValue"] for each in file["checksums"]}
        real = {"SHA1": hashlib.sha1(content).hexdigest(),
                "SHA256": hashlib.sha256(content).hexdigest()}
        if given != real:
            yield f"{file['fileName']} has other checksums"
        sums.append(given.get("SHA1", ""))
    code = hashlib.sha1("".join(sorted(sums)).encode()).hexdigest()
    if document["packages"][0]["packageVerificationCode"]["packageVerificationCodeValue"] != code:
        yield "the verification code isn't that of its files"


def of_version(document, root):
    with open(os.path.join(root, "include", "fusebox", "version.h"), encoding="utf-8") as file:
        numbers = re.findall(r"^#define FUSEBOX_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)$", file.read(), re.M)
    version = ".".join(numbers)
    if (document["packages"][0].get("versionInfo") != version
            or document["name"] != f"fusebox-{version}"):
        yield f"it isn't of version {version}"
    # The versions of which README.md speaks are those that the build is held to.
    with open(os.path.join(root, "README.md"), encoding="utf-8") as file:
        said = re.search(r"gRPC ([\d.]+) to .*?, Protobuf ([\d.]+) to .*?, abseil (\d+) to ", file.read())
    needed = {each["name"]: each.get("versionInfo") for each in document["packages"]}
    for name, version in zip(("grpc", "protobuf", "abseil-cpp"), said.groups() if said else [None] * 3):
        if needed.get(name) != version:
            yield f"{name} {needed.get(name)} is needed, and README.md says {version}"


def complaints(document, root):
    shape = list(fields("document", document, "the document"))
    for kind, plural in (("package", "packages"), ("file", "files"),
                         ("relationship", "relationships")):
        for number, element in enumerate(document.get(plural, [])):
            shape += fields(kind, element, f"{plural}[{number}]")
    if shape:
        return shape
    return [*of_document(document), *of_identifiers(document), *of_licenses(document),
            *of_files(document, root), *of_version(document, root)]


def made(root, *arguments):
    return subprocess.run([sys.executable, "-B", os.path.join(root, "tools", "make-sbom"), *arguments],
                          check=True, stdout=subprocess.PIPE, text=True).stdout


def check_errors(root):
    """Each wrong use has an exit code and one message; no traceback."""
    def says(code, message, *arguments, **environment):
        done = subprocess.run(
            [sys.executable, "-B", os.path.join(root, "tools", "make-sbom"), *arguments], check=False,
            capture_output=True, text=True, env={**os.environ, **environment})
        if done.returncode != code or message not in done.stderr or "Traceback" in done.stderr:
            sys.exit(f"make-sbom {arguments}: expected {code} and \"{message}\", found "
                     f"{done.returncode} and {done.stderr}")

    time = ("--created", "2026-11-27T00:00:00Z")
    for wrong in ("today", "2026-11-27", "2026-02-30T00:00:00Z", "2026-11-27T00:00:00", ""):
        says(2, f"--created: takes a time like 2026-11-27T00:00:00Z, not: {wrong}", "--created", wrong)
    says(2, "unrecognized arguments: --nosuch", "--nosuch")
    says(1, "make-sbom: can't write /nosuch/list.json: No such file", *time, "--out", "/nosuch/list.json")
    says(1, f"make-sbom: can't write {root}: Is a directory", *time, "--out", root)
    says(1, "SOURCE_DATE_EPOCH is no number of seconds: today", SOURCE_DATE_EPOCH="today")
    # Without git: a checkout's files can't be listed, and sources of an archive have no last commit.
    if os.path.exists(os.path.join(root, ".git")):
        says(1, "there is no git here", *time, PATH="")
    else:
        says(1, "give --created TIME, or set SOURCE_DATE_EPOCH", PATH="", SOURCE_DATE_EPOCH="")


def self_test(root):
    check_errors(root)
    good = json.loads(made(root, "--created", "2026-11-27T00:00:00Z"))

    def broken(expected, breaks):
        document = copy.deepcopy(good)
        breaks(document)
        found = complaints(document, root)
        if not any(expected in text for text in found):
            sys.exit(f"expected \"{expected}\", found {found}")

    broken("isn't SPDX-2.3", lambda d: d.update(spdxVersion="SPDX-2.2"))
    broken("has no documentNamespace", lambda d: d.pop("documentNamespace"))
    broken("made at no time", lambda d: d["creationInfo"].update(created="today"))
    broken("has no licenseConcluded", lambda d: d["files"][3].pop("licenseConcluded"))
    broken("a field that a file hasn't", lambda d: d["files"][3].update(colour="blue"))
    broken("unknown license", lambda d: d["packages"][1].update(licenseDeclared="none"))
    broken("other checksums", lambda d: d["files"][0]["checksums"][1].update(checksumValue="0" * 64))
    broken("verification code", lambda d: d["files"][0]["checksums"][0].update(checksumValue="0" * 40))
    broken("is not listed", lambda d: d["files"].pop())
    broken("two elements", lambda d: d["files"].append(d["files"][0]))
    broken("a relationship with nothing", lambda d: d["files"].pop())
    broken("related to nothing", lambda d: d["relationships"].pop())
    broken("it isn't of version", lambda d: d["packages"][0].update(versionInfo="9.9.9"))
    broken("README.md says", lambda d: d["packages"][1].update(versionInfo="1"))


def check(root):
    text = made(root, "--created", "2026-11-27T00:00:00Z")
    if made(root, "--created", "2026-11-27T00:00:00Z") != text:
        return ["made twice, it is not the same"], ""
    document = json.loads(text)
    return (complaints(document, root),
            f"{len(document['files'])} files, {len(document['packages'])} packages")


if __name__ == "__main__":
    run(check, self_test)
