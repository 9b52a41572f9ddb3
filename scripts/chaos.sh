# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# ./dev chaos [KILLS]: the long campaign of SIGKILL against the release build, with its table of the
# steps that were hit. CI runs a short one.

chaos_command() {
  local kills=${1:-200}
  [[ $kills =~ ^[1-9][0-9]*$ ]] || die "chaos: '$kills' is not a number of kills"
  need server test
  build release reviewdb e2e_kills
  run env REVIEWDB_KILLS="$kills" "$root/build/release/tests/e2e_kills"
}
