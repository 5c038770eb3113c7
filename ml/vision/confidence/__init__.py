"""How far an answer can be believed: temperature, and likeness to the class named. NumPy."""
