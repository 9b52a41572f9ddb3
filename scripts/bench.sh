# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# ./dev bench [NAME] [--smoke]: runs the programs in build/release/bench/, or the one of that name.

bench_command() {
  local name='' arguments=() program found=no
  for argument; do
    case $argument in
      -*) arguments+=("$argument") ;;
      *) name=$argument ;;
    esac
  done
  postgres_provide 15
  # What only it can do is measured as well; without it, that is left out and said.
  postgres_provide 18 || say "not measured: Postgres 18"
  build release
  for program in "$root"/build/release/bench/*; do
    [[ -f $program && -x $program ]] || continue
    [[ -z $name || ${program##*/} == "$name" ]] || continue
    found=yes
    run "$program" "${arguments[@]}"
  done
  [[ $found == yes ]] || die "bench: there is no program ${name:-at all} in build/release/bench"
}
