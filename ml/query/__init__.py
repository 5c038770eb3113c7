"""What to ask next, and whom: uncertainty, diversity, streams and the random audit, in NumPy.

Probabilities are rows of float64, one a glitch, one column a class.
"""
