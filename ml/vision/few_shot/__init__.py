"""Classes learned from a handful of labels, and guesses for the glitches that have none."""
