# SPDX-License-Identifier: Apache-2.0
#
# The project as a part of another one's build: it may add its libraries, and nothing else.
#
#   NAME             the file of parents/ that says how, and what else to look at:
#     TARGETS        what of it to build; "program" is also run
#     CALLED         programs of its own that have to be called in the build
#     INSTALLED      if set, files that its installation has, relative to its prefix
#     NOT_INSTALLED  and a pattern of those that it hasn't
cmake_minimum_required(VERSION 3.22)
include("${CMAKE_CURRENT_LIST_DIR}/steps.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/parents/${NAME}.cmake")

file(REMOVE_RECURSE "${WORK_DIR}")
step("Configuring a project that contains this one" COMMAND "${CMAKE_COMMAND}"
  -S "${SOURCE_DIR}/parent" -B "${WORK_DIR}" -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${CXX}"
  "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}" "-DCMAKE_INSTALL_PREFIX=${WORK_DIR}/prefix"
  "-DFUSEBOX_DIR=${FUSEBOX_DIR}" "-DCALLS=${WORK_DIR}/calls.txt"
  "-DABSEIL_TARGETS=${ABSEIL_TARGETS}" "-DNAME=${NAME}")
if(TARGETS)
  step("Building ${TARGETS} of it"
    COMMAND "${CMAKE_COMMAND}" --build "${WORK_DIR}" --parallel 2 --target ${TARGETS})
endif()
if("program" IN_LIST TARGETS)
  step("Running its program" COMMAND "${WORK_DIR}/program")
endif()
foreach(program IN LISTS CALLED)
  file(STRINGS "${WORK_DIR}/calls.txt" calls)
  list(FILTER calls INCLUDE REGEX "/${program}$")
  if(NOT calls)
    message(FATAL_ERROR "Its own ${program} wasn't called")
  endif()
endforeach()
if(INSTALLED)
  step("Installing it" COMMAND "${CMAKE_COMMAND}" --install "${WORK_DIR}")
endif()
foreach(file IN LISTS INSTALLED)
  if(NOT EXISTS "${WORK_DIR}/prefix/${file}")
    message(FATAL_ERROR "${file} was not installed")
  endif()
endforeach()
if(NOT_INSTALLED)
  file(GLOB found "${WORK_DIR}/prefix/${NOT_INSTALLED}")
  if(found)
    message(FATAL_ERROR "This was installed: ${found}")
  endif()
endif()
message(STATUS "Good")
