# The vertical axis from Y_LO Y_HI Y_LOG Y_LABEL Y_TICKS Y_AT Y_TEXT Y_LEVEL.
unset logscale y
if (Y_LOG) set logscale y
set yrange [Y_LO:Y_HI]
set ytics ()
set for [i=1:Y_TICKS] ytics add (Y_TEXT[i] Y_AT[i] Y_LEVEL[i])
set label 903 Y_LABEL at screen 22.0 / W, graph 0.5 center rotate by 90 tc rgb INK
