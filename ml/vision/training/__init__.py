"""From a training set to a file of weights, also after a kill and on several devices."""
