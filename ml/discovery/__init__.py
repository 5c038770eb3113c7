"""Finding classes nobody named: choosing an embedding, clustering the unknown, describing groups.

Arrays in, frozen dataclasses out; scikit-learn and hdbscan, no torch.
"""
