"""``python -m hyperdust.bench``: our speed beside the speed of others, measured in turn by one command on one machine.

A benchmark of one's own work convinces nobody who cannot repeat it. This one needs only numpy and gymnasium; each peer that is
installed joins, each that is not is named with the package that brings it. Every contestant runs the same task with the same
frame skip, time step, action bounds and distribution of actions; what cannot be made equal is listed in docs/performance.md.

``tasks``: what is compared. ``contestants``: who. ``measure``: the loop and the rounds. ``split``: where one of our steps spends its
time. ``memory``: what a lane weighs. ``machine``: where it was measured. ``report``: table, JSON, Markdown, picture.
"""
