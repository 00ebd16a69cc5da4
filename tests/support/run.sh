#!/bin/bash
# Runs tests and adds them up:  run.sh BUILD quick|full|sanitized
#   quick      unit, oracle, property, cli, scenario, layers, documents
#   full       the same, then other compilers and levels byte for byte, then the sanitizers
#   sanitized  the C test programs and a few whole runs of a sanitized build
set -u
build=$1 mode=$2
log=$build/logs
mkdir -p "$log"
passed=0 failed=0 skipped=0

note() { # name passed failed skipped
  passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
  printf '  %-40s %4d passed, %d failed%s\n' "$1" "$2" "$3" "$([ "$4" -gt 0 ] && echo ", $4 skipped")"
}

one() { # name command…: a test that is its exit status
  name=$1; shift
  if "$@" >"$log/$name.log" 2>&1; then note "$name" 1 0 0; else note "$name" 0 1 0; tail -n 15 "$log/$name.log"; fi
}

program() { # a cmocka program
  name=$(basename "$1")
  timeout 600 "$1" >"$log/$name.log" 2>&1
  status=$?
  p=$(grep -c '^\[       OK \]' "$log/$name.log"); s=$(grep -c '^\[  SKIPPED \] [a-z]' "$log/$name.log")
  f=$(sed -n 's|^\[  FAILED  \] \([0-9]*\) test.*|\1|p' "$log/$name.log"); f=${f:-0}
  [ $status -ne 0 ] && [ "$f" -eq 0 ] && f=1
  note "$name" "$p" "$f" "$s"
  [ "$f" -gt 0 ] && grep -vE '^\[ (RUN|     )|OK \]' "$log/$name.log" | tail -n 20
  return 0
}

bats_folder() { # tests/cli …
  name=$(basename "$1")
  timeout 900 bats --tap "$1" >"$log/$name.log" 2>&1
  status=$?
  s=$(grep -c '^ok .*# skip' "$log/$name.log"); p=$(($(grep -c '^ok ' "$log/$name.log") - s)); f=$(grep -c '^not ok ' "$log/$name.log")
  [ $status -ne 0 ] && [ "$f" -eq 0 ] && f=1
  note "bats $name" "$p" "$f" "$s"
  grep '# skip' "$log/$name.log" | sed 's/^ok [0-9]* /    skipped: /'
  [ "$f" -gt 0 ] && grep -A 12 '^not ok' "$log/$name.log" | head -n 60
  return 0
}

docs_fresh() {
  for part in components words; do
    ./nines help reference $part | diff -q - docs/reference/$part.md || { echo "docs/reference/$part.md is stale: make docs"; return 1; }
  done
}

strict='-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror'
bytes=("recsys --case slow_pod --duration 20s" "quickstart" "whiteboard --duration 5s" "replay")

result_of() { # file, command…: its JSON result without the part that may differ
  out=$1; shift
  "$@" --json >"$out.raw" || return 1
  jq -S 'del(.run)' "$out.raw" >"$out"
}

reference_bytes() { # by the program as built by default, on one thread
  mkdir -p build/bytes
  for i in "${!bytes[@]}"; do
    # shellcheck disable=SC2086
    result_of "build/bytes/$i" ./nines run ${bytes[i]} --replications 8 --jobs 1 || return 1
  done
}

same_bytes() { # program: the same results as the reference, whatever the number of threads
  for jobs in 1 2 8; do
    for i in "${!bytes[@]}"; do
      # shellcheck disable=SC2086
      result_of build/bytes/other "$1" run ${bytes[i]} --replications 8 --jobs $jobs || return 1
      cmp "build/bytes/$i" build/bytes/other || { echo "$1: ${bytes[i]} --jobs $jobs differs"; return 1; }
    done
  done
}

built_bytes() { # label, variables of make…: of another build
  dir=build/$1; shift
  make -s -j2 BUILD="$dir" NINES="$dir/nines" WARN="$strict" "$@" all >/dev/null || return 1
  for d in lua plots scenarios; do ln -sfn "$PWD/$d" "$dir/$d"; done
  same_bytes "$dir/nines"
}

release_bytes() { # of the build with profiles
  make -s BUILD=build/release NINES=build/release/nines release >/dev/null || return 1
  for d in lua plots scenarios; do ln -sfn "$PWD/$d" "build/release/$d"; done
  same_bytes build/release/nines
}

valgrind_bytes() { # no error, nothing lost, the same result
  args="whiteboard --duration 1s --warmup 0s --replications 2 --jobs 2"
  # shellcheck disable=SC2086
  result_of build/bytes/plain ./nines run $args &&
    result_of build/bytes/other valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite ./nines run $args &&
    cmp build/bytes/plain build/bytes/other
}

whole_runs() { # of a sanitized build
  for args in "run quickstart --replications 3 --jobs 2" "run recsys --case slow_pod --replications 2 --duration 5s --set rps=2000 --warmup 1s --jobs 2" \
    "check whiteboard --replications 2 --duration 3s --warmup 1s" "compare recsys base flush --replications 2 --duration 2s --warmup 1s" "help station"; do
    case $build$args in *tsan*check*|*tsan*compare*|*tsan*help*) continue ;; esac # those add no threads of their own
    timeout 120 ./"$build"/nines $args >/dev/null 2>"$log/whole.err" || [ $? -ne 2 ] && ! grep -qE 'Sanitizer|runtime error' "$log/whole.err" || { cat "$log/whole.err"; return 1; }
  done
}

programs() { for t in "$build"/tests/{unit,oracle,property}/test_*; do [ -x "$t" ] && [ ! -d "$t" ] && case $t in *.d) ;; *) program "$t" ;; esac; done; }

if [ "$mode" = sanitized ]; then
  for d in lua plots scenarios; do ln -sfn "$PWD/$d" "$build/$d"; done
  export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1 NINES_QUICK=1
  export LSAN_OPTIONS=suppressions=tests/support/leaks.txt:print_suppressions=0
  programs
  whole_runs >"$log/whole.log" 2>&1 && note "whole runs" 1 0 0 || { note "whole runs" 0 1 0; tail -n 30 "$log/whole.log"; }
else
  one layers sh tests/support/layers.sh
  one reference-fresh docs_fresh
  programs
  for d in tests/cli tests/scenario; do ls $d/*.bats >/dev/null 2>&1 && bats_folder $d; done
  if [ "$mode" = full ]; then
    one bytes-reference reference_bytes
    one bytes-default-threads same_bytes ./nines
    one bytes-gcc-O0 built_bytes gcc-O0 CC=gcc O=-O0 LTO=
    one bytes-gcc-O3 built_bytes gcc-O3 CC=gcc O=-O3 LTO=
    one bytes-clang-O2 built_bytes clang-O2 CC=clang O=-O2 LTO=
    one bytes-clang-O3-lto built_bytes clang-lto CC=clang O=-O3 LTO=-flto=thin LDFLAGS=-fuse-ld=lld
    one bytes-valgrind valgrind_bytes
    make -n release >/dev/null 2>&1 && one bytes-release release_bytes
    for san in asan tsan; do
      make -s $san >"$log/$san.log" 2>&1
      total=$(tail -n 1 "$log/$san.log" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed.*/\1 \2/p')
      # shellcheck disable=SC2086
      if [ -n "$total" ]; then note "make $san" $total 0; else note "make $san" 0 1 0; fi
      case "$total" in *" 0") ;; *) tail -n 40 "$log/$san.log" ;; esac
    done
  fi
fi
if [ "$skipped" -gt 0 ]; then echo "$passed passed, $failed failed, $skipped skipped"; else echo "$passed passed, $failed failed"; fi
[ "$failed" -eq 0 ]
