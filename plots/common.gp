# What all pictures share: terminal, fonts, colours, title. Read by the other scripts.
# Set before: FORMAT OUTPUT W H TITLE SUBTITLE, and LEFT RIGHT (sides of the plot area, as parts of
# the width)
set encoding utf8
set datafile separator tab

# Fonts are given in pixels of the PNG. The units of the terminals differ: pixels, points of 4/3
# pixel, and in a PDF the points of a page that is itself measured at 96 pixels an inch.
POINT = FORMAT eq 'svg' ? 1.0 : FORMAT eq 'png' ? 0.75 : 0.5625
SPACING = FORMAT eq 'svg' ? 1.0 : 1.25    # of the lines in a key
SMALL = sprintf(',%g', 13 * POINT)
if (FORMAT eq 'svg') set terminal svg noenhanced size W,H font 'sans-serif,15' \
    background '#ffffff'
if (FORMAT eq 'png') set terminal pngcairo noenhanced size W,H font 'Sans,11.25' \
    background '#ffffff'
if (FORMAT eq 'pdf') set terminal pdfcairo noenhanced size W/96.0,H/96.0 font 'Sans,8.4375' \
    fontscale 1 linewidth 1.4 background '#ffffff'
set output OUTPUT

# Okabe and Ito's palette, distinct also to colour-blind readers; black and grey come last.
array PALETTE[8] = ['#0072B2', '#D55E00', '#009E73', '#56B4E9', \
    '#E69F00', '#CC79A7', '#000000', '#707070']
# Styles of lines: 1-6 for six addresses or classes, 7 thin, 8 thin and dotted. Dash types are numbers,
# since gnuplot takes no others from an array.
set dashtype 11 (12,4)
set dashtype 12 (10,3,2,3)
set dashtype 13 (5,3)
set dashtype 14 (16,3,2,3,2,3)
set dashtype 15 (3,3)
set dashtype 16 (2,2)
array DASH[8] = [1, 11, 12, 13, 14, 15, 1, 16]
array WIDTH[8] = [2.2, 2.2, 2.2, 2.2, 2.2, 2.2, 1.2, 1.8]
BLUE = '#0072B2'; VERMILION = '#D55E00'; PURPLE = '#A8417E'; INK = '#222222'; GREY = '#707070'

px(y) = 1 - y / (1.0 * H)    # screen coordinate of a pixel counted from the top

set label 901 TITLE at screen 20.0 / W, screen px(27) left \
    font sprintf(',%g', 21 * POINT) tc rgb INK
set label 902 SUBTITLE at screen 20.0 / W, screen px(54) left tc rgb GREY

set lmargin at screen LEFT
set rmargin at screen RIGHT
set border 3 lw 1 lc rgb GREY
set tics nomirror out scale 0.6, 0.3 tc rgb INK
set grid xtics ytics lt 1 lw 0.6 lc rgb '#dddddd'
set style fill solid 1 noborder
unset key
