# SPDX-License-Identifier: Apache-2.0
#
# No test may have a shorter time limit than ctest's own: a busy machine is no reason to fail.
cmake_minimum_required(VERSION 3.22)

set(least 1500)
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
