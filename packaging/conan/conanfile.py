# SPDX-License-Identifier: Apache-2.0
"""Fusebox as a package of Conan 2. From the top of a clone:

   conan create packaging/conan --build=missing
"""

import os

from conan import ConanFile
from conan.tools.build import check_min_cppstd, cross_building
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir

required_conan_version = ">=2.0"

# What each library links, by the names of CMake, as in CMakeLists.txt. tests/packaging compares the two.
LINKS = {
    "core": [
        "absl::btree", "absl::flat_hash_map", "absl::function_ref", "absl::hash", "absl::inlined_vector",
        "absl::int128", "absl::status", "absl::statusor", "absl::strings", "absl::time",
        "Threads::Threads"],
    "testing": ["fusebox::core"],
    "grpc": [
        "absl::bits", "absl::hash", "absl::random_random", "absl::strings", "fusebox::core",
        "gRPC::grpc++", "protobuf::libprotobuf", "Threads::Threads"],
    "proto": ["gRPC::grpc++", "protobuf::libprotobuf"],
    "admin": [
        "absl::random_random", "absl::strings", "fusebox::core", "fusebox::proto", "gRPC::grpc++",
        "protobuf::libprotobuf", "Threads::Threads"],
    "config": [
        "absl::strings", "fusebox::core", "fusebox::grpc", "fusebox::proto", "protobuf::libprotobuf",
        "Threads::Threads", "yaml-cpp::yaml-cpp"],
    "testing_grpc": ["absl::strings", "absl::time", "gRPC::grpc++", "protobuf::libprotobuf"],
    "prometheus": ["absl::strings", "fusebox::core", "prometheus-cpp::core"],
}
# The libraries that an option is for; the others are always there.
OPTIONAL = {"grpc": "with_grpc", "testing_grpc": "with_grpc", "proto": "with_admin",
            "admin": "with_admin", "config": "with_config", "prometheus": "with_prometheus"}


def conan_name(link):
    """The name that Conan's packages give a library of CMake's; "" for one of the system's."""
    package, name = link.split("::")
    return {"absl": f"abseil::absl_{name}", "fusebox": name, "gRPC": f"grpc::{name}",
            "prometheus-cpp": f"prometheus-cpp::prometheus-cpp-{name}", "Threads": ""}.get(package, link)


class FuseboxConan(ConanFile):
    name = "fusebox"
    description = "A circuit breaker on every method of a gRPC channel"
    license = "Apache-2.0"
    topics = ("circuit-breaker", "grpc", "resilience")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {
        "shared": [True, False],
        "fPIC": [True, False],
        "with_grpc": [True, False],
        "with_admin": [True, False],
        "with_config": [True, False],
        "with_prometheus": [True, False],
        "with_tools": [True, False],
    }
    default_options = {
        "shared": False,
        "fPIC": True,
        "with_grpc": True,
        "with_admin": True,
        "with_config": False,
        "with_prometheus": False,
        "with_tools": False,
    }
    implements = ["auto_shared_fpic"]

    def _root(self):
        return os.path.join(self.recipe_folder, "..", "..")

    def set_version(self):
        lines = load(self, os.path.join(self._root(), "include", "fusebox", "version.h")).split("\n")
        numbers = [line.split() for line in lines if line.startswith("#define FUSEBOX_VERSION_")]
        found = {words[1]: words[2] for words in numbers if len(words) == 3}
        self.version = ".".join(found[f"FUSEBOX_VERSION_{part}"] for part in ("MAJOR", "MINOR", "PATCH"))

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "docs/policy.schema.json",
                        "docs/config.schema.json",
                        "docs/runbook.md", "include/*", "interceptors/*", "monitoring/*", "proto/*", "src/*",
                        "tools/*"):
            copy(self, pattern, src=self._root(), dst=self.export_sources_folder)

    def configure(self):
        # What needs another part is no option without it.
        if not self.options.with_grpc:
            self.options.rm_safe("with_admin")
        if not self.options.get_safe("with_admin"):
            self.options.rm_safe("with_tools")
            self.options.rm_safe("with_config")

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        headers = {"transitive_headers": True, "transitive_libs": True}
        self.requires("abseil/[>=20220623.0]", **headers)
        if self.options.with_grpc:
            self.requires("grpc/[>=1.51 <2]", **headers)
            self.requires("protobuf/[>=3.21.9]", **headers)
        if self.options.with_prometheus:
            self.requires("prometheus-cpp/[>=1.0.1 <2]", transitive_headers=True)
        if self.options.get_safe("with_config"):
            self.requires("yaml-cpp/[>=0.7 <1]")
        if self.options.get_safe("with_tools"):
            self.requires("cli11/[>=2.1 <3]")
            self.requires("openssl/[>=3 <4]")

    def build_requirements(self):
        self.tool_requires("cmake/[>=3.22]")
        if self.options.with_grpc:
            self.tool_requires("protobuf/<host_version>")
            if cross_building(self):
                self.tool_requires("grpc/<host_version>")

    def validate(self):
        check_min_cppstd(self, 17)

    def generate(self):
        toolchain = CMakeToolchain(self)
        for part in ("grpc", "admin", "config", "prometheus", "tools"):
            wanted = bool(self.options.get_safe(f"with_{part}"))
            toolchain.cache_variables[f"FUSEBOX_BUILD_{part.upper()}"] = wanted
        for off in ("BUILD_TESTS", "BUILD_EXAMPLES", "WERROR"):
            toolchain.cache_variables[f"FUSEBOX_{off}"] = False
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", src=self.source_folder, dst=os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        # Conan makes its own of these, of package_info.
        rmdir(self, os.path.join(self.package_folder, "lib", "cmake"))
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))
        rmdir(self, os.path.join(self.package_folder, "share", "doc"))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "fusebox")
        for name, links in LINKS.items():
            if name in OPTIONAL and not self.options.get_safe(OPTIONAL[name]):
                continue
            component = self.cpp_info.components[name]
            component.set_property("cmake_target_name", f"fusebox::{name}")
            component.set_property("pkg_config_name", f"fusebox_{name}")
            if name != "testing":  # which is headers alone
                component.libs = [f"fusebox_{name}"]
            component.requires = [conan_name(link) for link in links if conan_name(link)]
            if "Threads::Threads" in links:
                component.system_libs = ["pthread"]
        if self.options.get_safe("with_tools"):
            # For the programs alone.
            tools = self.cpp_info.components["tools"]
            tools.requires = ["cli11::cli11", "openssl::crypto"]
            tools.includedirs = []
            tools.libdirs = []
