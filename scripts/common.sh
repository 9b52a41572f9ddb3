# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What every command of ./dev shares: how it speaks, and how it runs things.

export LC_ALL=C.UTF-8

say() { printf '%s\n' "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}

# Shows a command, dimmed on a terminal, in a form that can be pasted back into a shell.
show() {
  local word line=+
  for word; do
    word=${word//"$root"/.}
    [[ $word =~ ^[[:alnum:]_./:=@%+,…-]+$ ]] || word=${word@Q}
    line+=" $word"
  done
  if [[ -t 2 ]]; then printf '\e[2m%s\e[0m\n' "$line" >&2; else printf '%s\n' "$line" >&2; fi
}

run() {
  show "$@"
  "$@"
}

# Runs a command on the NUL-separated arguments on standard input, shown without them.
run_xargs() {
  show "$@" …
  xargs -0 -r -P "$(nproc)" -n 40 "$@"
}

# Tries up to three times, for what depends on somebody else's server.
retry() {
  local attempt
  for attempt in 1 2 3; do
    run "$@" && return
    ((attempt < 3)) || return 1
    say "that failed; trying again in $((attempt * 5)) s"
    sleep $((attempt * 5))
  done
}

in_ci() { [[ ${CI:-false} != false ]]; }

# The files of the project that match the patterns, NUL-separated: known to git, or new and not ignored.
list_files() {
  git -C "$root" -c safe.directory="$root" ls-files -z --cached --others --exclude-standard \
    --deduplicate -- "$@" |
    while IFS= read -r -d '' file; do
      if [[ -e $root/$file ]]; then printf '%s\0' "$file"; fi
    done
}
