"""The book: a static site of every layer and of the chapters that tie them together, and the same as LaTeX.

from derivations.book import write_book
write_book("book", ["linear", "lstm"])
"""

from derivations.book.chapters import CHAPTERS, EXAMPLES
from derivations.book.example import Example, Part, carried
from derivations.book.site import require_place, write_book

__all__ = ["CHAPTERS", "EXAMPLES", "Example", "Part", "carried", "require_place", "write_book"]
