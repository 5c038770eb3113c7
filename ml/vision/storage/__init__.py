"""Files that are whole or absent, and arrays that can be lost."""
