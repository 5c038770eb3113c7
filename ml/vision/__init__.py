"""From pictures to probabilities and vectors.

A room uses those below it, never those above (``.importlinter``)::

    prediction   model versions in use: classes, features, heat maps; ensembles
    judging      figures, comparisons, the gate; ``evaluate`` has the first of them
    training     one training, from the pictures to a file of weights
    few_shot     classes from a handful of labels
    embedding    vectors to cluster the unknown in
    logits       what a network answers to its inputs
    inputs       pictures -> views -> what the frozen part makes of them
    networks     backbones, heads, weights, files
    confidence   temperature and novelty
    recipes      the settings of a training, by name
    storage, devices, memory, errors

What needs no torch serves the web process too: recipes, confidence, judging, ``evaluate``, the
data classes and errors (``.importlinter``).
"""
