#!/bin/bash
# Do the tests find a fault in the heap or the meter? Plants five of them, one at a time, in a copy of the sources under
# BUILD/mutants, runs the tests that should notice, and fails when one survives or can no longer be planted.
#   mutate.sh BUILD
set -u
copy=$1/mutants
programs="unit/test_event unit/test_hist unit/test_call unit/test_metric unit/test_audit unit/test_station unit/test_cache
  property/test_ties property/test_same_seed"
survived=0

rm -rf "$copy"
mkdir -p "$copy"
cp -r --parents Makefile sim tests lua scenarios plots "$copy" || exit 1
cd "$copy" || exit 1

build() {
  targets=""
  for p in $programs; do targets="$targets build/tests/$p"; done
  # shellcheck disable=SC2086
  make -s -j2 O=-O1 LTO= $targets >build.log 2>&1 || { tail -n 20 build.log; exit 1; }
}

mutant() { # what, file, sed script that changes exactly one line
  printf '%s\n' "$1"
  cp "$2" original
  sed -E -i "$3" "$2"
  changed=$(diff original "$2" | grep -c '^>')
  if [ "$changed" -ne 1 ]; then
    echo "  CANNOT BE PLANTED: the edit of $2 changes $changed lines; the code has changed, so must tests/support/mutate.sh"
    survived=$((survived + 1))
  else
    build
    found=0
    for p in $programs; do
      (NINES_QUICK=1 timeout 120 "build/tests/$p" >run.log 2>&1) 2>/dev/null && continue
      found=$((found + 1))
      names=$(sed -n 's/^\[  FAILED  \] \([a-z][a-z0-9_]*\)$/\1/p' run.log | sort -u | paste -sd ' ' | cut -c -100)
      why=$(grep -vE '^\[' run.log | head -n 1)
      echo "  found by $p: ${names:-it ended early}${why:+ — ${why:0:160}}"
    done
    [ $found -gt 0 ] || { echo "  SURVIVED"; survived=$((survived + 1)); }
  fi
  cp original "$2" # newer than what was built from the mutant
}

build
for p in $programs; do
  NINES_QUICK=1 "build/tests/$p" >run.log 2>&1 || { echo "$p fails without a fault"; tail -n 5 run.log; exit 1; }
done
mutant "ties: the last one scheduled fires first" sim/core/event.c \
  's/at << 64 \| as\) < \(\(wide\)\(uint64_t\)bt << 64 \| bs\)/at << 64 | ~as) < ((wide)(uint64_t)bt << 64 | ~bs)/'
mutant "delay line: a head that is cancelled is not followed by the next one" sim/core/event.c \
  '/^void event_cancel/,/^}/ s/line_promote\(c, [^)]*\);/(void)0;/'
mutant "integral: a change forgets when it happened" sim/core/meter.h \
  '/^static inline void integral_add/,/^}/ s/g->moment \+= .*;/(void)now;/'
mutant "histogram: values fall into the bucket above theirs" sim/base/hist.h \
  '/^static inline uint32_t hist_index/,/^}/ s/\(value >> shift\);/(value >> shift) + 1;/'
mutant "meter: a departure is counted under the first result" sim/core/meter.h \
  '/^static inline void meter_depart/,/^}/ s/cell \* m->results \+ result\]/cell * m->results + 0 * result]/'
if [ $survived -eq 0 ]; then echo "all five were found"; else echo "$survived not found"; fi
exit $survived
