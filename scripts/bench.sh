# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# ./dev bench [NAME] [--smoke]: runs the programs in build/release/bench/, or the one of that name; with
# --smoke, which measures nothing, as many at once as there are processors.

bench_command() {
  local name='' smoke=no programs=() program
  for argument; do
    case $argument in
      --smoke) smoke=yes ;;
      -*) die "bench: what is '$argument'? (NAME, --smoke)" ;;
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
    programs+=("$program")
  done
  ((${#programs[@]} > 0)) || die "bench: there is no program ${name:-at all} in build/release/bench"
  if [[ $smoke == yes ]]; then
    export -f bench_smoke
    # shellcheck disable=SC2016
    printf '%s\0' "${programs[@]}" | xargs -0 -P "$(nproc)" -n 1 bash -c 'bench_smoke "$0"'
    return
  fi
  for program in "${programs[@]}"; do run "$program"; done
}

# Says what it says when it is done, in one piece.
bench_smoke() {
  local said status=0
  said=$("$1" --smoke 2>&1) || status=$?
  printf '+ %s --smoke\n%s\n' "$1" "$said"
  return "$status"
}
