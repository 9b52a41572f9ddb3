# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# ./dev lint headers, tidy and analyze: the checks that need a compiler, and therefore minutes. A file that was
# clean is looked at again only when it, a header it includes, its compile command or the rules have
# changed: build/lint/ keeps, for each, the list of what it was read from and a checksum of that.

# The one that has a command for each source. It is configured and not built: what is generated is so by
# CMake.
lint_preset=dev

# Every header compiles when it is the only one included.
lint_headers() {
  build "$lint_preset" build.ninja || return 1
  lint_files 'src/*.h' 'tests/*.h' 'bench/*.h' | lint_stale headers | lint_parallel headers
}

lint_tidy() { lint_sources tidy; }

# The static analyzer follows every path through every function, which takes as long again.
lint_analyze() { lint_sources analyze; }

lint_sources() {
  local sources=('src/*.cpp')
  in_ci || sources+=('bench/*.cpp' 'tests/*.cpp')
  build "$lint_preset" build.ninja || return 1
  lint_files "${sources[@]}" | lint_stale "$1" | lint_parallel "$1"
}

# All of it takes minutes that CI does not have; what was clean ten commits ago, and has not changed,
# is clean.
lint_files() { if in_ci; then lint_recent "$@"; else list_files "$@"; fi; }

# Those of the files that the last ten commits touched; all where git does not have so many.
lint_recent() {
  local git=(git -C "$root" -c "safe.directory=$root")
  if "${git[@]}" rev-parse --quiet --verify HEAD~10 >/dev/null; then
    "${git[@]}" diff -z --name-only --diff-filter=d HEAD~10 -- "$@"
  else
    list_files "$@"
  fi
}

# Runs lint_one_<kind> for each of the NUL-separated files, as many at once as there are processors.
lint_parallel() {
  local kind=$1
  export root lint_preset
  export -f lint_one_headers lint_one_source lint_one_tidy lint_one_analyze lint_command_of lint_remember lint_checksum lint_rules
  # shellcheck disable=SC2016
  xargs -0 -r -P "$(nproc)" -n 1 bash -c 'set -u; "lint_one_$0" "$1"' "$kind"
}

# Passes on those of the files that were not seen to be clean as they now are.
lint_stale() {
  local kind=$1 file memory
  while IFS= read -r -d '' file; do
    memory=$root/build/lint/$kind/$file
    if [[ ! -f $memory.sum || $(lint_checksum "$kind" "$file") != "$(<"$memory.sum")" ]]; then
      printf '%s\0' "$file"
    fi
  done
}

# The compile command of a source file, or for a header that of a source file beside it, without the
# source and the object; nothing for a file that the build does not compile.
lint_command_of() {
  local beside=$root/${1%/*}/
  [[ $1 == *.cpp ]] && beside=$root/$1
  awk -v wanted="\"file\": \"$beside" '
    /"command":/ { command = $0 }
    # Beside it, and not in a folder below.
    /"file":/ && (at = index($0, wanted)) && substr($0, at + length(wanted)) !~ /\// { print command; exit }
  ' "$root/build/$lint_preset/compile_commands.json" |
    sed -E 's/^ *"command": "(.*)",?$/\1/; s/\\"/"/g; s/\\\\/\\/g; s/ -o [^ ]+ -c [^ ]+$//'
}

lint_rules() {
  case $1 in
    tidy | analyze) cat "$root/.clang-tidy" "$root/tests/.clang-tidy" ;;
    headers) : ;;
  esac
}

# A checksum of everything that the verdict on a file depends on.
lint_checksum() {
  local kind=$1 file=$2
  {
    lint_rules "$kind"
    lint_command_of "$file"
    xargs -r cat <"$root/build/lint/$kind/$file.inputs" 2>&1
  } | sha256sum
}

# Notes that a file is clean: $3 is the list of its inputs as the compiler wrote it, for make.
lint_remember() {
  local kind=$1 file=$2 memory=$root/build/lint/$1/$2
  # The system's headers change with its packages, too rarely to be read every time.
  tr -s ' \\\n' '\n' <"$memory.d" | grep -v -e '^/usr/' -e ':$' -e '^/dev/' | grep . >"$memory.inputs"
  lint_checksum "$kind" "$file" >"$memory.sum"
}

lint_one_headers() {
  local file=$1 memory=$root/build/lint/headers/$1 command
  mkdir -p "${memory%/*}"
  command=$(lint_command_of "$file")
  [[ -n $command ]] || return 0
  read -r -a command <<<"${command#*ccache }"
  # As the shell would read it: a definition may have quotes in it.
  command=("${command[@]//\\\"/\"}")
  "${command[@]}" -fsyntax-only -MMD -MF "$memory.d" -include "$root/$file" -x c++ /dev/null || {
    echo "$file: does not compile alone" >&2
    return 1
  }
  lint_remember headers "$file"
}

lint_one_source() {
  local kind=$1 file=$2 memory=$root/build/lint/$1/$2 command
  shift 2
  mkdir -p "${memory%/*}"
  command=$(lint_command_of "$file")
  [[ -n $command ]] || return 0
  echo "clang-tidy $file" >&2
  clang-tidy-14 --quiet -p "$root/build/$lint_preset" "$@" "$root/$file" 2> >(grep -v 'warnings\? generated' >&2) ||
    return 1
  read -r -a command <<<"${command#*ccache }"
  "${command[@]}" -MM -MF "$memory.d" "$root/$file" && lint_remember "$kind" "$file"
}

lint_one_tidy() { lint_one_source tidy "$1"; }
lint_one_analyze() { lint_one_source analyze "$1" --checks='-*,clang-analyzer-*'; }
