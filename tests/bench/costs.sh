#!/bin/bash
# What each component costs, in ns of CPU time a request: costs.lua with it, less costs.lua without. For people, on an idle machine.
#
#     bash tests/bench/costs.sh BUILD [ROUNDS [NAME…]]
#
# Rounds run in turn, so that what disturbs disturbs all; the median of the rounds counts (5).
set -eu
build=$1 rounds=${2:-5}
shift $(($# > 2 ? 2 : $#))
model=tests/bench/costs.lua
requests=1500000
names=${*:-$(sed -nE 's/^  ([a-z0-9_]+) +=  *function.*/\1/p' $model)}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
for ((round = 0; round < rounds; round++)); do
    for name in none $names; do
        # CPU time of the whole program, which starts within a few milliseconds
        TIMEFORMAT='%U %S'
        { time "$build/tests/bench/bench" $model with="$name" -n 1 >"$tmp/out"; } 2>"$tmp/err" || { cat "$tmp/err"; exit 1; }
        tail -1 "$tmp/err" | awk -v n=$requests '{ print ($1 + $2) * 1e9 / n }' >>"$tmp/$name"
    done
done
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
base=$(median "$tmp/none")
printf 'none: %.0f ns a request\n' "$base"
for name in $names; do
    [ "$name" = none ] || printf '%-18s %4.0f\n' "$name" "$(awk -v a="$(median "$tmp/$name")" -v b="$base" 'BEGIN { print a - b }')"
done
