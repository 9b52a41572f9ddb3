# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# ./dev chaos [KILLS [SECONDS]]: the long forms of what CI does for a short while, against the
# release build. KILLS SIGKILLs, with the table of the steps that were hit; a hundred resets under
# an application that reconnects; SECONDS of mixed load with random kills; and on the pool a minute of
# claims and fills with a kill each second, a hundred claims under a refresh, and every source of a
# template, every death and every drift on each major; three hundred histories of branches by chance
# under the sweep, ten thousand on the server in memory; and whatever else every day is tried in part
# alone, as support/stride.h and PgTest have it. Then the verbs on a real server under the address
# sanitizer.

chaos_command() {
  local kills=${1:-200} seconds=${2:-300} tests=$root/build/release/tests
  [[ $kills =~ ^[1-9][0-9]*$ ]] || die "chaos: '$kills' is not a number of kills"
  [[ $seconds =~ ^[1-9][0-9]*$ ]] || die "chaos: '$seconds' is not a number of seconds"
  need server test
  build release reviewdb e2e_copies e2e_kills e2e_load e2e_storm pg_lifecycle pg_removal pg_supply
  run env REVIEWDB_KILLS="$kills" "$tests/e2e_kills"
  run env REVIEWDB_RESETS=100 REVIEWDB_ROUNDS=20 "$tests/pg_lifecycle" \
    --gtest_filter='*many_resets:*at_once*'
  run env REVIEWDB_LOAD_SECONDS="$seconds" "$tests/e2e_load"
  run env REVIEWDB_STORM_SECONDS=60 REVIEWDB_CLAIMS=100 "$tests/e2e_storm"
  run env REVIEWDB_STORM_SECONDS=60 "$tests/pg_supply" --gtest_filter='SupplyStorm*'
  run env REVIEWDB_TEST_SCHEDULES=300 "$tests/pg_removal" --gtest_filter='SweepTest.ends_with*'
  export REVIEWDB_TEST_EXHAUSTIVELY=1
  run env REVIEWDB_COPY_SECONDS=60 "$tests/e2e_copies"
  test_command pg --major 15 --major 16 --major 17 --major 18 --program pg_supply \
    --program pg_sources --program pg_sources_dumps --program pg_clone --program pg_hand_over \
    --program pg_server_contract --program pg_lifecycle --program pg_adoption --program pg_removal \
    --program pg_locks --program pg_registry
  test_command unit pg e2e --major 15 --program unit_tests --program pg_faults --program e2e_kills \
    --program e2e_lambda_hard --program e2e_leaving --program e2e_callers
  test_command e2e --major 16 --major 17 --major 18 --program e2e_tools
  unset REVIEWDB_TEST_EXHAUSTIVELY
  test_command unit pg --major 15 --preset asan --program unit_aws --program pg_lifecycle
}
