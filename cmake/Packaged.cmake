# SPDX-License-Identifier: Apache-2.0
# The programs as ./dev package ships them: the objects of the release build, linked with everything
# that they use, the C library included, so that they run where nothing of it is installed, and start
# in a few milliseconds (docs/decisions/0009-one-static-program.md).

set(parts ${CMAKE_SOURCE_DIR}/deploy/package)
add_library(reviewdb_linked OBJECT EXCLUDE_FROM_ALL
  ${parts}/absent.cpp ${parts}/fmt.cpp ${parts}/name_service.cpp ${parts}/spdlog.cpp)
target_link_libraries(reviewdb_linked PRIVATE reviewdb_options fmt::fmt spdlog::spdlog)

# reviewdb_packaged(NAME [LIBRARIES…]): build/PRESET/package/NAME from the executable target NAME, which
# is linked with these libraries beside the rooms.
function(reviewdb_packaged name)
  get_property(rooms GLOBAL PROPERTY reviewdb_rooms)
  list(APPEND rooms ${ARGN})
  set(archives ${rooms})
  list(TRANSFORM archives REPLACE "(.+)" "$<TARGET_FILE:\\1>")
  add_executable(${name}_packaged EXCLUDE_FROM_ALL
    $<TARGET_OBJECTS:${name}> $<TARGET_OBJECTS:reviewdb_linked>)
  set_target_properties(${name}_packaged PROPERTIES
    OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/package LINKER_LANGUAGE CXX
    LINK_DEPENDS "${archives}")
  add_dependencies(${name}_packaged ${rooms})
  target_link_libraries(${name}_packaged PRIVATE
    -Wl,--start-group ${archives} -Wl,--end-group
    -Wl,--start-group -lcurl -lpq -lpgcommon -lpgport -lssl -lcrypto -lnghttp2 -lzstd -lbrotlidec
    -lbrotlicommon -lz -lboost_json -lboost_container -Wl,--end-group)
  # The warnings are of name services, which name_service.cpp answers.
  target_link_options(${name}_packaged PRIVATE
    -static-pie -s -L${CMAKE_SOURCE_DIR}/build/package/lib
    -Wl,--gc-sections -Wl,-z,relro -Wl,-z,now -Wl,--no-warnings)
endfunction()

reviewdb_packaged(reviewdb)
reviewdb_packaged(bootstrap)
