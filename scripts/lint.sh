# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# ./dev lint: one function per rule, run in the order of lint_checks. A rule prints what breaks it
# as file:line: text, and fails.

# `analyze` is the one that only runs when it is asked for.
lint_checks=(format shell spelling licence todo length version layers headers tidy)
lint_length_stop=500

lint_command() {
  local check failed=()
  if [[ ${1:-} == help ]]; then
    echo "${lint_checks[*]} analyze"
    return
  fi
  (($# > 0)) || set -- "${lint_checks[@]}"
  need lint
  for check; do
    [[ " ${lint_checks[*]} analyze " == *" $check "* ]] ||
      die "lint: no such check: $check (${lint_checks[*]} analyze)"
    say "lint: $check"
    "lint_$check" || failed+=("$check")
  done
  ((${#failed[@]} == 0)) || die "lint: ${failed[*]}"
  say "lint: clean"
}

fmt_command() {
  need lint
  list_files '*.cpp' '*.h' | run_xargs clang-format-14 -i
}

lint_format() { list_files '*.cpp' '*.h' | run_xargs clang-format-14 --dry-run -Werror; }

lint_shell() {
  run shellcheck --external-sources --check-sourced dev .ci/run || return 1
  list_files '*.sh' ':!scripts' | run_xargs shellcheck --external-sources
}

lint_spelling() {
  list_files ':!LICENSE' ':!*.svg' ':!*package-lock.json' |
    run_xargs codespell --quiet-level=3 --ignore-words="$root/scripts/codespell-ignore.txt"
}

# The first line, or the second of what starts with the name of its interpreter, is the licence.
lint_licence() {
  local file bad=0
  while IFS= read -r -d '' file; do
    if ! head -n 2 "$file" | awk 'NR == 1 && /^#!/ { next } { print; exit }' |
      grep -q 'SPDX-License-Identifier: Apache-2.0'; then
      say "$file:1: the first line should be: SPDX-License-Identifier: Apache-2.0"
      bad=1
    fi
  done < <(list_files '*.cpp' '*.h' '*.sql' '*.sh' '*.cmake' '*.js' '*.mjs' '*.ts' '*CMakeLists.txt' dev .ci/run)
  return $bad
}

lint_todo() {
  local pattern='\b(TODO|FIXME|HACK|XXX)\b(?!\(#[0-9]+\))'
  ! list_files '*.cpp' '*.h' '*.sql' '*.sh' '*.cmake' '*CMakeLists.txt' ':!scripts/lint.sh' |
    xargs -0 -r grep -nHP "$pattern" | sed 's/$/   <- needs an issue: TODO(#123)/' >&2
}

lint_length() {
  local file lines bad=0
  while IFS= read -r -d '' file; do
    lines=$(wc -l <"$file")
    if ((lines > lint_length_stop)); then
      say "$file:$lines: longer than $lint_length_stop lines; split it by what it does"
      bad=1
    fi
  done < <(list_files '*.cpp' '*.h' '*.sql' '*.sh' '*.cmake' dev)
  return $bad
}

lint_version() {
  local version newest
  version=$(<VERSION)
  newest=$(sed -nE 's/^## \[?v?([0-9]+\.[0-9]+\.[0-9]+)\]?.*/\1/p' CHANGELOG.md | head -n 1)
  [[ $version == "$newest" ]] || {
    say "VERSION says '$version', the top entry of CHANGELOG.md '$newest'"
    return 1
  }
}

lint_layers() {
  list_files 'src/*.cpp' 'src/*.h' 'src/*CMakeLists.txt' |
    run_xargs awk -f scripts/lint-layers.awk scripts/layers.txt
}
