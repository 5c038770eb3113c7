"""The crowd: skill, consensus, retirement and promotion, in NumPy.

Classes are indices 0..C-1; None_of_the_Above is one of them. Matrices are float64.
"""
