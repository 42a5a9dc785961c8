# shellcheck shell=bash
# The verb test: stages that each run as a process of their own, so that one that fails is seen and
# the others still run. Sourced by ./dev.
# shellcheck disable=SC2154  # root and cores are set by ./dev

stage_folder=$root/build/test
fuzz_seconds=${PROA_FUZZ_SECONDS:-10}

# One line a stage: name, time limit in seconds, what it is.
stages_table() {
  cat <<'TABLE'
dev      3600 all tests with AddressSanitizer and UBSan
release  1500 release build; each benchmark runs once
tsan     1500 tests labelled concurrent with ThreadSanitizer
fuzz     1500 fuzz targets, a few seconds each
clang    900  clang-tidy on what has changed
tidy     120  tools/tidy.py
TABLE
}

# record PASSED FAILED SKIPPED: what the running stage counted.
record() { printf '%s\n' "$*" >"$stage_folder/$stage.counts"; }

# run_ctest PRESET ARGUMENTS...: runs and counts the tests inside, lists skips.
run_ctest() {
  local preset=$1 log="build/$1/Testing/Temporary/LastTest.log" status=0
  shift
  rm -f "$log"
  ctest --test-dir "build/$preset" --output-on-failure -j "$cores" "$@" </dev/null || status=$?
  /usr/bin/python3 -B tools/test_counts.py "$log" >"$stage_folder/$stage.details"
  head -n 1 "$stage_folder/$stage.details" >"$stage_folder/$stage.counts"
  sed -n '2,$p' "$stage_folder/$stage.details"
  [[ ! -f $log ]] || cp "$log" "$stage_folder/$stage.ctest.log"
  return "$status"
}

stage_dev() {
  build_preset dev
  run_ctest dev --no-tests=error -E '^tidy$'
}

stage_release() {
  build_preset release
  local program passed=0 failed=0
  while read -r program; do
    if timeout 120 "build/release/bin/$program" --benchmark_min_time=0.001 </dev/null; then
      passed=$((passed + 1))
    else
      failed=$((failed + 1))
      say "FAILED   $program"
    fi
  done < <(programs_of bench bench)
  while read -r program; do
    if run_end_to_end "$program" --quick </dev/null; then
      passed=$((passed + 1))
    else
      failed=$((failed + 1))
      say "FAILED   $program"
    fi
  done < <(end_to_end_benches)
  record "$passed" "$failed" 0
  [[ $failed -eq 0 ]]
}

# concurrent_targets: the programs that the tests labelled `concurrent` run (CTest names no command
# that is not built yet). Compat tests start a daemon.
concurrent_targets() {
  ctest --test-dir build/tsan -L concurrent --show-only=json-v1 | jq -r '.tests[].name' |
    sed -nE 's/^unit\.(.*)/\1_test/p; s/^integration\.(.*)/\1_integration_test/p
      s/^compat\..*/proa\nproa-init/p' | sort -u
}

stage_tsan() {
  configure_preset tsan
  local -a targets no_aslr=()
  mapfile -t targets < <(concurrent_targets)
  if [[ ${#targets[@]} -eq 0 ]]; then
    say "No test is labelled concurrent."
    record 0 0 0
    return
  fi
  build_preset tsan "${targets[@]}"
  # The launcher enters namespaces, which a process with ThreadSanitizer's own thread must not; each
  # of its roles has one thread.
  build_preset dev proa-launcher proa-init
  export PROA_LAUNCHER=$root/build/dev/bin/proa-launcher
  export TSAN_OPTIONS=suppressions=$root/tests/tsan_suppressions.txt
  # ThreadSanitizer of GCC 12 cannot start where the kernel spreads addresses widely.
  if setarch "$(uname -m)" -R true 2>/dev/null; then
    no_aslr=(setarch "$(uname -m)" -R)
  fi
  "${no_aslr[@]}" "$root/dev" stage tsan-tests
}

stage_fuzz() {
  local list passed failed status=0
  list=$(programs_of fuzz fuzz)
  if [[ -z $list ]]; then
    say "There are no fuzz targets in fuzz/."
    record 0 0 0
    return
  fi
  # shellcheck disable=SC2086  # one word a program
  build_preset fuzz $list
  # shellcheck disable=SC2086
  fuzz_all "$fuzz_seconds" $list || status=1
  passed=$(cat build/fuzz/results/* | grep -c '^passed') || true
  failed=$(cat build/fuzz/results/* | grep -c '^FAILED') || true
  record "$passed" "$failed" 0
  return "$status"
}

stage_clang() {
  local status=0
  rm -f build/tidy/results/*
  clang_tidy_changed || status=1
  local passed failed skipped
  passed=$(cat build/tidy/results/* 2>/dev/null | grep -c '^passed') || true
  failed=$(cat build/tidy/results/* 2>/dev/null | grep -c '^FAILED') || true
  skipped=$(cat build/tidy/results/* 2>/dev/null | grep -c '^skipped') || true
  record "$passed" "$failed" "$skipped"
  return "$status"
}

stage_tidy() {
  /usr/bin/python3 -B tools/tidy.py
  record 1 0 0
}

# stage NAME: the body of one stage; `./dev test` runs it as a process of its own.
verb_stage() {
  stage=${1:?a stage}
  mkdir -p "$stage_folder"
  if [[ $stage == tsan-tests ]]; then
    stage=tsan
    run_ctest tsan --no-tests=error -L concurrent
  else
    "stage_$stage"
  fi
}

# run_stage NAME LIMIT: runs it, adds its row and its counts to the totals.
run_stage() {
  local name=$1 limit=$2 begin=$SECONDS status=0 result=passed
  local -a counts=(0 0 0)
  local log="$stage_folder/$name.log"
  # At a terminal, Ctrl-C must reach the stage; else everything it started must end with it.
  local -a foreground=()
  [[ ! -t 1 ]] || foreground=(--foreground)
  say "" "== $name"
  timeout "${foreground[@]}" -k 30 "$limit" "$root/dev" stage "$name" 2>&1 </dev/null |
    tee "$log" || status=$?
  [[ ! -s $stage_folder/$name.counts ]] || read -r -a counts <"$stage_folder/$name.counts"
  if [[ $status -ne 0 ]]; then
    result=FAILED
    failed_stages+=("$name")
    [[ $status -ne 124 ]] || result="FAILED: over $limit s"
    [[ ${counts[1]} -gt 0 ]] || counts[1]=1
  fi
  for index in 0 1 2; do totals[index]=$((totals[index] + counts[index])); done
  summary+=("$(printf '%-8s %-16s %5d s  %5d passed %3d failed %3d skipped' "$name" "$result" \
    $((SECONDS - begin)) "${counts[@]}")")
}

# print_skips_and_failures: CI keeps only the end of what is printed, so what failed comes last.
print_skips_and_failures() {
  cat "$stage_folder"/*.details 2>/dev/null | grep '^skipped ' | sort -u || true
  [[ ${#failed_stages[@]} -eq 0 ]] ||
    /usr/bin/python3 -B tools/test_failures.py "$stage_folder" "${failed_stages[@]}" || true
}

verb_test() {
  local wanted='dev release tsan fuzz clang tidy' name limit begin=$SECONDS
  case ${1:-} in
    '') ;;
    --quick) wanted='dev tidy' ;;
    *) die "test knows only --quick, not '$1'" ;;
  esac
  ensure_packages build run test bundle
  make_bundled
  rm -rf "$stage_folder"
  mkdir -p "$stage_folder"
  totals=(0 0 0)
  summary=()
  failed_stages=()
  while read -r name limit _ <&3; do
    [[ " $wanted " != *" $name "* ]] || run_stage "$name" "$limit"
  done 3< <(stages_table)
  say "" "== summary"
  print_skips_and_failures
  printf '%s\n' "${summary[@]}"
  say "all stages: $((SECONDS - begin)) s; logs in build/test/"
  # CI reads this line: it stands alone and last.
  say "${totals[0]} passed, ${totals[1]} failed, ${totals[2]} skipped"
  [[ ${totals[1]} -eq 0 ]]
}
