# SPDX-License-Identifier: Apache-2.0
# embed_migrations(FILE [MORE…]): writes a source file with every numbered migration of sql/ in it, and
# those of MORE behind them; again whenever one of them changes.
function(embed_migrations output)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sql/[0-9][0-9][0-9][0-9]_*.sql)
  list(SORT files)
  list(APPEND files ${ARGN})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${files})
  set(entries "")
  foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME)
    string(REGEX MATCH "^0*([0-9]+)_" ignored ${name})
    file(READ ${file} text)
    string(APPEND entries "    {${CMAKE_MATCH_1}, \"${name}\", R\"reviewdb_sql(${text})reviewdb_sql\"},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${output} CONTENT "// Made by cmake/EmbedMigrations.cmake from sql/.
#include \"server/migrations.h\"

namespace server {

namespace {
constexpr Migration k_migrations[] = {
${entries}};
}  // namespace

std::span<const Migration> migrations() { return k_migrations; }

}  // namespace server
" @ONLY)
  # An object of its own: the programs of versions to come bring another in its place.
  set_source_files_properties(${output} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
