# SPDX-License-Identifier: Apache-2.0
#
# The project as a part of another one's build (add_subdirectory, FetchContent): it may add its
# libraries, and nothing else.
cmake_minimum_required(VERSION 3.22)
include("${CMAKE_CURRENT_LIST_DIR}/steps.cmake")

file(REMOVE_RECURSE "${WORK_DIR}")
step("Configuring a project that contains this one" COMMAND "${CMAKE_COMMAND}"
  -S "${SOURCE_DIR}/subdirectory" -B "${WORK_DIR}" -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${CXX}"
  "-DFUSEBOX_DIR=${FUSEBOX_DIR}")
message(STATUS "Good")
