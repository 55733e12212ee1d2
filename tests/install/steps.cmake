# SPDX-License-Identifier: Apache-2.0

# step(<what> COMMAND <word>...): says what it does, does it, and stops with all that the command
# said if it fails.
function(step what)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "COMMAND")
  message(STATUS "${what}")
  execute_process(COMMAND ${arg_COMMAND}
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    list(JOIN arg_COMMAND " " command)
    message(FATAL_ERROR "${what}: failed (${result})\n  ${command}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()
