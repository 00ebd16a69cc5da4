#!/bin/bash
# Runs the fuzzers in turns:  run.sh BUILD SECONDS     0: until interrupted, five minutes a turn
# Inputs that were found interesting stay in build/fuzz/corpus_*; findings go to build/fuzz.
set -u
build=$1 seconds=$2
out=build/fuzz
turns=(condition rows scenario random)
turn=$((seconds > 0 ? (seconds + 3) / 4 : 300))
findings=0
mkdir -p $out/corpus_{condition,rows,scenario}
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 NINES_QUICK=1
export LSAN_OPTIONS=suppressions=tests/support/leaks.txt:print_suppressions=0
[ -w /dev/shm ] && export TMPDIR=${TMPDIR:-/dev/shm} # a file for every input: not on a disk
trap 'echo; echo "$findings turns found something; see $out"; exit $((findings > 0))' INT TERM

fuzz() { # name: one turn of a libFuzzer target
  local seeds=("tests/fuzz/seeds/$1")
  [ "$1" = scenario ] && seeds+=(scenarios tests/cli/fixtures tests/cli/broken)
  "$build/tests/fuzz/fuzz_$1" -max_total_time=$turn -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$out/$1-" -dict="tests/fuzz/$1.dict" "$out/corpus_$1" "${seeds[@]}" >"$out/$1.log" 2>&1
  status=$?
  printf '  %-10s %9s inputs in %d s, %s of them kept%s\n' "$1" \
    "$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$1.log" | tail -n 1)" $SECONDS \
    "$(find "$out/corpus_$1" -type f | wc -l)" "$([ $status -ne 0 ] && echo "; FOUND: $(grep -E 'SUMMARY|Test unit written' "$out/$1.log" | tr '\n' ' ')")"
}

random() {
  "$build/tests/property/test_random" "$(date +%s)000" 0 $turn >"$out/random.log" 2>&1
  status=$?
  printf '  %-10s %s\n' random "$(grep -E '^[0-9]+ scenarios' "$out/random.log")"
  [ $status -eq 0 ] || grep -A 2 '^build/fuzz/random' "$out/random.log"
}

while :; do
  for t in "${turns[@]}"; do
    SECONDS=0
    if [ "$t" = random ]; then random; else fuzz "$t"; fi
    [ $status -ne 0 ] && findings=$((findings + 1))
  done
  [ "$seconds" -gt 0 ] && break
done
[ $findings -eq 0 ] || { echo "$findings turns found something; see $out"; exit 1; }
