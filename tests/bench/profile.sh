#!/bin/bash
# Where the time of a benchmark goes:  profile.sh BUILD MODEL.lua…
#
# Instructions a request by part of the program, counted by callgrind (Debian: valgrind) in two runs
# of different length, so that start-up cancels out. The last column shares the measured CPU time out
# by instructions, which is the best that can be said without hardware counters.
set -eu
build=$1; shift
out=$(mktemp -d) && trap 'rm -rf "$out"' EXIT
count() { # model, set, file
  valgrind --tool=callgrind --callgrind-out-file="$out/cg" "$build/tests/bench/bench" "$1" $2 -n 1 >"$out/log" 2>&1
  callgrind_annotate --auto=no --threshold=100 "$out/cg" | grep -E '^ *[0-9,]+ \(' | grep -v 'PROGRAM TOTALS' | sed 's/,//g' >"$3"
}
for model in "$@"; do
  if grep -q 'knobs { n = {' "$model"; then
    count "$model" n=100000 "$out/a"; count "$model" n=200000 "$out/b"; n=100000
  else # 180 s at rps requests a second
    count "$model" rps=1000 "$out/a"; count "$model" rps=2000 "$out/b"; n=180000
  fi
  ns=$("$build/tests/bench/bench" "$model" | sed 's/.* \([0-9.]*\) ns\/request.*/\1/')
  awk -v n="$n" -v ns="$ns" -v model="$model" '
    function part(w) {
      if (w ~ /core\/(event|ring)\./) return "pending set"
      if (w ~ /core\/meter|base\/hist/) return "meters and histograms"
      if (w ~ /base\/(rng|dist)|core\/quantity|ieee754|\/math\/|libm/) return "draws"
      if (w ~ /core\/call|core\/sim\.|base\/(pool|list)/) return "calls, requests, loop"
      if (w ~ /node\/(open|source|trace)/) return "source"
      if (w ~ /node\/(station|servers|queue)/) return "stations"
      if (w ~ /sim\/node\//) return "other components"
      return "the rest"
    }
    { p = part($0) }
    FNR == NR { x[p] -= $1; next }
    { x[p] += $1 }
    END {
      for (p in x) sum += x[p]
      printf "%s: %.0f instructions, %.0f ns a request\n", model, sum / n, ns
      for (p in x) if (x[p] / n >= 0.5)
        printf "  %-24s %6.0f %5.1f %% %6.1f ns\n", p, x[p] / n, 100 * x[p] / sum, ns * x[p] / sum | "sort -k1.27nr"
      close("sort -k1.27nr")
    }' "$out/a" "$out/b"
done
