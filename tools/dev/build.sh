# shellcheck shell=bash
# The verbs build, bench, fuzz, tidy and fmt. Sourced by ./dev.
# shellcheck disable=SC2154  # root and cores are set by ./dev

# build_preset PRESET [TARGET...]: configures and builds; CMake's own output only if it fails.
build_preset() {
  local preset=$1
  shift
  configure_preset "$preset"
  local -a targets=()
  [[ $# -eq 0 ]] || targets=(--target "$@")
  cmake --build "build/$preset" -j "$cores" "${targets[@]}"
}

# configure_preset PRESET [OPTION...]
configure_preset() {
  local preset=$1 log="$root/build/configure-$1.log"
  shift
  mkdir -p "$root/build"
  if ! cmake --preset "$preset" "$@" >"$log" 2>&1; then
    cat "$log" >&2
    die "cmake --preset $preset failed (above)"
  fi
}

verb_build() {
  local preset=${1:-dev}
  case $preset in
    dev | release | tsan | fuzz | tidy) ;;
    *) die "unknown preset '$preset': one of dev, release, tsan, fuzz, tidy" ;;
  esac
  ensure_packages build test bundle
  make_bundled
  build_preset "$preset"
  say "Built to build/$preset/bin/"
}

# programs_of FOLDER SUFFIX [NAME...]: sources FOLDER/NAME_SUFFIX.cpp as program names, one a line.
programs_of() {
  local folder=$1 suffix=$2 source name
  shift 2
  if [[ $# -gt 0 ]]; then
    for name in "$@"; do
      name=${name%_"$suffix"}
      [[ -f $folder/${name}_$suffix.cpp ]] || die "no $folder/${name}_$suffix.cpp"
      printf '%s\n' "${name}_$suffix"
    done
    return
  fi
  for source in "$folder"/*_"$suffix".cpp; do
    [[ ! -f $source ]] || basename "$source" .cpp
  done
}

# end_to_end_benches: the scripts bench/e2e/NAME.py that are benchmarks, as names, one a line.
end_to_end_benches() {
  printf '%s\n' warm cold start events logs microvm kernels
}

# run_end_to_end NAME [OPTION...]: one of them, against the release build.
run_end_to_end() {
  local name=$1
  shift
  local -a python=(/usr/bin/python3 -B)
  if [[ $EUID -ne 0 ]] && command -v sudo >/dev/null; then
    python=(sudo --preserve-env=PATH "${python[@]}")
  fi
  PYTHONUNBUFFERED=1 "${python[@]}" "bench/e2e/$name.py" "$@"
}

# verb_bench [NAME...] [-- OPTION...]: options go to every benchmark that is run.
verb_bench() {
  local -a names=() options=() scripts=() programs=()
  while [[ $# -gt 0 && $1 != -- ]]; do
    names+=("$1")
    shift
  done
  [[ $# -eq 0 ]] || options=("${@:2}")
  local name program
  for name in "${names[@]}"; do
    if end_to_end_benches | grep -qx "$name"; then
      scripts+=("$name")
    else
      programs+=("$name")
    fi
  done
  local list
  list=$(programs_of bench bench "${programs[@]}")
  if [[ ${#names[@]} -eq 0 ]]; then
    mapfile -t scripts < <(end_to_end_benches)
  elif [[ ${#programs[@]} -eq 0 ]]; then
    list=
  fi
  ensure_packages build run test
  [[ " ${options[*]}" != *" --peer"* ]] || ensure_packages bundle # npm
  # shellcheck disable=SC2086  # one word a program
  build_preset release proa bench_load bench_native $list
  for program in $list; do
    say "== $program"
    "build/release/bin/$program" "${options[@]}"
  done
  for name in "${scripts[@]}"; do
    say "== $name"
    run_end_to_end "$name" "${options[@]}"
  done
}

# fuzz_one PROGRAM SECONDS: new inputs go to build/fuzz/corpus, what breaks to build/fuzz/found.
fuzz_one() {
  local name=${1%_fuzz} seconds=$2
  local log="$root/build/fuzz/log/$name.log" seeds="fuzz/corpus/$name"
  local -a folders=("build/fuzz/corpus/$name")
  mkdir -p "build/fuzz/corpus/$name" build/fuzz/found build/fuzz/log
  [[ ! -d $seeds ]] || folders+=("$seeds")
  if "build/fuzz/bin/$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="build/fuzz/found/$name-" "${folders[@]}" \
    >"$log" 2>&1 </dev/null; then
    say "passed  $1: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs"
  else
    tail -n 60 "$log"
    say "FAILED  $1: see $log; input in build/fuzz/found/"
  fi
}

# fuzz_all SECONDS PROGRAM...: as many at a time as there are cores; fails if one failed.
fuzz_all() {
  local seconds=$1 results="$root/build/fuzz/results" program
  shift
  mkdir -p "$results"
  rm -f "$results"/*
  for program in "$@"; do
    while [[ $(jobs -rp | wc -l) -ge $cores ]]; do wait -n || true; done
    fuzz_one "$program" "$seconds" >"$results/$program" &
  done
  wait
  cat "$results"/*
  ! grep -q '^FAILED' "$results"/*
}

verb_fuzz() {
  local seconds=60 list
  if [[ ${1:-} =~ ^[0-9]+$ ]]; then
    seconds=$1
    shift
  fi
  list=$(programs_of fuzz fuzz "$@")
  [[ -n $list ]] || die "there are no fuzz targets in fuzz/"
  ensure_packages build test
  # shellcheck disable=SC2086  # one word a program
  build_preset fuzz $list
  # shellcheck disable=SC2086
  fuzz_all "$seconds" $list
}

# change_base: the commit that this work started from: the merge base with origin/main, or the last
# commit's parent if there is nothing beyond origin/main, or the empty tree.
change_base() {
  local base head
  head=$(git rev-parse --verify -q HEAD) || head=
  base=$(git merge-base HEAD origin/main 2>/dev/null) || base=
  if [[ -z $base || $base == "$head" ]]; then
    base=$(git rev-parse --verify -q HEAD~1) || base=$(git hash-object -t tree /dev/null)
  fi
  printf '%s\n' "$base"
}

# changed_files PATHSPEC...: files changed since change_base, largest change first.
changed_files() {
  git rev-parse --git-dir >/dev/null 2>&1 || return 0
  {
    git diff --numstat --no-renames --diff-filter=d "$(change_base)" -- "$@" | cut -f 1,3
    git ls-files --others --exclude-standard -- "$@" | sed 's/^/100000\t/'
  } | sort -k1,1nr -k2,2 | cut -f 2 | awk '!seen[$0]++'
}

tidy_files_max=15
tidy_seconds_max=480

# clang_tidy FILE...: as many at a time as there are cores; stops taking new files when the time is
# up. Prints `passed`, `FAILED` or `skipped` and the file; fails if one failed.
clang_tidy() {
  local results="$root/build/tidy/results" file end=$((SECONDS + tidy_seconds_max))
  configure_preset tidy
  mkdir -p "$results"
  rm -f "$results"/*
  for file in "$@"; do
    while [[ $(jobs -rp | wc -l) -ge $cores ]]; do wait -n || true; done
    if [[ $SECONDS -ge $end ]]; then
      say "skipped $file: the $tidy_seconds_max s for clang-tidy are over" >"$results/${file//\//_}"
      continue
    fi
    clang_tidy_one "$file" >"$results/${file//\//_}" &
  done
  wait
  cat "$results"/*
  ! grep -q '^FAILED' "$results"/*
}

clang_tidy_one() {
  local output
  if output=$(timeout 300 clang-tidy-14 -p build/tidy --quiet "$1" 2>&1 </dev/null); then
    say "passed  clang-tidy $1"
  else
    grep -v 'warnings generated' <<<"$output" || true
    say "FAILED  clang-tidy $1"
  fi
}

# clang_tidy_changed: a bounded number of the files changed.
clang_tidy_changed() {
  local -a files
  mapfile -t files < <(changed_files 'src/*.cpp' 'apps/*.cpp')
  if [[ ${#files[@]} -eq 0 ]]; then
    say "clang-tidy: no .cpp file of src/ or apps/ has changed"
    return
  fi
  if [[ ${#files[@]} -gt $tidy_files_max ]]; then
    say "clang-tidy: ${#files[@]} files have changed; reading the $tidy_files_max largest changes"
    files=("${files[@]:0:$tidy_files_max}")
  fi
  clang_tidy "${files[@]}"
}

verb_tidy() {
  ensure_packages build test
  local rules=0 clang=0
  /usr/bin/python3 -B tools/tidy.py || rules=1
  if [[ $# -gt 0 ]]; then
    clang_tidy "$@" || clang=1
  else
    clang_tidy_changed || clang=1
  fi
  [[ $rules -eq 0 && $clang -eq 0 ]]
}

verb_fmt() {
  ensure_packages format
  local -a files
  if [[ ${1:-} == --all ]]; then
    mapfile -t files < <(find apps src tests bench fuzz runtimes -name '*.cpp' -o -name '*.h')
  elif [[ $# -gt 0 ]]; then
    files=("$@")
  else
    mapfile -t files < <(changed_files '*.cpp' '*.h')
  fi
  [[ ${#files[@]} -eq 0 ]] || clang-format-14 -i "${files[@]}"
  say "Formatted ${#files[@]} files"
}
