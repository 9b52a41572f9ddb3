# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# ./dev test: the release build by default, so that what is tested is what is shipped, and one build
# serves try, test and bench. Tests are chosen by label: unit, e2e, and for those that are run on several
# majors pg<major> and e2e<major> (tests/CMakeLists.txt).

test_command() {
  local kinds=() majors=() programs=() preset=release
  while (($# > 0)); do
    case $1 in
      unit | pg | e2e) kinds+=("$1") ;;
      --major | --preset | --program)
        (($# > 1)) || die "test: $1 needs a value"
        case $1 in
          --major) majors+=("$2") ;;
          --preset) preset=$2 ;;
          --program) programs+=("$2") ;;
        esac
        shift
        ;;
      --)
        shift
        break
        ;;
      *) die "test: what is '$1'? (unit, pg, e2e, --major N, --program NAME, --preset P; after -- what ctest takes)" ;;
    esac
    shift
  done
  ((${#kinds[@]} > 0)) || kinds=(unit pg e2e)
  ((${#majors[@]} > 0)) || majors=(15 18)

  local labels=() on_majors=() kind major
  for kind in "${kinds[@]}"; do
    [[ $kind == unit ]] || on_majors+=("$kind")
    [[ $kind == pg ]] || labels+=("$kind")
    [[ $kind == e2e ]] || continue
    test_packages
    # The command line is tested on Debian's Postgres.
    need server
    if tools_provide; then
      continue
    elif in_ci; then
      die "test: no migration tools to test with"
    fi
    say "skipped: the tests with migration tools"
  done
  if ((${#on_majors[@]} > 0)); then
    for major in "${majors[@]}"; do
      [[ $major =~ ^1[5-8]$ ]] || die "test: Postgres $major is not one of 15, 16, 17, 18"
      if postgres_provide "$major"; then
        labels+=("${on_majors[@]/%/$major}")
      elif in_ci; then
        die "test: no Postgres $major to test on"
      else
        say "skipped: the tests on Postgres $major"
      fi
    done
  fi

  if ((${#labels[@]} == 0)); then
    say "nothing is left to test"
    return
  fi

  build "$preset" "${programs[@]}"
  local IFS='|'
  local chosen="^(${labels[*]})\$"
  if ((${#programs[@]} > 0)); then set -- -R "^(${programs[*]})(_[0-9]+)?\$" "$@"; fi
  unset IFS
  # The thread sanitizer of g++ 12 does not start where the kernel spreads addresses as wide as it can.
  local prefix=()
  if [[ $preset == tsan ]] && setarch -R true 2>/dev/null; then prefix=(setarch -R); fi
  # Many tests wait for a lease, a server, a deadline: one more than there are processors. Each counts
  # for two, and those that mostly wait for one.
  local jobs=$((2 * ($(nproc) + 1)))
  local status=0
  test_make_pristine
  run "${prefix[@]}" ctest --preset "$preset" --no-label-summary -j "$jobs" -L "$chosen" "$@" || status=$?
  rm -rf "$REVIEWDB_TEST_PRISTINE"
  if in_ci; then test_slowest "$preset"; fi
  return "$status"
}

# Makes the folder in which the test programs share what initdb made, and exports its name. If this
# process dies, the tests of the next run remove it (tests/support/pristine.cpp).
test_make_pristine() {
  local parent=/tmp
  if (($(df --output=avail -B1G /dev/shm 2>/dev/null | tail -n 1 || echo 0) >= 4)); then parent=/dev/shm; fi
  REVIEWDB_TEST_PRISTINE=$(mktemp -d "$parent/reviewdb-pristine-$$-XXXXXX") || return 1
  # The user that servers run as, when root runs the tests, makes its data in there.
  chmod 711 "$REVIEWDB_TEST_PRISTINE"
  export REVIEWDB_TEST_PRISTINE
}

# Prints which programs took longest, of those that a run of all of them starts first.
test_slowest() {
  local costs=$root/build/$1/Testing/Temporary/CTestCostData.txt
  [[ -r $costs ]] || return 0
  say "the slowest programs, in seconds (mean of the runs in this folder):"
  awk '/^---/ { exit } { printf "%7.1f  %s\n", $3, $1 }' "$costs" | sort -rn | head -n 12 >&2
}

# Makes the packages where the chosen programs test them, and exports where they are.
test_packages() {
  [[ $preset == release ]] || return 0
  ((${#programs[@]} == 0)) || [[ " ${programs[*]} " == *" e2e_package "* ]] || return 0
  if package_make cli lambda; then
    REVIEWDB_TEST_PACKAGES=$(package_folder)
    export REVIEWDB_TEST_PACKAGES
  elif in_ci; then
    die "test: no packages to test"
  else
    say "skipped: the tests of the packages"
  fi
}
