# Queues, utilisation and throughput over time, stacked: this begins the picture, load_panel.gp adds
# a panel.
# Set before: PANELS, X_…, SPAN…, LANES
load SCRIPTS.'/common.gp'
set multiplot
load SCRIPTS.'/axis_x.gp'
load SCRIPTS.'/spans.gp'
GAP = 22.0
HEIGHT = (H - 64.0 - TOP + GAP) / PANELS - GAP
