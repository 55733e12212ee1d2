# SPDX-License-Identifier: Apache-2.0
#
# Builds and runs a program that asks for COMPONENT of what is installed in PREFIX, and for no other,
# in a build folder of its own: by find_package, and by pkg-config, without and with its --static.
cmake_minimum_required(VERSION 3.22)
include("${CMAKE_CURRENT_LIST_DIR}/steps.cmake")

file(REMOVE_RECURSE "${WORK_DIR}")
set(ways plain)
if(COMPONENT STREQUAL "core")
  list(APPEND ways own_abseil)
endif()
foreach(way IN LISTS ways)
  set(build "${WORK_DIR}/${way}")
  step("Configuring a program of fusebox::${COMPONENT} alone (${way})" COMMAND "${CMAKE_COMMAND}"
    -S "${SOURCE_DIR}/component" -B "${build}" -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${CXX}"
    "-DCMAKE_PREFIX_PATH=${PREFIX}" "-DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF"
    "-DCOMPONENT=${COMPONENT}" "-DWAY=${way}" "-DABSEIL_TARGETS=${ABSEIL_TARGETS}")
  step("Building it" COMMAND "${CMAKE_COMMAND}" --build "${build}")
  step("Running it" COMMAND "${build}/program")
endforeach()

set(ENV{PKG_CONFIG_PATH} "${PREFIX}/${LIBDIR}/pkgconfig")
set(ENV{LD_LIBRARY_PATH} "${PREFIX}/${LIBDIR}")
step("Asking pkg-config how to compile with fusebox_${COMPONENT}"
  COMMAND "${PKG_CONFIG}" --cflags "fusebox_${COMPONENT}")
separate_arguments(flags UNIX_COMMAND "${output}")
set(object "${WORK_DIR}/by_pkg_config.o")
step("Compiling the program with that" COMMAND "${CXX}" -std=c++17 ${flags}
  -c "${SOURCE_DIR}/component/${COMPONENT}_program.cc" -o "${object}")

# link_by_pkg_config(<name> <flag of pkg-config> <flag of the linker> [<another package>])
function(link_by_pkg_config name pkg_config_flag linker_flag)
  step("Asking pkg-config how to link it (${name} ${ARGN})"
    COMMAND "${PKG_CONFIG}" ${pkg_config_flag} --libs "fusebox_${COMPONENT}" ${ARGN})
  separate_arguments(flags UNIX_COMMAND "${output}")
  step("Linking it with that" COMMAND "${CXX}" ${linker_flag} -o "${WORK_DIR}/${name}"
    "${object}" ${flags})
  step("Running it" COMMAND "${WORK_DIR}/${name}")
endfunction()

# requires(<package> <pattern> <variable>): whether the package's file asks for one of such a name.
function(requires package pattern out)
  set(${out} FALSE PARENT_SCOPE)
  foreach(kind requires requires-private)
    execute_process(COMMAND "${PKG_CONFIG}" --print-${kind} ${package}
      OUTPUT_VARIABLE names ERROR_QUIET)
    if(names MATCHES "${pattern}")
      set(${out} TRUE PARENT_SCOPE)
    endif()
  endforeach()
endfunction()

link_by_pkg_config(by_pkg_config "" "")
link_by_pkg_config(by_pkg_config_static --static "")
if(KIND STREQUAL "static" AND NOT COMPONENT STREQUAL "prometheus")
  # A program without any shared library. Debian has prometheus-cpp as a shared library alone.
  # The gRPC of Debian 13 names re2's library, but not the package, which needs more of abseil.
  set(forgotten)
  requires(re2 absl_ re2_needs_abseil)
  requires(grpc re2 grpc_asks_for_re2)
  if(re2_needs_abseil AND NOT grpc_asks_for_re2 AND NOT COMPONENT MATCHES "^(core|testing)$")
    set(forgotten re2)
  endif()
  link_by_pkg_config(wholly_static --static -static ${forgotten})
endif()
message(STATUS "Good")
