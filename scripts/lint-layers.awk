# SPDX-License-Identifier: Apache-2.0
#
# ./dev lint layers: scripts/layers.txt, which is read first, holds for what the sources include and for
# what CMake links. A quoted include names its room (#include "pg/connection.h"), so its first word tells.

# The room that a path below src/ belongs to: app has one for each door.
function room_of(path, parts) {
  split(path, parts, "/")
  return parts[1] == "app" ? parts[1] "/" parts[2] : parts[1]
}
function complain(text) {
  printf "%s:%d: %s\n", FILENAME, FNR, text > "/dev/stderr"
  bad = 1
}
function may(other) {
  if (other != room && !((room, other) in allowed)) {
    complain("the room " room " may not use " other)
  }
}
function library(name, kind, i) {
  for (i = 1; i <= hidden; i++) {
    if (name ~ "^" pattern[i, kind] && room != owner[i]) {
      complain(name " belongs to the room " owner[i] " alone")
    }
  }
}

FILENAME ~ /layers.txt$/ {
  if (/^#/ || NF == 0) next
  if ($1 == "hides:") {
    hidden++
    pattern[hidden, "header"] = $2
    pattern[hidden, "target"] = $3
    owner[hidden] = $4
    next
  }
  sub(":", "", $1)
  known[$1] = 1
  for (i = 2; i <= NF; i++) allowed[$1, $i] = 1
  next
}

FNR == 1 {
  room = room_of(substr(FILENAME, 5))
  linking = 0
  aggregate = FILENAME ~ /^src\/(app\/)?CMakeLists.txt$/
  if (!aggregate && !(room in known)) complain("scripts/layers.txt knows no room " room)
}

FILENAME ~ /CMakeLists.txt$/ {
  if (aggregate) next
  sub(/#.*/, "")
  gsub(/[()]/, " & ")
  for (i = 1; i <= NF; i++) {
    if ($i == "MAY_INCLUDE") linking = 1
    else if ($i ~ /^(SOURCES|PUBLIC|PRIVATE|\))$/) linking = 0
    else if (linking) may($i)
    else if ($i ~ /::/) library($i, "target")
    else if ($i ~ /^reviewdb_/ && (substr($i, 10) in known)) may(substr($i, 10))
  }
  next
}

/^[ \t]*#[ \t]*include[ \t]*["<]/ {
  match($0, /["<][^">]+/)
  quote = substr($0, RSTART, 1)
  path = substr($0, RSTART + 1, RLENGTH - 1)
  library(path, "header")
  if (quote != "\"") next
  if (path !~ /\//) complain("name the room of \"" path "\"")
  else may(room_of(path))
}

END { exit bad }
