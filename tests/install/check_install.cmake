# SPDX-License-Identifier: Apache-2.0
#
# Installs the present build, looks at what came of it, and builds programs outside this project
# with it: once by find_package, once by pkg-config.
cmake_minimum_required(VERSION 3.22)
include("${CMAKE_CURRENT_LIST_DIR}/steps.cmake")

file(REMOVE_RECURSE "${WORK_DIR}")

# Installed in one place and used in another: nothing installed may know where it was put.
set(staged "${WORK_DIR}/staged")
set(prefix "${WORK_DIR}/prefix")
step("Installing" COMMAND "${CMAKE_COMMAND}" --install "${BUILD_DIR}" --config "${CONFIG}"
  --prefix "${staged}")
file(RENAME "${staged}" "${prefix}")

# The list. Lines that begin with "static" or "shared" are of that kind of library alone.
message(STATUS "Comparing the installed files with expected_files.txt (${KIND})")
file(STRINGS "${SOURCE_DIR}/expected_files.txt" lines)
set(expected)
foreach(line IN LISTS lines)
  if(line MATCHES "^(static|shared) +(.*)$")
    if(CMAKE_MATCH_1 STREQUAL KIND)
      list(APPEND expected "${CMAKE_MATCH_2}")
    endif()
  elseif(NOT line MATCHES "^(#|$)")
    list(APPEND expected "${line}")
  endif()
endforeach()

file(GLOB_RECURSE found RELATIVE "${prefix}" "${prefix}/*")
string(TOLOWER "${CONFIG}" config)
set(installed)
foreach(file IN LISTS found)
  if(file MATCHES "^${LIBDIR}/(.*)$")
    set(file "LIBDIR/${CMAKE_MATCH_1}")
  endif()
  string(REPLACE "-targets-${config}.cmake" "-targets-CONFIG.cmake" file "${file}")
  string(REPLACE ".so.${VERSION}" ".so.VERSION" file "${file}")
  string(REGEX REPLACE "\\.so\\.[0-9]+\\.[0-9]+$" ".so.SOVERSION" file "${file}")
  list(APPEND installed "${file}")
endforeach()

set(missing ${expected})
set(unexpected ${installed})
list(REMOVE_ITEM missing ${installed})
list(REMOVE_ITEM unexpected ${expected})
if(missing OR unexpected)
  set(difference)
  foreach(file IN LISTS missing)
    string(APPEND difference "  - ${file}\n")
  endforeach()
  foreach(file IN LISTS unexpected)
    string(APPEND difference "  + ${file}\n")
  endforeach()
  message(FATAL_ERROR "The installed files are not those of tests/install/expected_files.txt\n"
    "  (- listed, not installed; + installed, not listed):\n${difference}")
endif()

# Nothing of the sources, the build or the first place of installation in what users read.
file(GLOB_RECURSE texts "${prefix}/*.cmake" "${prefix}/*.pc" "${prefix}/*.h")
foreach(file IN LISTS texts)
  file(READ "${file}" text)
  foreach(place "${BUILD_DIR}" "${FUSEBOX_DIR}" "${staged}")
    string(FIND "${text}" "${place}" at)
    if(NOT at EQUAL -1)
      message(FATAL_ERROR "${file} mentions ${place}")
    endif()
  endforeach()
endforeach()

# By find_package.
set(consumer "${WORK_DIR}/consumer")
step("Configuring the consumer" COMMAND "${CMAKE_COMMAND}" -S "${SOURCE_DIR}/consumer"
  -B "${consumer}" -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_PREFIX_PATH=${prefix}"
  "-DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF")
step("Building the consumer" COMMAND "${CMAKE_COMMAND}" --build "${consumer}")
step("Running its program of fusebox::core" COMMAND "${consumer}/core_program")
step("Running its program of fusebox::grpc" COMMAND "${consumer}/grpc_program")
step("Running its program of fusebox::admin" COMMAND "${consumer}/admin_program")
step("Running its program of fusebox::prometheus" COMMAND "${consumer}/prometheus_program")
step("Running its tests with fusebox::testing" COMMAND "${consumer}/testing_program")
step("Asking for components that are not there" COMMAND "${CMAKE_COMMAND}"
  -S "${SOURCE_DIR}/consumer/absent_component" -B "${WORK_DIR}/absent_component" -G "${GENERATOR}"
  "-Dfusebox_DIR=${prefix}/${LIBDIR}/cmake/fusebox")

# By pkg-config, and the compiler alone.
set(ENV{PKG_CONFIG_PATH} "${prefix}/${LIBDIR}/pkgconfig")
set(ENV{LD_LIBRARY_PATH} "${prefix}/${LIBDIR}")
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
