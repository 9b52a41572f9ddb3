# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# ./dev setup: what has to be on the machine, by group, as Debian 12 names it. `package=command`
# means that the command, wherever it comes from, will do.

setup_packages() {
  case $1 in
    build) echo g++=g++ cmake=cmake ninja-build=ninja ccache=ccache pkg-config=pkg-config git=git \
      libpq-dev libssl-dev libexpected-dev libcli11-dev libfmt-dev libspdlog-dev \
      libtomlplusplus-dev libboost1.81-dev libboost-json1.81-dev libcurl4-openssl-dev libgtest-dev \
      libgmock-dev libbenchmark-dev libnghttp2-dev libzstd-dev libbrotli-dev zlib1g-dev \
      liblz4-dev liblzma-dev ;;
    server) echo postgresql-15 postgresql-client-15 procps=ps openssl=openssl ;;
    test) echo nodejs=node npm=npm ca-certificates pgbouncer zsh=zsh fish=fish direnv=direnv ;;
    lint) echo clang-format-14=clang-format-14 clang-tidy-14=clang-tidy-14 shellcheck=shellcheck \
      codespell=codespell ;;
    package) echo zip=zip unzip=unzip ca-certificates nodejs=node npm=npm ;;
    *) die "setup: no such group: $1 (build, server, test, lint, package)" ;;
  esac
}

setup_command() {
  (($# > 0)) || set -- build server test lint package
  need "$@"
  # A new minor version of Postgres is met by CI first.
  if in_ci; then setup_upgrade libpq5 libpq-dev postgresql-15 postgresql-client-15; fi
  say "everything is there: $*"
}

# Installs the packages of these groups if any is missing.
need() {
  local group entry names wanted=() missing=()
  for group; do
    names=$(setup_packages "$group")
    for entry in $names; do
      if [[ $entry != *=* ]]; then
        wanted+=("$entry")
      elif ! command -v "${entry#*=}" >/dev/null; then
        missing+=("${entry%=*}")
      fi
    done
  done
  if ((${#wanted[@]} > 0)); then
    local installed
    installed=" $(setup_installed "${wanted[@]}") "
    for entry in "${wanted[@]}"; do
      [[ $installed == *" $entry "* ]] || missing+=("$entry")
    done
  fi
  if ((${#missing[@]} > 0)); then setup_install "${missing[@]}"; fi
}

# Prints those of the packages that are installed, in one line.
setup_installed() {
  command -v dpkg-query >/dev/null || return 0
  # A package that dpkg has never heard of makes it fail, after it has answered for the others.
  # shellcheck disable=SC2016
  { dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true; } |
    awk '$1 == "installed" { printf "%s ", $2 }'
}

# Upgrades those of the packages of which there is a newer version.
setup_upgrade() {
  local outdated
  setup_update || die "apt-get could not fetch the lists of packages"
  mapfile -t outdated < <(apt-cache policy "$@" | awk '
    /^[^ ]/ { name = $1; sub(":$", "", name) }
    $1 == "Installed:" { installed = $2 }
    $1 == "Candidate:" && installed != "(none)" && installed != $2 { print name }')
  if ((${#outdated[@]} > 0)); then setup_install "${outdated[@]}"; fi
}

setup_update() { setup_apt update; }

setup_install() {
  local status=0 log quiet=/etc/postgresql-common/createcluster.d/reviewdb-setup.conf
  command -v apt-get >/dev/null ||
    die "these Debian 12 packages, or what your system calls them, are missing: $*"
  say "installing: $*"
  setup_update || die "apt-get could not fetch the lists of packages"
  # Debian would start a server of its own as soon as Postgres is installed.
  if [[ " $* " == *" postgresql-15 "* ]]; then
    as_root mkdir -p "${quiet%/*}"
    echo 'create_main_cluster = false' | as_root tee "$quiet" >/dev/null
  fi
  log=$(mktemp)
  setup_apt install -y --no-install-recommends "$@" </dev/null >"$log" || status=$?
  ((status == 0)) || cat "$log" >&2
  rm -f "$log"
  if [[ -e $quiet ]]; then as_root rm -f "$quiet"; fi
  ((status == 0)) || die "apt-get could not install: $*"
}

setup_apt() {
  retry as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

# Runs a command as root, by sudo if necessary.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif ! command -v sudo >/dev/null; then
    die "only root can run this, and there is no sudo: $*"
  elif sudo -n true 2>/dev/null; then
    sudo -n "$@"
  elif [[ -t 0 ]]; then
    sudo "$@"
  else
    die "sudo asks for a password, and there is no terminal to type it on. As root, run: $*"
  fi
}
