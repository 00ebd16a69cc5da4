# Panel number PANEL from TABLE with LINES blocks NAME COLOUR STYLE, and Y_….
PANEL_TOP = TOP + (PANEL - 1) * (HEIGHT + GAP)
set tmargin at screen px(PANEL_TOP)
set bmargin at screen px(PANEL_TOP + HEIGHT)
load SCRIPTS.'/axis_x.gp'
if (PANEL < PANELS) unset label 904
if (PANEL < PANELS) set for [i=1:X_TICKS] xtics add ('' X_AT[i] X_LEVEL[i])
load SCRIPTS.'/axis_y.gp'
set key at screen RIGHT + 12.0 / W, screen px(PANEL_TOP) left top \
    Left reverse samplen 3 font SMALL spacing SPACING
plot for [i=1:LINES] TABLE index i - 1 using 1:2 with lines \
    lw WIDTH[STYLE[i]] dt DASH[STYLE[i]] lc rgb PALETTE[COLOUR[i]] title NAME[i]
unset label 901
unset label 902
do for [i=1:SPANS] { unset object 300 + i; unset label 300 + i }
