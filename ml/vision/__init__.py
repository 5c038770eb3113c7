"""From pictures to probabilities and vectors; torch is imported only by modules of this room.

``settings``, ``dataset``, ``evaluate``, ``few_shot``, ``gate``, ``calibrate`` and ``errors`` work
without torch, so the web process may import them.
"""
