# Histogram of latency above its cumulative distribution.
# Set before: BARS and CDF (tables), X_…, BARS_… and CDF_… (axes), MARK…
load SCRIPTS.'/common.gp'
set multiplot
load SCRIPTS.'/axis_x.gp'
ROW = 86
load SCRIPTS.'/marks.gp'

set tmargin at screen px(116)
set bmargin at screen px(380)
unset label 904
set for [i=1:X_TICKS] xtics add ('' X_AT[i] X_LEVEL[i])
set yrange [BARS_LO:BARS_HI]
set ytics ()
set for [i=1:BARS_TICKS] ytics add (BARS_TEXT[i] BARS_AT[i] BARS_LEVEL[i])
set label 903 BARS_LABEL at screen 22.0 / W, graph 0.5 center rotate by 90 tc rgb INK
plot BARS using 1:2 with filledcurves y=0 fc rgb '#8fbfdd', \
    '' using 1:2 with lines lw 1.4 lc rgb BLUE

do for [i=1:MARKS] {
    if (MARK_ON[i]) { unset arrow 200 + i }
    unset label 300 + i
}
unset label 901
unset label 902
load SCRIPTS.'/axis_x.gp'
set tmargin at screen px(404)
set bmargin at screen px(H - 64)
set yrange [CDF_LO:CDF_HI]
set ytics ()
set for [i=1:CDF_TICKS] ytics add (CDF_TEXT[i] CDF_AT[i] CDF_LEVEL[i])
set label 903 CDF_LABEL at screen 22.0 / W, graph 0.5 center rotate by 90 tc rgb INK
plot CDF using 1:2 with lines lw 2.2 lc rgb BLUE
unset multiplot
