# SPDX-License-Identifier: Apache-2.0
#
# Every test has the time limit of the presets, as ctest's own is none, and none has a shorter one: a
# busy machine is no reason to fail.
cmake_minimum_required(VERSION 3.22)

set(least 1500)
file(READ "${SOURCE_DIR}/CMakePresets.json" presets)
string(JSON base GET "${presets}" testPresets 0)
string(JSON limit ERROR_VARIABLE none GET "${base}" execution timeout)
if(NOT limit EQUAL least)
  message(FATAL_ERROR "CMakePresets.json: testPresets[0].execution.timeout = ${limit}, must be ${least}")
endif()
string(JSON count LENGTH "${presets}" testPresets)
math(EXPR last "${count} - 1")
foreach(i RANGE 1 ${last})
  string(JSON inherited GET "${presets}" testPresets ${i} inherits)
  if(NOT inherited STREQUAL "base")
    message(FATAL_ERROR "CMakePresets.json: testPresets[${i}] must inherit base, for its time limit")
  endif()
endforeach()
execute_process(COMMAND "${CTEST}" --test-dir "${BUILD_DIR}" --show-only=json-v1
  OUTPUT_VARIABLE tests RESULT_VARIABLE result)
if(NOT result EQUAL 0 OR NOT tests MATCHES "architecture.time_limits")
  message(FATAL_ERROR "ctest doesn't list the tests of ${BUILD_DIR}")
endif()
string(REGEX MATCHALL "\"TIMEOUT\",[^\"]*\"value\" : [0-9]+" limits "${tests}")
foreach(limit IN LISTS limits)
  string(REGEX REPLACE "^.*: " "" seconds "${limit}")
  if(seconds LESS least)
    message(FATAL_ERROR "A test has a time limit of ${seconds} s: remove it, or make it ${least} s")
  endif()
endforeach()
