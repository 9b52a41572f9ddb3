# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# ./dev try: from a clone to a database for the current branch, on the local server.

try_command() {
  (($# == 0)) || die "try takes no arguments"
  need build server
  build release reviewdb

  local reviewdb=$root/build/release/bin/reviewdb name
  name=$(git -c safe.directory="$root" symbolic-ref --quiet --short HEAD) || name=try
  # `--server local` since CI, and a shell that knows of a shared server, would mean another one.
  say
  run "$reviewdb" --server local create "$name"
  run "$reviewdb" --server local psql "$name" -- -X -c 'select current_user, current_database()'

  local shown=build/release/bin/reviewdb width=$((${#name} + 45))
  printf '\n%s\n' "There is a database for '$name' now, on a Postgres server of your own that reviewdb started."
  printf "  %-${width}s %s\n" \
    "$shown url $name" 'its URL, for your application' \
    "$shown psql $name" 'a session in it' \
    "$shown exec $name -- COMMAND" 'run something that finds it by its environment' \
    "$shown list" 'what there is' \
    "$shown delete $name" 'and back to nothing' \
    "$shown local stop" 'stop the server; the databases stay'
}
