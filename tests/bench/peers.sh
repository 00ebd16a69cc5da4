#!/bin/bash
# The benchmark models here and elsewhere, as ratios:  peers.sh BUILD NINES [RATIOS]
#
# Peers: the same models by hand (limit.c, hold.c: what the machine allows) and, where they are
# installed, in SimPy (Debian: python3-simpy3). All figures are CPU time within one sitting, medians.
# With RATIOS (ratios.txt: name, ratio, band): says which lie outside their band, and ends with 1 if
# any does.
set -u
build=$1 nines=$2 stored=${3:-}
case $nines in */*) ;; *) nines=./$nines ;; esac
out=$(mktemp -d) && trap 'rm -rf "$out"' EXIT
runs=${RUNS:-5}

say() { echo "$@" >&2; }
say "measuring (about two minutes) …"
for f in tests/bench/mm1.lua tests/bench/pods.lua scenarios/recsys.lua; do
  "$build/tests/bench/bench" $f -n "$runs" || exit 2
done >"$out/ours"
"$build/tests/bench/limit" -n "$runs" >"$out/limit" || exit 2
"$build/tests/bench/hold" -n 3 >"$out/hold" || exit 2
for python in python3 /usr/bin/python3; do
  $python -c 'import simpy; simpy.Environment' 2>/dev/null || continue
  for i in 1 2 3; do for f in mm1 pods; do $python tests/bench/peers/simpy_$f.py || exit 2; done; done >"$out/simpy"
  break
done
[ -s "$out/simpy" ] || say "SimPy is not installed (Debian: python3-simpy3): left out"

wall() { # seconds that a run of eight replications takes on $1 threads: median of five
  for i in 1 2 3 4 5; do
    "$nines" run tests/bench/mm1.lua --replications 8 --set n=4e6 --jobs "$1" --json | jq .run.wall_s
  done | sort -n | sed -n 3p
}
one=$(wall 1) two=$(wall 2)

awk -v one="$one" -v two="$two" '
  FILENAME ~ /ours$/  { split($1, p, "/"); sub(".lua", "", p[length(p)]); ours[p[length(p)]] = $2 }
  FILENAME ~ /limit$/ { limit[$2] = $3 }
  FILENAME ~ /hold$/  { hold[$2] = $NF }
  FILENAME ~ /simpy$/ { s[$2, ++k[$2]] = $3 }
  function middle(m,  a, b, c) { a = s[m, 1]; b = s[m, 2]; c = s[m, 3]
    return a > b ? (b > c ? b : a > c ? c : a) : (a > c ? a : b > c ? c : b) }
  function row(name, value) { printf "%-24s %.4g\n", name, value }
  END {
    row("mm1/lindley", ours["mm1"] / limit["lindley"])
    row("mm1/next-event", ours["mm1"] / limit["next-event"])
    row("mm1/callbacks", ours["mm1"] / limit["callbacks"])
    row("pods/by-hand", ours["pods"] / limit["pods"])
    row("recsys/mm1", ours["recsys"] / ours["mm1"])
    for (n = 100; n <= 1000000; n *= 10) row("hold-" n "/heap-time", hold[sprintf("%d", n)])
    if (k["mm1"]) { row("mm1/simpy", ours["mm1"] / middle("mm1")); row("pods/simpy", ours["pods"] / middle("pods")) }
    row("two-threads", one / two)
  }' "$out"/ours "$out"/limit "$out"/hold $(ls "$out"/simpy 2>/dev/null) >"$out/ratios"

if [ -z "$stored" ]; then
  cat "$out/ours" "$out/limit" "$out/hold"
  cat "$out/simpy" 2>/dev/null
  echo
  cat "$out/ratios"
  exit 0
fi
awk 'FNR == NR { if ($1 !~ /^#/ && NF) { want[$1] = $2; band[$1] = $3 } next }
  $1 in want { low = want[$1] * (1 - band[$1]); high = want[$1] * (1 + band[$1])
    better = $1 ~ /time$/ ? $2 < low : $2 > high; worse = $1 ~ /time$/ ? $2 > high : $2 < low
    printf "%-24s %-8.4g stored %-8.4g %s\n", $1, $2, want[$1], worse ? "WORSE" : better ? "better" : "as stored"
    bad += worse }
  END { exit bad > 0 }' "$stored" "$out/ratios"
