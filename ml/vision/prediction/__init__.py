"""Model versions in use: classes, features and heat maps of any glitches."""
