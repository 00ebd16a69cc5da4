#!/bin/bash
# Which lines of sim/ the tests run:  coverage.sh BUILD  (a build with --coverage). Prints a line per folder, writes
# BUILD/coverage/index.html, and fails when base, core or node are below the least share.
set -u
build=$1 least=90
find "$build" -name '*.gcda' -delete
for d in lua plots scenarios; do ln -sfn "$PWD/$d" "$build/$d"; done
failed=0
export NINES_QUICK=1
for t in "$build"/tests/{unit,oracle,property}/test_*; do
  case $t in *.d | *.gc*) continue ;; esac
  "$t" >"$t.log" 2>&1 || { echo "failed: $t (see $t.log)"; failed=1; }
done
NINES=$build/nines bats --tap tests/cli >"$build/cli.log" 2>&1 || { echo "failed: tests/cli (see $build/cli.log)"; failed=1; }
mkdir -p "$build/coverage"
gcovr --root . --filter 'sim/' --object-directory "$build" --exclude-unreachable-branches --json-summary "$build/coverage/summary.json" \
  --html-details "$build/coverage/index.html" >/dev/null || exit 1
jq -r '[.files[] | {folder: (.filename | split("/")[0:2] | join("/")), total: .line_total, run: .line_covered}]
  | group_by(.folder)[] | [.[0].folder, (map(.run) | add), (map(.total) | add)] | @tsv' "$build/coverage/summary.json" |
  awk -v least=$least '{ share = 100 * $2 / $3; printf "  %-12s %5d of %5d lines  %5.1f %%\n", $1, $2, $3, share
    if ($1 ~ /^sim\/(base|core|node)$/ && share < least) { printf "  %s: below %d %%\n", $1, least; bad = 1 } }
    END { exit bad }' || failed=1
echo "  line by line: $build/coverage/index.html"
exit $failed
