# SPDX-License-Identifier: Apache-2.0
#
# Builds and runs a program that asks for COMPONENT of what is installed in PREFIX, and for no other,
# in a build folder of its own: once by find_package, once by pkg-config.
cmake_minimum_required(VERSION 3.22)
include("${CMAKE_CURRENT_LIST_DIR}/steps.cmake")

file(REMOVE_RECURSE "${WORK_DIR}")
step("Configuring a program of fusebox::${COMPONENT} alone" COMMAND "${CMAKE_COMMAND}"
  -S "${SOURCE_DIR}/component" -B "${WORK_DIR}" -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${CXX}"
  "-DCMAKE_PREFIX_PATH=${PREFIX}" "-DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF"
  "-DCOMPONENT=${COMPONENT}")
step("Building it" COMMAND "${CMAKE_COMMAND}" --build "${WORK_DIR}")
step("Running it" COMMAND "${WORK_DIR}/program")

set(ENV{PKG_CONFIG_PATH} "${PREFIX}/${LIBDIR}/pkgconfig")
set(ENV{LD_LIBRARY_PATH} "${PREFIX}/${LIBDIR}")
step("Asking pkg-config for fusebox_${COMPONENT}"
  COMMAND "${PKG_CONFIG}" --cflags --libs "fusebox_${COMPONENT}")
separate_arguments(flags UNIX_COMMAND "${output}")
step("Compiling the program with that"
  COMMAND "${CXX}" -std=c++17 -o "${WORK_DIR}/by_pkg_config"
  "${SOURCE_DIR}/component/${COMPONENT}_program.cc" ${flags})
step("Running it" COMMAND "${WORK_DIR}/by_pkg_config")
message(STATUS "Good")
