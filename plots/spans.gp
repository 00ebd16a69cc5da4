# Warm-up (WARMUP: it is the first span) and faults, shaded over the plot, and as bars with their texts
# in LANES lanes above it. Positions are parts of the time axis; the plot area begins TOP pixels below
# the top.
LANE = 20
TOP = 78 + LANES * LANE
do for [i=1:SPANS] {
    SHADE = (WARMUP && i == 1) ? '#909090' : '#E69F00'
    set object 100 + i rectangle from graph SPAN_FROM[i], graph 0 to graph SPAN_TO[i], graph 1 \
        behind fc rgb SHADE fs transparent solid 0.16 noborder
    BAR = TOP - 6 - SPAN_LANE[i] * LANE
    set object 300 + i rectangle from graph SPAN_FROM[i], screen px(BAR) \
        to graph SPAN_TO[i], screen px(BAR - 16) noclip behind fc rgb SHADE \
        fs transparent solid 0.45 noborder
    set label 300 + i SPAN_TEXT[i] at graph SPAN_TEXT_X[i], screen px(BAR - 8) left front \
        font SMALL tc rgb INK
}
