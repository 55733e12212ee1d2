# SPDX-License-Identifier: Apache-2.0
#
# Builds programs outside this project with what is installed in PREFIX: once by find_package, once
# by pkg-config.
cmake_minimum_required(VERSION 3.22)
include("${CMAKE_CURRENT_LIST_DIR}/steps.cmake")

file(REMOVE_RECURSE "${WORK_DIR}")

# By find_package.
set(consumer "${WORK_DIR}/consumer")
step("Configuring the consumer" COMMAND "${CMAKE_COMMAND}" -S "${SOURCE_DIR}/consumer"
  -B "${consumer}" -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_PREFIX_PATH=${PREFIX}"
  "-DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF")
step("Building the consumer" COMMAND "${CMAKE_COMMAND}" --build "${consumer}")
step("Running its program of fusebox::core" COMMAND "${consumer}/core_program")
step("Running its program of fusebox::grpc" COMMAND "${consumer}/grpc_program")
step("Running its program of fusebox::admin" COMMAND "${consumer}/admin_program")
step("Running its program of fusebox::prometheus" COMMAND "${consumer}/prometheus_program")
step("Running its tests with fusebox::testing" COMMAND "${consumer}/testing_program")
step("Asking for components that are not there" COMMAND "${CMAKE_COMMAND}"
  -S "${SOURCE_DIR}/consumer/absent_component" -B "${WORK_DIR}/absent_component" -G "${GENERATOR}"
  "-Dfusebox_DIR=${PREFIX}/${LIBDIR}/cmake/fusebox")

# By pkg-config, and the compiler alone.
set(ENV{PKG_CONFIG_PATH} "${PREFIX}/${LIBDIR}/pkgconfig")
set(ENV{LD_LIBRARY_PATH} "${PREFIX}/${LIBDIR}")
set(core_packages fusebox_core fusebox_testing)
set(grpc_packages fusebox_grpc fusebox_testing)
set(prometheus_packages fusebox_prometheus)
set(testing_packages fusebox_testing fusebox_testing_grpc gmock gtest_main)
set(admin_packages fusebox_admin fusebox_proto)
foreach(program core grpc admin prometheus testing)
  step("Asking pkg-config for ${program}_packages"
    COMMAND "${PKG_CONFIG}" --cflags --libs ${${program}_packages})
  separate_arguments(flags UNIX_COMMAND "${output}")
  step("Compiling its program with that"
    COMMAND "${CXX}" -std=c++17 -o "${WORK_DIR}/${program}_by_pkg_config"
    "${SOURCE_DIR}/consumer/${program}_program.cc" ${flags})
  step("Running it" COMMAND "${WORK_DIR}/${program}_by_pkg_config")
endforeach()
step("Asking pkg-config for the version" COMMAND "${PKG_CONFIG}" --modversion fusebox_core)
string(STRIP "${output}" output)
if(NOT output STREQUAL VERSION)
  message(FATAL_ERROR "pkg-config says version ${output}, not ${VERSION}")
endif()
message(STATUS "Good")
