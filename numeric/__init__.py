"""What the machine computes: layers, networks and training, in NumPy, by hand."""
