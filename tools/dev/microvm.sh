# shellcheck shell=bash
# The verb test-microvm: the tests of tests/compat with functions in virtual machines. Sourced by
# ./dev.
# shellcheck disable=SC2154  # root is set by ./dev

microvm_folder=$root/build/microvm
microvm_seconds=${PROA_MICROVM_SECONDS:-1800}

# Tests in which it matters where a function runs.
microvm_suites=(walking_skeleton limits handlers runtimes custom_runtimes layers bundled isolation
  network roles faults function_logs logging_config events function_urls concurrency pool traces
  versions clients images)

# microvm_suite NAME: runs one, and writes "passed failed skipped" to its file of counts.
microvm_suite() {
  local log=$microvm_folder/$1.log status=0 ran failed skipped
  (cd tests/compat && timeout "$microvm_seconds" /usr/bin/python3 -B -m unittest -v "test_$1") \
    </dev/null >"$log" 2>&1 || status=$?
  ran=$(sed -n 's/^Ran \([0-9]*\) tests\? in .*/\1/p' "$log")
  failed=$(grep -cE '^(FAIL|ERROR): ' "$log") || true
  skipped=$(grep -cE ' \.\.\. skipped ' "$log") || true
  grep -E ' \.\.\. skipped ' "$log" || true
  if [[ $status -ne 0 ]]; then
    [[ $failed -gt 0 ]] || failed=1
    say "FAILED   $1: see $log"
  fi
  printf '%s %s %s\n' "$((${ran:-0} - failed - skipped))" "$failed" "$skipped" \
    >"$microvm_folder/$1.counts"
}

# verb_test_microvm [NAME...]
verb_test_microvm() {
  local suite begin passed=0 failed=0 skipped=0 more_passed more_failed more_skipped
  ensure_packages build run test bundle
  make_bundled
  build_preset dev proa proa-launcher proa-init
  export PROA_BINARY_DIR=$root/build/dev/bin PROA_SOURCE_DIR=$root
  rm -rf "$microvm_folder"
  mkdir -p "$microvm_folder"
  (cd tests/compat && /usr/bin/python3 -B guests.py "$microvm_folder/guests") ||
    die "no machine starts here (its reason is above)"
  export PROA_COMPAT_ISOLATION=microvm PROA_COMPAT_GUESTS=$microvm_folder/guests
  [[ $# -gt 0 ]] || set -- "${microvm_suites[@]}"
  for suite in "$@"; do
    begin=$SECONDS
    microvm_suite "$suite"
    read -r more_passed more_failed more_skipped <"$microvm_folder/$suite.counts"
    say "$suite: $more_passed passed, $more_failed failed, $more_skipped skipped" \
      "  in $((SECONDS - begin)) s"
    passed=$((passed + more_passed)) failed=$((failed + more_failed))
    skipped=$((skipped + more_skipped))
  done
  say "" "== summary" "$passed passed, $failed failed, $skipped skipped"
  [[ $failed -eq 0 && $passed -gt 0 ]]
}
