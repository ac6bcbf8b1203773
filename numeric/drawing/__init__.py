"""What all pages are drawn with: HTML and SVG as text, axes, curves, arrays as pictures, and one look for all."""
