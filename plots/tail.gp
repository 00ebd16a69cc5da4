# Share of requests above a latency, both axes logarithmic; the blocks of TAIL are all users and
# classes.
# Set before: TAIL, X_…, Y_…, MARK…, LINES NAME COLOUR STYLE KEY, GUIDES GUIDE_AT GUIDE_TEXT
load SCRIPTS.'/common.gp'
load SCRIPTS.'/axis_x.gp'
load SCRIPTS.'/axis_y.gp'
ROW = 86
load SCRIPTS.'/marks.gp'
set tmargin at screen px(116)
set bmargin at screen px(H - 64)
do for [i=1:GUIDES] {
    set arrow 400 + i from graph 0, first GUIDE_AT[i] to graph 1, first GUIDE_AT[i] nohead back \
        lw 1.2 dt 3 lc rgb GREY
    set label 400 + i GUIDE_TEXT[i] at graph 1.008, first GUIDE_AT[i] left font SMALL tc rgb GREY
}
if (KEY) set key at screen RIGHT + 60.0 / W, screen px(116) left top \
    Left reverse samplen 3 font SMALL spacing SPACING
plot for [i=1:LINES] TAIL index i - 1 using 1:2 with lines \
    lw 2.2 dt DASH[STYLE[i]] lc rgb PALETTE[COLOUR[i]] title NAME[i]
