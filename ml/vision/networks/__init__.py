"""The torch modules, the weights they start from, and the files they end in."""
