# SPDX-License-Identifier: Apache-2.0
#
# Installs the present build in PREFIX, and looks at what came of it.
cmake_minimum_required(VERSION 3.22)
include("${CMAKE_CURRENT_LIST_DIR}/steps.cmake")

# Installed in one place and used in another: nothing installed may know where it was put.
set(staged "${PREFIX}.staged")
file(REMOVE_RECURSE "${staged}" "${PREFIX}")
step("Installing" COMMAND "${CMAKE_COMMAND}" --install "${BUILD_DIR}" --config "${CONFIG}"
  --prefix "${staged}")
file(RENAME "${staged}" "${PREFIX}")

compare_with_expected("${PREFIX}" "")

# Nothing of the sources, the build or the first place of installation in what users read. As a whole
# path: with the sources in /fusebox, proto/fusebox mentions nothing.
function(refuse_mention file place)
  string(REGEX REPLACE "([][+.*()^$?|\\])" "\\\\\\1" literally "${place}")
  if("${text}" MATCHES "(^|-[ILF]|[^A-Za-z0-9_.}>/-])${literally}($|[^A-Za-z0-9_-])")
    message(FATAL_ERROR "${file} mentions ${place}: ${CMAKE_MATCH_0}")
  endif()
endfunction()
file(GLOB_RECURSE texts "${PREFIX}/*.cmake" "${PREFIX}/*.pc" "${PREFIX}/*.h")
foreach(file IN LISTS texts)
  file(READ "${file}" text)
  foreach(place "${BUILD_DIR}" "${FUSEBOX_DIR}" "${staged}")
    refuse_mention("${file}" "${place}")
  endforeach()
endforeach()

# What a document links to is installed with it.
file(GLOB_RECURSE documents "${PREFIX}/*.md")
foreach(document IN LISTS documents)
  get_filename_component(folder "${document}" DIRECTORY)
  file(READ "${document}" text)
  string(REPLACE "](" "<to " text "${text}")
  string(REGEX REPLACE "[][;]" " " text "${text}")  # they mean something in a list of CMake's
  string(REGEX MATCHALL "<to [^)#]+" links "${text}")
  foreach(link IN LISTS links)
    string(REPLACE "<to " "" link "${link}")
    if(NOT link MATCHES "^[a-z]+:" AND NOT EXISTS "${folder}/${link}")
      message(FATAL_ERROR "${document} links to ${link}, which isn't installed")
    endif()
  endforeach()
endforeach()
message(STATUS "Good")
