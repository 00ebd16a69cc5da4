# Vertical lines for MARKS quantiles (kind 1) and SLO bounds (kind 2). MARK_AT and MARK_LABEL are
# parts of the axis; the labels stand in a row above the plot at ROW (pixels from the top), joined by
# leaders.
# MARK_ON is 0 for what lies beyond the axis and has only its label.
array KIND_COLOUR[2] = [VERMILION, PURPLE]
array KIND_DASH[2] = [1, 11]
do for [i=1:MARKS] {
    if (MARK_ON[i]) {
        set arrow 100 + i from graph MARK_AT[i], graph 0 to graph MARK_AT[i], graph 1 nohead front \
            lw 1.6 dt KIND_DASH[MARK_KIND[i]] lc rgb KIND_COLOUR[MARK_KIND[i]]
        set arrow 200 + i from graph MARK_AT[i], graph 1 \
            to graph MARK_LABEL[i], screen px(ROW + 10) \
            nohead front lw 1 lc rgb KIND_COLOUR[MARK_KIND[i]]
    }
    set label 300 + i MARK_TEXT[i] at graph MARK_LABEL[i], screen px(ROW) center font SMALL \
        tc rgb KIND_COLOUR[MARK_KIND[i]]
}
