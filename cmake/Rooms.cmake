# SPDX-License-Identifier: Apache-2.0
# A room is a folder of src/ with one job: one static library, linked only to what it may include.

add_library(reviewdb_options INTERFACE)
target_include_directories(reviewdb_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(reviewdb_options INTERFACE
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
if(REVIEWDB_PRECOMPILE)
  # So that ccache sees what was precompiled.
  target_compile_options(reviewdb_options INTERFACE -fpch-preprocess)
endif()
if(CMAKE_UNITY_BUILD)
  # Every source is an included file to it, so it takes their unnamed namespaces for a header's.
  target_compile_options(reviewdb_options INTERFACE -Wno-subobject-linkage)
endif()
if(REVIEWDB_SANITIZE)
  target_compile_options(reviewdb_options INTERFACE -fsanitize=${REVIEWDB_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(reviewdb_options INTERFACE -fsanitize=${REVIEWDB_SANITIZE})
endif()

# reviewdb_room(NAME SOURCES… [MAY_INCLUDE ROOMS…] [PRIVATE LIBRARIES…] [PUBLIC LIBRARIES…])
function(reviewdb_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;MAY_INCLUDE;PUBLIC;PRIVATE" ${ARGN})
  add_library(reviewdb_${name} STATIC ${ROOM_SOURCES})
  list(TRANSFORM ROOM_MAY_INCLUDE PREPEND reviewdb_)
  target_link_libraries(reviewdb_${name}
    PUBLIC reviewdb_options ${ROOM_MAY_INCLUDE} ${ROOM_PUBLIC}
    PRIVATE ${ROOM_PRIVATE})
  reviewdb_precompile(reviewdb_${name} reviewdb_precompiled)
endfunction()
