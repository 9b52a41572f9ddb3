# SPDX-License-Identifier: Apache-2.0
# The headers that most sources include, compiled once for all rooms and once for all tests. Only
# where REVIEWDB_PRECOMPILE says so: such a build does not notice that an include is missing, so the
# preset dev, which is also the one that lint reads, goes without.

set(reviewdb_common_headers
  <algorithm> <array> <atomic> <charconv> <chrono> <cstdint> <filesystem> <fstream> <functional> <map>
  <memory> <mutex> <optional> <set> <span> <stdexcept> <string> <string_view> <thread> <utility>
  <variant> <vector> <fmt/format.h> <tl/expected.hpp>)

# reviewdb_precompiled_headers(NAME HEADERS… LIBRARIES…)
function(reviewdb_precompiled_headers name)
  cmake_parse_arguments(HEADERS "" "" "HEADERS;LIBRARIES" ${ARGN})
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp CONTENT "")
  add_library(${name} OBJECT ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
  target_link_libraries(${name} PRIVATE reviewdb_options ${HEADERS_LIBRARIES})
  target_precompile_headers(${name} PRIVATE ${HEADERS_HEADERS})
endfunction()

if(REVIEWDB_PRECOMPILE)
  reviewdb_precompiled_headers(reviewdb_precompiled
    HEADERS ${reviewdb_common_headers}
    LIBRARIES fmt::fmt tl::expected)
endif()

# reviewdb_precompile(TARGET HEADERS): gives a target those of reviewdb_precompiled, or of
# reviewdb_precompiled_tests.
function(reviewdb_precompile target headers)
  if(REVIEWDB_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM ${headers})
  endif()
endfunction()
