# SPDX-License-Identifier: Apache-2.0
#
# Installs each component of the present build alone, as a package does, and compares what it lays down
# with those lines of expected_files.txt that are of it. Together they are everything.
cmake_minimum_required(VERSION 3.22)
include("${CMAKE_CURRENT_LIST_DIR}/steps.cmake")

file(REMOVE_RECURSE "${WORK_DIR}")
foreach(component runtime development tools)
  step("Installing ${component}" COMMAND "${CMAKE_COMMAND}" --install "${BUILD_DIR}"
    --config "${CONFIG}" --component ${component} --prefix "${WORK_DIR}/${component}")
  compare_with_expected("${WORK_DIR}/${component}" ${component})
endforeach()
message(STATUS "Good")
