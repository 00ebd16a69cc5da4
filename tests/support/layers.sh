#!/bin/sh
# A file includes only its own layer and those below; lua.h is for bind, GSL for a few, pipes for two.
order="base core node agent theory lab report bind cli"
status=0
below=""
for layer in $order; do
  below="$below $layer"
  for f in sim/$layer/*.[ch]; do
    [ -e "$f" ] || continue
    for other in $(sed -n 's|^#include "\([a-z]*\)/.*|\1|p' "$f"); do
      case " $below " in *" $other "*) ;; *) echo "$f: includes $other, a layer above $layer"; status=1 ;; esac
    done
  done
done
grep -ln '#include <l\(ua\|auxlib\|ualib\)\.h>' sim/*/*.[ch] | grep -v '^sim/bind/' | sed 's|$|: only bind may see lua.h|' | grep . && status=1
grep -ln '#include <gsl/' sim/*/*.[ch] | grep -Ev '^sim/(base/(rng|dist|stats)|theory/|lab/)' | sed 's|$|: may not see GSL|' | grep . && status=1
grep -lnE '\b(popen|posix_spawnp?|execvp?) *\(' sim/*/*.c | grep -Ev '^sim/report/(plot|diagram)' | sed 's|$|: may not open pipes|' | grep . && status=1
[ $status = 0 ] && echo "layers hold"
exit $status
