# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the end-to-end tests run from npm, migration tools and AWS's own client: what
# tests/e2e/tools/package-lock.json pins, installed once for each version of that file, beside the
# Postgres majors.

# Makes them available and exports where, as REVIEWDB_TEST_TOOLS; fails, with the reason said, where
# that is not possible. A variable that is already set is believed.
tools_provide() {
  [[ -z ${REVIEWDB_TEST_TOOLS:-} ]] || return 0
  local cache home sum
  cache=$(postgres_cache)
  sum=$(cat tests/e2e/tools/package.json tests/e2e/tools/package-lock.json | sha256sum)
  home=$cache/tools-${sum:0:16}
  (need test) && postgres_make_cache || return 1
  (
    flock 9
    postgres_complete "$home" || tools_install "$home"
  ) 9>"$cache/lock" || return 1
  export REVIEWDB_TEST_TOOLS=$home
}

# Without their install scripts, which would download other programs.
tools_install() {
  local home=$1 work status=0
  work=$(mktemp -d "${home%/*}/unpack.XXXXXX") || return 1
  (
    cp tests/e2e/tools/package.json tests/e2e/tools/package-lock.json "$work" && cd "$work" &&
      run npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-retries=3 \
        --fetch-retry-maxtimeout=10000 >&2 &&
      touch .files && find . | wc -l >.files && rm -rf "$home" && mv -T "$PWD" "$home"
  ) || status=1
  rm -rf "$work"
  return "$status"
}
