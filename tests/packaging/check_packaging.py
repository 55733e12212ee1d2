# SPDX-License-Identifier: Apache-2.0
"""Compares what Bazel, Conan and vcpkg are told of this project with what CMake builds.

usage: check_packaging.py bazel|conan|vcpkg <root of the sources> <facts of CMake>

The facts are lines of three words, written by CMakeLists.txt beside this file: what, library, value.
Bazel's files and Conan's recipe are run, with functions of ours in place of Bazel's and Conan's.
"""

import glob
import json
import os
import re
import sys
import types

# Where Bazel's names differ from the last part of CMake's.
LABELS = {
    "absl::bits": "@abseil-cpp//absl/numeric:bits",
    "absl::btree": "@abseil-cpp//absl/container:btree",
    "absl::flat_hash_map": "@abseil-cpp//absl/container:flat_hash_map",
    "absl::function_ref": "@abseil-cpp//absl/functional:function_ref",
    "absl::hash": "@abseil-cpp//absl/hash",
    "absl::inlined_vector": "@abseil-cpp//absl/container:inlined_vector",
    "absl::int128": "@abseil-cpp//absl/numeric:int128",
    "absl::random_random": "@abseil-cpp//absl/random",
    "absl::status": "@abseil-cpp//absl/status",
    "absl::statusor": "@abseil-cpp//absl/status:statusor",
    "absl::strings": "@abseil-cpp//absl/strings",
    "absl::time": "@abseil-cpp//absl/time",
    "gRPC::grpc++": "@grpc//:grpc++",
    "protobuf::libprotobuf": "@protobuf",
    "prometheus-cpp::core": "@prometheus-cpp//core",
    "yaml-cpp::yaml-cpp": "@yaml-cpp",
    "fusebox::proto": "//proto",
}
# The ports of vcpkg, and the packages of Conan, that CMake's libraries come from.
PORTS = {"absl": "abseil", "gRPC": "grpc", "protobuf": "protobuf", "prometheus-cpp": "prometheus-cpp",
         "yaml-cpp": "yaml-cpp"}
# What each feature of vcpkg, or option of Conan, has CMake build; without one: the core.
FEATURES = {"": ["core", "testing"], "grpc": ["grpc", "testing_grpc"], "admin": ["proto", "admin"],
            "config": ["config"], "prometheus": ["prometheus"]}

faults = []


def compare(what, here, cmake):
    for value in sorted(set(here) - set(cmake)):
        faults.append(f"{what}: {value} is not in CMakeLists.txt")
    for value in sorted(set(cmake) - set(here)):
        faults.append(f"{what}: {value} of CMakeLists.txt is missing")


def blocks(root, language):
    """The blocks of docs/installing.md in a language."""
    with open(os.path.join(root, "docs", "installing.md"), encoding="utf-8") as file:
        found = re.findall(rf"^```{language}\n(.*?)^```$", file.read(), re.DOTALL | re.MULTILINE)
    if not found:
        faults.append(f"docs/installing.md has no block of {language}")
    return found


class Facts:
    def __init__(self, path):
        self.of = {}
        with open(path, encoding="utf-8") as file:
            for line in file:
                what, library, value = line.split()
                self.of.setdefault(what, {}).setdefault(library, []).append(value)
        self.version = self.of["version"]["-"][0]

    def get(self, what, library):
        return self.of.get(what, {}).get(library, [])

    def links(self, library):
        return self.get("link", library)

    def libraries(self):
        return [name for name, kind in self.of["library"].items() if kind != ["OBJECT_LIBRARY"]]

    def ports(self, libraries):
        links = [link.split("::")[0] for name in libraries for link in self.links(name)]
        return {PORTS[package] for package in links if package in PORTS}


class Bazel:
    """The rules of a package's BUILD.bazel, by name."""

    def __init__(self, root, package):
        self.folder = os.path.join(root, package)
        self.rules = {}
        names = {name: self.rule(name) for name in ("alias", "cc_grpc_library", "cc_library",
                                                    "cc_proto_library", "cc_test", "proto_library")}
        names.update(glob=self.glob, load=lambda *names: None, package=lambda **settings: None,
                     exports_files=lambda files: None)
        with open(os.path.join(self.folder, "BUILD.bazel"), encoding="utf-8") as file:
            exec(compile(file.read(), file.name, "exec"), names)  # Starlark is Python, as far as it goes

    def rule(self, kind):
        def note(name, **attributes):
            self.rules[name] = dict(attributes, kind=kind)
        return note

    def glob(self, patterns, exclude=()):
        found = []
        for pattern in patterns:
            files = glob.glob(os.path.join(self.folder, pattern), recursive=True)
            if not files:
                faults.append(f"BUILD.bazel: glob of {pattern} finds nothing")
            found += sorted(os.path.relpath(file, self.folder) for file in files)
        found = [file for file in found if file not in exclude]
        return found

    def reachable(self, name, seen):
        """What a target's sources may include: its own files, and the headers of what it rests on."""
        for dep in self.get(name, "deps"):
            if dep.startswith(":") and dep not in seen:
                seen.add(dep)
                yield from self.get(dep[1:], "hdrs")
                yield from self.reachable(dep[1:], seen)

    def check_includes(self, name):
        files = self.get(name, "srcs") + self.get(name, "hdrs")
        known = set(files) | set(self.reachable(name, set()))
        for file in files:
            with open(os.path.join(self.folder, file), encoding="utf-8") as text:
                included = re.findall(r'^#include ["<]((?:fusebox|src|interceptors)/.*?)[">]', text.read(),
                                      re.MULTILINE)
            for header in included:
                path = header if not header.startswith("fusebox/") else f"include/{header}"
                if path not in known and not header.startswith("fusebox/v1/"):
                    faults.append(f"BUILD.bazel: {name}: {file} includes {header}, which no dep has")

    def get(self, name, attribute):
        if name not in self.rules:
            faults.append(f"BUILD.bazel: there is no {name}")
        return self.rules.get(name, {}).get(attribute, [])


def module_of(root):
    said = {"deps": {}}
    names = {"module": lambda **settings: said.update(settings),
             "bazel_dep": lambda name, version, **_: said["deps"].update({name: version})}
    with open(os.path.join(root, "MODULE.bazel"), encoding="utf-8") as file:
        exec(compile(file.read(), file.name, "exec"), names)
    return said


def check_bazel(root, facts):
    top, proto = Bazel(root, ""), Bazel(root, "proto")
    for name in facts.libraries() + ["base"]:
        if name == "proto":
            compare("proto/BUILD.bazel: fusebox_proto: srcs", proto.get("fusebox_proto", "srcs"),
                    facts.get("proto", name))
            deps = proto.get(name, "deps")
        else:
            compare(f"BUILD.bazel: {name}: srcs",
                    [file for file in top.get(name, "srcs") if file.endswith(".cc")],
                    facts.get("source", name))
            headers = top.get("public_headers" if name == "core" else name, "hdrs")
            compare(f"BUILD.bazel: {name}: hdrs", headers,
                    [f"include/{header}" for header in facts.get("header", name)])
            deps = top.get(name, "deps")
        links = [link for link in facts.links(name) if link != "Threads::Threads"]
        # Bazel has more libraries within, the leaf and the headers: those are not compared.
        compare(f"BUILD.bazel: {name}: deps",
                [dep for dep in deps if dep.startswith("@") or dep == "//proto"],
                [LABELS.get(link, link) for link in links if not link.startswith("fusebox::")
                 or link == "fusebox::proto"])
        if "fusebox::core" in links and ":core" not in deps:
            faults.append(f"BUILD.bazel: {name}: deps: :core is missing")
        if name not in ("base", "proto") and top.get(name, "visibility") != ["//visibility:public"]:
            faults.append(f"BUILD.bazel: {name} is not public")
    for name, rule in top.rules.items():
        if rule["kind"].startswith("cc_"):
            top.check_includes(name)
    for bazel in (top, proto):
        for name, rule in bazel.rules.items():
            for file in rule.get("srcs", []):
                if not file.startswith(":") and not os.path.exists(os.path.join(bazel.folder, file)):
                    faults.append(f"BUILD.bazel: {name}: srcs: there is no {file}")
            for dep in rule.get("deps", []):
                if dep.startswith(":") and dep[1:] not in bazel.rules:
                    faults.append(f"BUILD.bazel: {name}: deps: there is no {dep}")
    for label in re.findall(r"@fusebox//:(\w+)", "".join(blocks(root, "starlark"))):
        if top.get(label, "visibility") != ["//visibility:public"]:
            faults.append(f"docs/installing.md: {label} is not public in BUILD.bazel")
    module = module_of(root)
    compare("docs/installing.md: version in bazel_dep",
            re.findall(r'"fusebox", version = "(.*?)"', "".join(blocks(root, "starlark"))), [facts.version])
    compare("MODULE.bazel: version", [module.get("version")], [facts.version])
    used = {dep[1:].split("//")[0] for bazel in (top, proto) for rule in bazel.rules.values()
            for dep in rule.get("deps", []) if dep.startswith("@")} | {"rules_cc"}
    if used != set(module["deps"]):
        faults.append(f"MODULE.bazel has {sorted(module['deps'])}, used are {sorted(used)}")


class ConanFile:
    """As much of Conan's as the recipe uses before it builds anything."""

    def __init__(self, recipe_folder, options):
        self.recipe_folder = recipe_folder
        self.required = {}
        self.options = types.SimpleNamespace(**options)
        self.options.get_safe = lambda name: options.get(name)
        self.cpp_info = types.SimpleNamespace(components={}, set_property=lambda *property: None)

    def requires(self, reference, **_):
        name, version = reference.split("/")
        self.required[name] = version


class Components(dict):
    def __missing__(self, name):
        self[name] = types.SimpleNamespace(libs=[], requires=[], set_property=lambda *property: None)
        return self[name]


def recipe_of(root):
    def load(_, path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    def module(name, **members):
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__dict__.update(members)

    module("conan", ConanFile=ConanFile)
    module("conan.tools")
    module("conan.tools.build", check_min_cppstd=None, cross_building=None)
    module("conan.tools.cmake", CMake=None, CMakeDeps=None, CMakeToolchain=None, cmake_layout=None)
    module("conan.tools.files", copy=None, load=load, rmdir=None)
    recipe = {}
    path = os.path.join(root, "packaging", "conan", "conanfile.py")
    exec(compile(load(None, path), path, "exec"), recipe)
    return recipe


def check_conan(root, facts):
    recipe = recipe_of(root)
    folder = os.path.join(root, "packaging", "conan")
    for name in facts.libraries():
        compare(f"conanfile.py: LINKS of {name}", recipe["LINKS"].get(name, []), facts.links(name))
    compare("conanfile.py: LINKS", recipe["LINKS"], facts.libraries())
    for wanted in ([], ["grpc"], ["grpc", "admin"], ["grpc", "admin", "config"], ["prometheus"]):
        options = {f"with_{name}": name in wanted for name in ("grpc", "admin", "config", "prometheus", "tools")}
        conanfile = recipe["FuseboxConan"](folder, options)
        conanfile.set_version()
        compare("conanfile.py: version", [conanfile.version], [facts.version])
        conanfile.requirements()
        libraries = [name for feature in [""] + wanted for name in FEATURES[feature]]
        compare(f"conanfile.py: requirements {wanted}", conanfile.required, facts.ports(libraries))
        conanfile.cpp_info.components = Components()
        conanfile.package_info()
        compare(f"conanfile.py: components {wanted}", conanfile.cpp_info.components, libraries)
        for name, component in conanfile.cpp_info.components.items():
            headers_alone = facts.get("library", name) == ["INTERFACE_LIBRARY"]
            compare(f"conanfile.py: libs of {name}", component.libs,
                    [] if headers_alone else [f"fusebox_{name}"])
            for required in component.requires:
                package = required.split("::")[0]
                if package not in conanfile.required and package not in libraries:
                    faults.append(f"conanfile.py: {name} requires {required}, which nothing brings")
    with open(os.path.join(folder, "test_package", "conanfile.py"), encoding="utf-8") as file:
        compile(file.read(), file.name, "exec")
    with open(os.path.join(root, "docs", "installing.md"), encoding="utf-8") as file:
        text = file.read()
    for option in re.findall(r"\bwith_\w+", text):
        if option not in recipe["FuseboxConan"].options:
            faults.append(f"docs/installing.md: the recipe has no option {option}")
    compare("docs/installing.md: version of the package", re.findall(r"`fusebox/([\d.]+)`", text),
            [facts.version])


def names(dependencies, host=False):
    return {dep if isinstance(dep, str) else dep["name"] for dep in dependencies
            if (not isinstance(dep, str) and dep.get("host", False)) == host}


def check_vcpkg(root, facts):
    for path in ("vcpkg.json", "packaging/vcpkg/ports/fusebox/vcpkg.json"):
        with open(os.path.join(root, path), encoding="utf-8") as file:
            manifest = json.load(file)
        compare(f"{path}: version-semver", [manifest["version-semver"]], [facts.version])
        brought = names(manifest["dependencies"])
        compare(f"{path}: dependencies", brought, facts.ports(FEATURES[""]))
        for feature, libraries in FEATURES.items():
            if not feature:
                continue
            dependencies = names(manifest["features"][feature]["dependencies"]) - {"fusebox"}
            # A feature names what the one that it rests on brings only once.
            on_grpc = feature in ("admin", "config")
            below = facts.ports(FEATURES[""] + (FEATURES["grpc"] if on_grpc else []))
            compare(f"{path}: dependencies of {feature}", dependencies, facts.ports(libraries) - below)
        hosts = names(manifest["features"]["grpc"]["dependencies"], host=True)
        compare(f"{path}: host dependencies of grpc", hosts, {"grpc", "protobuf"})
    with open(os.path.join(root, "packaging/vcpkg/ports/fusebox/portfile.cmake"),
              encoding="utf-8") as file:
        portfile = file.read()
    with open(os.path.join(root, "CMakeLists.txt"), encoding="utf-8") as file:
        cmake = file.read()
    for feature in manifest["features"]:
        option = f"FUSEBOX_BUILD_{feature.upper()}"
        if option not in portfile or f"option({option} " not in cmake:
            faults.append(f"portfile.cmake or CMakeLists.txt has no {option}")
    for block in blocks(root, "json"):
        for dependency in json.loads(block)["dependencies"]:
            for feature in set(dependency["features"]) - set(manifest["features"]):
                faults.append(f"docs/installing.md: the port has no feature {feature}")


def main():
    what, root, facts = sys.argv[1:]
    {"bazel": check_bazel, "conan": check_conan, "vcpkg": check_vcpkg}[what](root, Facts(facts))
    print("\n".join(faults) if faults else f"{what}: as CMake has it")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
