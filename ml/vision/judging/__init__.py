"""Judging model versions: figures, intervals, comparisons, groups and splits. No torch.

Everything is computed from probabilities and labels alone, so that a worker, a command or a
benchmark judges in the same way; what comes out is plain JSON, which the web process shows.
"""
