# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# ./dev build [PRESET] [TARGET]…

build_command() {
  local preset=${1:-release}
  shift || true
  build "$preset" "$@"
}

# Configures a preset if necessary, and builds the targets, or all. What the release build makes is what
# is shipped and tested. Waits for another build in this checkout; also for one that goes on after its
# ./dev was killed.
build() {
  local status=0
  need build
  mkdir -p "$root/build"
  exec 8>"$root/build/.lock"
  flock -n 8 || { say "waiting for another build in this checkout" && flock 8; }
  build_locked "$@" || status=$?
  exec 8>&-
  return "$status"
}

build_locked() {
  local preset=$1 folder=$root/build/$1
  shift
  if [[ $preset == release ]]; then build_libpq || return 1; fi
  if command -v ccache >/dev/null; then export CMAKE_CXX_COMPILER_LAUNCHER=ccache; fi
  # Ninja runs CMake again by itself when a CMakeLists.txt has changed, but knows nothing of presets.
  if [[ ! -f $folder/.configured || $root/CMakePresets.json -nt $folder/.configured ]]; then
    run cmake --preset "$preset" || return 1
    touch "$folder/.configured"
  fi
  run cmake --build --preset "$preset" ${1:+--target "$@"}
}

# Unpacks the archives of the newest libpq into build/libpq, at most once a day. Debian keeps two of the
# three in the package for extensions of the server, which would install a compiler; all three have to
# be of one version.
build_libpq() {
  local folder=$root/build/libpq major newest attempt
  major=$(dpkg-query -W -f '${Version}' libpq-dev)
  major=${major%%.*}
  if [[ -n $(find "$folder/version" -mtime -1 2>/dev/null) && $(<"$folder/version") == "$major".* ]]; then
    return
  fi
  # Old lists name versions that are no longer there to be downloaded.
  for attempt in as-it-is updated; do
    if [[ $attempt == updated ]]; then setup_update || break; fi
    newest=$(apt-cache madison libpq-dev |
      awk -v major="$major" '$3 ~ "^" major "\\." { print $3; exit }')
    if [[ -n $newest ]] && build_unpack_libpq "$major" "$newest" "$folder"; then return; fi
  done
  [[ -f $folder/version ]] ||
    die "the packages libpq-dev and postgresql-server-dev-$major could not be downloaded"
  say "using the libpq $(<"$folder/version") that was downloaded before: there is no access to a newer one"
}

build_unpack_libpq() {
  local major=$1 version=$2 folder=$3 work status=0
  [[ -n $version ]] || return 1
  work=$(mktemp -d) && chmod 755 "$work" || return 1
  (
    cd "$work" &&
      run apt-get -qq -o Acquire::Retries=3 -o APT::Sandbox::User=root download \
        "libpq-dev=$version" "postgresql-server-dev-$major=$version" &&
      for package in ./*.deb; do dpkg-deb -x "$package" . || exit 1; done &&
      mkdir -p "$folder" && find . -name 'libpq.a' -exec cp {} "$folder" \; &&
      cp "usr/lib/postgresql/$major/lib/"libpg{common,port}.a "$folder" &&
      [[ -s $folder/libpq.a ]] && echo "$version" >"$folder/version"
  ) || status=1
  rm -rf "$work"
  return "$status"
}
