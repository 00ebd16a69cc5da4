# The horizontal axis from X_LO X_HI X_LOG X_LABEL X_TICKS X_AT X_TEXT X_LEVEL.
unset logscale x
if (X_LOG) set logscale x
set xrange [X_LO:X_HI]
set xtics ()
set for [i=1:X_TICKS] xtics add (X_TEXT[i] X_AT[i] X_LEVEL[i])
set label 904 X_LABEL at graph 0.5, screen px(H - 14) center tc rgb INK
