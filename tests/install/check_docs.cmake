# SPDX-License-Identifier: Apache-2.0
#
# Each find_package(fusebox ...) of the documentation, word for word, in a CMake run of its own: it
# has to give every component that it names, with all that this needs. And each name of a pkg-config
# file. Of docs/installing.md each block of CMake, word for word too, each command that compiles, and
# each option, of which it misses none.
cmake_minimum_required(VERSION 3.22)
include("${CMAKE_CURRENT_LIST_DIR}/steps.cmake")

file(REMOVE_RECURSE "${WORK_DIR}")
file(GLOB documents "${FUSEBOX_DIR}/README.md" "${FUSEBOX_DIR}/docs/*.md")
list(REMOVE_ITEM documents "${FUSEBOX_DIR}/docs/metrics.md")  # whose names are those of metrics
file(GLOB_RECURSE headers "${FUSEBOX_DIR}/include/*.h")
set(commands)
set(names)
foreach(document IN LISTS documents headers)
  file(READ "${document}" text)
  string(REGEX MATCHALL "find_package\\(fusebox[^)]* COMPONENTS [^)]*\\)" found "${text}")
  list(APPEND commands ${found})
  string(REGEX MATCHALL "`fusebox_[a-z_]+`" found "${text}")
  list(APPEND names ${found})
endforeach()
list(REMOVE_DUPLICATES commands)
list(REMOVE_DUPLICATES names)
if(NOT commands OR NOT names)
  message(FATAL_ERROR "The documentation shows no find_package(fusebox), or names no pkg-config file")
endif()

set(number 0)
foreach(command IN LISTS commands)
  math(EXPR number "${number} + 1")
  set(folder "${WORK_DIR}/${number}")
  string(REGEX REPLACE "^.*COMPONENTS +|\\)$" "" components "${command}")
  separate_arguments(components)
  list(TRANSFORM components PREPEND "fusebox::" OUTPUT_VARIABLE libraries)
  list(JOIN libraries " " libraries)
  file(WRITE "${folder}/CMakeLists.txt" "cmake_minimum_required(VERSION 3.22)\n"
    "project(documented LANGUAGES CXX)\n${command}\n"
    "add_executable(program program.cc)\ntarget_link_libraries(program PRIVATE ${libraries})\n")
  file(WRITE "${folder}/program.cc" "int main() {}\n")
  step("Configuring with ${command}" COMMAND "${CMAKE_COMMAND}" -S "${folder}" -B "${folder}/build"
    -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_PREFIX_PATH=${PREFIX}"
    "-DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF")
endforeach()

set(ENV{PKG_CONFIG_PATH} "${PREFIX}/${LIBDIR}/pkgconfig")
foreach(name IN LISTS names)
  string(REPLACE "`" "" name "${name}")
  if(EXISTS "${PREFIX}/bin/${name}")
    continue()  # a program
  endif()
  step("Asking pkg-config for ${name}" COMMAND "${PKG_CONFIG}" --cflags --libs "${name}")
endforeach()

# The blocks of docs/installing.md. A project that has this one in third_party, and where FetchContent
# is told where to find what the page has it download; our stand-in is its abseil.
set(page "${FUSEBOX_DIR}/docs/installing.md")
file(READ "${page}" text)
string(REPLACE ";" "" text "${text}")
string(REGEX MATCHALL "```cmake\n[^`]*```" blocks "${text}")
list(LENGTH blocks number_of_blocks)
if(number_of_blocks LESS 4)
  message(FATAL_ERROR "docs/installing.md has ${number_of_blocks} blocks of CMake")
endif()
set(number 0)
foreach(block IN LISTS blocks)
  math(EXPR number "${number} + 1")
  set(folder "${WORK_DIR}/block_${number}")
  string(REGEX REPLACE "^```cmake\n|```$" "" block "${block}")
  file(WRITE "${folder}/CMakeLists.txt" "cmake_minimum_required(VERSION 3.22)\n"
    "project(documented LANGUAGES CXX)\nadd_executable(my_service my_service.cc)\n${block}")
  file(WRITE "${folder}/my_service.cc" "int main() {}\n")
  file(MAKE_DIRECTORY "${folder}/third_party")
  file(CREATE_LINK "${FUSEBOX_DIR}" "${folder}/third_party/fusebox" SYMBOLIC)
  step("Configuring with block ${number} of docs/installing.md" COMMAND "${CMAKE_COMMAND}"
    -S "${folder}" -B "${folder}/build" -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${CXX}"
    "-DCMAKE_PREFIX_PATH=${PREFIX}" "-DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF"
    "-DFETCHCONTENT_SOURCE_DIR_FUSEBOX=${FUSEBOX_DIR}"
    "-DFETCHCONTENT_SOURCE_DIR_ABSL=${SOURCE_DIR}/own/abseil" "-DABSEIL_TARGETS=${ABSEIL_TARGETS}")
endforeach()

# Its commands that compile, with a program of the core.
string(REGEX MATCHALL "\nc\\+\\+ [^\n]*" commands "${text}")
if(NOT commands)
  message(FATAL_ERROR "docs/installing.md has no command that compiles")
endif()
set(ENV{LD_LIBRARY_PATH} "${PREFIX}/${LIBDIR}")
file(COPY_FILE "${SOURCE_DIR}/component/core_program.cc" "${WORK_DIR}/my_service.cc")
foreach(command IN LISTS commands)
  string(REGEX REPLACE "^\nc\\+\\+ " "" command "${command}")
  if(command MATCHES " -static " AND KIND STREQUAL "shared")
    continue()  # there is no static library
  endif()
  step("Running c++ ${command}" COMMAND sh -c
    "cd '${WORK_DIR}' && rm -f my_service && '${CXX}' ${command} && ./my_service")
endforeach()

# Its options.
file(READ "${FUSEBOX_DIR}/CMakeLists.txt" sources)
foreach(file cmake/FuseboxInstall.cmake cmake/FuseboxTargets.cmake tests/CMakeLists.txt)
  file(READ "${FUSEBOX_DIR}/${file}" more)
  string(APPEND sources "${more}")
endforeach()
string(REGEX MATCHALL "FUSEBOX_[A-Z_]+[A-Z]" options "${text}")
list(REMOVE_DUPLICATES options)
foreach(option IN LISTS options)
  if(NOT sources MATCHES "(option|find_program)\\(${option} ")
    message(FATAL_ERROR "docs/installing.md names ${option}, which is no option")
  endif()
endforeach()
string(REGEX MATCHALL "\n *option\\(FUSEBOX_[A-Z_]+" there "${sources}")
foreach(option IN LISTS there)
  string(REGEX REPLACE "^.*\\(" "" option "${option}")
  if(NOT option IN_LIST options)
    message(FATAL_ERROR "docs/installing.md doesn't name the option ${option}")
  endif()
endforeach()
message(STATUS "Good")
