"""Pictures of what the machine computes: pages that need no network, from a trained model."""
