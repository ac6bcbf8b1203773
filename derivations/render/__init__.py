"""Equations and derivations as text, LaTeX, MathML, Markdown, HTML, JSON and NumPy source: one file each."""
