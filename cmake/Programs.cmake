# SPDX-License-Identifier: Apache-2.0
# The programs. With REVIEWDB_STATIC, as in the release build, each is linked with everything it uses,
# the C library included: it runs on a system that has nothing installed, and starts in a few
# milliseconds (docs/decisions/0009-one-static-program.md). What the build makes is what is shipped.
option(REVIEWDB_STATIC "Link the programs with all of their libraries, as they are shipped" OFF)

# reviewdb_archive(VARIABLE NAME [FOLDERS…]): the full path of an archive. A missing archive stops the
# configuration, and the linker depends on the file. With -l and -L neither would be so.
function(reviewdb_archive variable name)
  if(ARGN)
    set(where PATHS ${ARGN} NO_DEFAULT_PATH)
  endif()
  find_library(${variable} ${name} ${where})
  if(NOT ${variable})
    message(FATAL_ERROR "${name} is missing. `./dev build` provides it; "
      "-DREVIEWDB_STATIC=OFF links with the system's shared libraries instead.")
  endif()
  mark_as_advanced(${variable})
endfunction()

if(REVIEWDB_STATIC)
  # Of one version, unpacked by ./dev build: libpq, and the parts of it that Debian packages elsewhere.
  foreach(name IN ITEMS pq pgcommon pgport)
    reviewdb_archive(REVIEWDB_ARCHIVE_${name} lib${name}.a ${CMAKE_SOURCE_DIR}/build/libpq)
    list(APPEND reviewdb_archives ${REVIEWDB_ARCHIVE_${name}})
  endforeach()
  foreach(name IN ITEMS curl ssl crypto nghttp2 zstd lz4 lzma brotlidec brotlicommon z boost_json boost_container)
    reviewdb_archive(REVIEWDB_ARCHIVE_${name} lib${name}.a)
    list(APPEND reviewdb_archives ${REVIEWDB_ARCHIVE_${name}})
  endforeach()

  # What those archives lack, or do in a way that a static program cannot.
  set(parts ${CMAKE_SOURCE_DIR}/deploy/static)
  add_library(reviewdb_linked OBJECT
    ${parts}/absent.cpp ${parts}/fmt.cpp ${parts}/name_service.cpp ${parts}/spdlog.cpp)
  target_link_libraries(reviewdb_linked PRIVATE reviewdb_options fmt::fmt spdlog::spdlog)
endif()

# Appends to a list the static libraries of this project that a target links with, directly or not.
function(reviewdb_libraries_of target list)
  set(found ${${list}})
  get_target_property(linked ${target} LINK_LIBRARIES)
  foreach(library IN LISTS linked)
    if(library MATCHES "^reviewdb_" AND NOT library IN_LIST found AND TARGET ${library})
      get_target_property(type ${library} TYPE)
      if(type STREQUAL "STATIC_LIBRARY")
        list(APPEND found ${library})
        reviewdb_libraries_of(${library} found)
      endif()
    endif()
  endforeach()
  set(${list} ${found} PARENT_SCOPE)
endfunction()

# reviewdb_program(NAME SOURCES… LIBRARIES…): an executable that is linked as the programs are shipped.
function(reviewdb_program name)
  cmake_parse_arguments(PROGRAM "" "" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT REVIEWDB_STATIC)
    add_executable(${name} ${PROGRAM_SOURCES})
    target_link_libraries(${name} PRIVATE ${PROGRAM_LIBRARIES})
    return()
  endif()
  # The sources are compiled as part of their libraries, and linked with none of those that are shared.
  add_library(${name}_objects OBJECT ${PROGRAM_SOURCES})
  target_link_libraries(${name}_objects PRIVATE ${PROGRAM_LIBRARIES})
  reviewdb_libraries_of(${name}_objects libraries)
  list(TRANSFORM libraries REPLACE "(.+)" "$<TARGET_FILE:\\1>" OUTPUT_VARIABLE own)
  add_executable(${name} $<TARGET_OBJECTS:${name}_objects> $<TARGET_OBJECTS:reviewdb_linked>)
  add_dependencies(${name} ${libraries})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX LINK_DEPENDS "${own}")
  target_link_libraries(${name} PRIVATE -Wl,--start-group ${own} ${reviewdb_archives} -Wl,--end-group)
  # The linker warns of glibc's name services, which deploy/static/name_service.cpp answers, and of
  # nothing else: whatever is missing is an error.
  target_link_options(${name} PRIVATE
    -static-pie -s -Wl,--gc-sections -Wl,-z,relro -Wl,-z,now -Wl,--no-warnings)
endfunction()
