# Latency percentiles over time.
# Set before: TABLE with LINES blocks NAME COLOUR STYLE, X_…, Y_…, SPAN…, LANES, BOUNDS BOUND_AT
# BOUND_TEXT
load SCRIPTS.'/common.gp'
load SCRIPTS.'/axis_x.gp'
load SCRIPTS.'/axis_y.gp'
load SCRIPTS.'/spans.gp'
set tmargin at screen px(TOP)
set bmargin at screen px(H - 64)
set key at screen RIGHT + 12.0 / W, screen px(TOP) left top \
    Left reverse samplen 3 font SMALL spacing SPACING
plot for [i=1:LINES] TABLE index i - 1 using 1:2 with lines \
        lw WIDTH[STYLE[i]] dt DASH[STYLE[i]] lc rgb PALETTE[COLOUR[i]] title NAME[i], \
    for [i=1:BOUNDS] BOUND_AT[i] with lines lw 1.8 dt DASH[1 + i] lc rgb PURPLE title BOUND_TEXT[i]
