"""Equations and derivations as text, LaTeX, Markdown, HTML, JSON and NumPy source: one file each."""
