# SPDX-License-Identifier: Apache-2.0
#
# How this project's targets are made: one place for warnings, standards and names.

# Two builds of the same sources give the same bytes, wherever they lie: what the compiler writes of
# paths is relative to the sources, and so is where a program of the build looks for its libraries; a
# static library has no times. Not for the debugger's own build, which finds its sources by their paths.
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)
if(CMAKE_CXX_COMPILER_ID MATCHES "^(GNU|Clang)$")
  set(FUSEBOX_PATH_OPTIONS
    "-ffile-prefix-map=${PROJECT_SOURCE_DIR}=." "-ffile-prefix-map=${PROJECT_BINARY_DIR}=./build")
endif()
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  set(CMAKE_CXX_ARCHIVE_CREATE "<CMAKE_AR> qcD <TARGET> <LINK_FLAGS> <OBJECTS>")
  set(CMAKE_CXX_ARCHIVE_APPEND "<CMAKE_AR> qD <TARGET> <LINK_FLAGS> <OBJECTS>")
  set(CMAKE_CXX_ARCHIVE_FINISH "<CMAKE_RANLIB> -D <TARGET>")
endif()

function(fusebox_without_paths target)
  target_compile_options(${target} PRIVATE "$<$<NOT:$<CONFIG:Debug>>:${FUSEBOX_PATH_OPTIONS}>")
endfunction()

# The warnings are for this build alone: never part of what a user of the library compiles with.
function(fusebox_warnings target)
  fusebox_without_paths(${target})
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    target_compile_options(${target} PRIVATE -Wthread-safety)
  endif()
  if(FUSEBOX_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# Notes which public headers are <target>'s, relative to include/: <headers>, or else all of the
# folder that is named after it; the core's are those above all subfolders.
function(fusebox_public_headers target name headers)
  set(folder "fusebox/${name}")
  if(name STREQUAL "core")
    set(folder "fusebox")
  endif()
  if(NOT headers)
    file(GLOB headers RELATIVE "${PROJECT_SOURCE_DIR}/include" CONFIGURE_DEPENDS
      "${PROJECT_SOURCE_DIR}/include/${folder}/*.h")
  endif()
  set_target_properties(${target} PROPERTIES FUSEBOX_HEADERS "${headers}")
endfunction()

# Fails if a file of include/ is the header of no library: it would be neither installed nor compiled
# alone. To be called with every library there.
function(fusebox_check_headers)
  file(GLOB_RECURSE left RELATIVE "${PROJECT_SOURCE_DIR}/include" CONFIGURE_DEPENDS
    "${PROJECT_SOURCE_DIR}/include/*")
  get_property(libraries GLOBAL PROPERTY FUSEBOX_LIBRARIES)
  foreach(library IN LISTS libraries)
    get_target_property(headers ${library} FUSEBOX_HEADERS)
    if(headers)  # else all of them are generated
      list(REMOVE_ITEM left ${headers})
    endif()
  endforeach()
  if(left)
    list(JOIN left ", include/" left)
    message(FATAL_ERROR "No library has include/${left}: name it in HEADERS of its library in "
      "CMakeLists.txt, or put it into the folder of one")
  endif()
endfunction()

# What all code of a library is compiled with. What isn't marked FUSEBOX_EXPORT is hidden, in static
# libraries too: whoever links one into a shared library of his own shows no more by it. What is local to
# a file may have the same name in another one, so a project that has its sources compiled as few files
# does so without these.
function(fusebox_library_properties target)
  target_compile_features(${target} PUBLIC cxx_std_17)
  set_target_properties(${target} PROPERTIES
    CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON
    UNITY_BUILD OFF)
  fusebox_warnings(${target})
endfunction()

# fusebox_leaf(<name> SOURCES <file>... [PRIVATE <library>...]): objects that are part of the core and,
# as shared libraries hide what they don't promise, of each other shared library once more. Static
# libraries have it from the core, so that a program has it once.
function(fusebox_leaf name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;PRIVATE")
  set(target fusebox_${name}_objects)
  add_library(${target} OBJECT ${arg_SOURCES})
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${target} PRIVATE ${arg_PRIVATE})
  fusebox_library_properties(${target})
  set_property(GLOBAL APPEND PROPERTY FUSEBOX_LEAVES ${target})
endfunction()

# fusebox_library(<name> SOURCES <file>... [PUBLIC <library>...] [PRIVATE <library>...]
#                 [HEADERS <file>...])
# makes libfusebox_<name>, known to users as fusebox::<name>. HEADERS is for libraries that share a
# folder of include/fusebox.
function(fusebox_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;PUBLIC;PRIVATE;HEADERS")
  set(target fusebox_${name})
  add_library(${target} ${arg_SOURCES})
  add_library(fusebox::${name} ALIAS ${target})
  get_target_property(type ${target} TYPE)
  if(name STREQUAL "core" OR type STREQUAL "SHARED_LIBRARY")
    get_property(leaves GLOBAL PROPERTY FUSEBOX_LEAVES)
    foreach(leaf IN LISTS leaves)
      target_sources(${target} PRIVATE $<TARGET_OBJECTS:${leaf}>)
    endforeach()
  endif()
  target_include_directories(${target}
    PUBLIC
      "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
      "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>"
    PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${target} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
  fusebox_library_properties(${target})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name}
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  fusebox_public_headers(${target} ${name} "${arg_HEADERS}")
  set_property(GLOBAL APPEND PROPERTY FUSEBOX_LIBRARIES ${target})
endfunction()

# The same for a library that is headers alone.
function(fusebox_header_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "INTERFACE;HEADERS")
  set(target fusebox_${name})
  add_library(${target} INTERFACE)
  add_library(fusebox::${name} ALIAS ${target})
  target_compile_features(${target} INTERFACE cxx_std_17)
  target_include_directories(${target} INTERFACE
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_libraries(${target} INTERFACE ${arg_INTERFACE})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  fusebox_public_headers(${target} ${name} "${arg_HEADERS}")
  set_property(GLOBAL APPEND PROPERTY FUSEBOX_LIBRARIES ${target})
endfunction()

# fusebox_program(<target> SOURCES <file>... [LIBRARIES <library>...]): an example, demo or test
# program, with this project's warnings.
function(fusebox_program target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
  add_executable(${target} ${arg_SOURCES})
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${target} PRIVATE ${arg_LIBRARIES})
  target_compile_features(${target} PRIVATE cxx_std_17)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  fusebox_warnings(${target})
endfunction()

# fusebox_install_program(<target>): it is installed, and finds the shared libraries that it uses
# under whatever prefix. FUSEBOX_PROGRAMS lists these.
function(fusebox_install_program target)
  if(BUILD_SHARED_LIBS)
    file(RELATIVE_PATH up "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}")
    set_target_properties(${target} PROPERTIES INSTALL_RPATH "\$ORIGIN/${up}")
  endif()
  install(TARGETS ${target}
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT tools)
  set_property(GLOBAL APPEND PROPERTY FUSEBOX_PROGRAMS ${target})
endfunction()

# Notes that <protos>, relative to <root>, are compiled into <out> for <target>: messages, services and
# stubs. The C++ files that come of it are returned in <out_files>.
function(fusebox_compile_protos target root out protos out_files)
  # gRPC's package has its plugin, and so has a tree that gRPC is built in; where it is for another
  # system than this one, or left out, FUSEBOX_GRPC_CPP_PLUGIN is the path of one that runs here.
  if(NOT FUSEBOX_GRPC_CPP_PLUGIN AND TARGET gRPC::grpc_cpp_plugin)
    set(plugin "$<TARGET_FILE:gRPC::grpc_cpp_plugin>")
  else()
    find_program(FUSEBOX_GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
    set(plugin "${FUSEBOX_GRPC_CPP_PLUGIN}")
  endif()
  file(MAKE_DIRECTORY "${out}")
  set(files)
  foreach(proto IN LISTS protos)
    string(REGEX REPLACE "\\.proto$" "" stem "${proto}")
    set(generated "${out}/${stem}.pb.cc" "${out}/${stem}.pb.h"
      "${out}/${stem}.grpc.pb.cc" "${out}/${stem}.grpc.pb.h")
    list(TRANSFORM protos PREPEND "${root}/" OUTPUT_VARIABLE sources)
    add_custom_command(
      OUTPUT ${generated}
      COMMAND protobuf::protoc "--proto_path=${root}" "--cpp_out=${out}" "--grpc_out=${out}"
        "--plugin=protoc-gen-grpc=${plugin}" "${root}/${proto}"
      DEPENDS ${sources}
      VERBATIM)
    list(APPEND files ${generated})
  endforeach()
  set(${out_files} "${files}" PARENT_SCOPE)
  # So that who only reads sources can have those too.
  add_custom_target(${target}_gen DEPENDS ${files})
  if(NOT TARGET fusebox_generated)
    add_custom_target(fusebox_generated)
  endif()
  add_dependencies(fusebox_generated ${target}_gen)
endfunction()

# fusebox_grpc_proto_library(<target> PROTO <file> ROOT <import root>): messages and stubs of one
# .proto file, for this build alone. Generated code is not held to this project's warnings.
function(fusebox_grpc_proto_library target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "PROTO;ROOT" "")
  set(out "${CMAKE_CURRENT_BINARY_DIR}/${target}.gen")
  file(RELATIVE_PATH relative "${arg_ROOT}" "${arg_PROTO}")
  fusebox_compile_protos(${target} "${arg_ROOT}" "${out}" "${relative}" generated)
  add_library(${target} STATIC ${generated})
  target_compile_features(${target} PUBLIC cxx_std_17)
  target_include_directories(${target} SYSTEM PUBLIC "${out}")
  target_link_libraries(${target} PUBLIC gRPC::grpc++ protobuf::libprotobuf)
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)  # protoc's files are not made for it
endfunction()

# fusebox_proto_library(<name> PROTOS <file>...): the same as fusebox::<name>, installed with its
# headers and with the .proto files, which are relative to proto/.
function(fusebox_proto_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "PROTOS")
  set(target fusebox_${name})
  set(out "${CMAKE_CURRENT_BINARY_DIR}/${target}.gen")
  fusebox_compile_protos(${target} "${PROJECT_SOURCE_DIR}/proto" "${out}" "${arg_PROTOS}" generated)
  add_library(${target} ${generated})
  add_library(fusebox::${name} ALIAS ${target})
  target_compile_features(${target} PUBLIC cxx_std_17)
  target_include_directories(${target} SYSTEM PUBLIC
    "$<BUILD_INTERFACE:${out}>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_libraries(${target} PUBLIC gRPC::grpc++ protobuf::libprotobuf)
  fusebox_without_paths(${target})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name}
    POSITION_INDEPENDENT_CODE ON
    UNITY_BUILD OFF
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    FUSEBOX_GENERATED "${out}"
    FUSEBOX_PROTOS "${arg_PROTOS}")
  set_property(GLOBAL APPEND PROPERTY FUSEBOX_LIBRARIES ${target})
endfunction()
