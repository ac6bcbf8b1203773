"""The chapters, in the order in which they are read."""

from derivations.book.chapter import Chapter
from derivations.book.chapters import (
    attention,
    convolution,
    four_equations,
    one_layer,
    one_neuron,
    recurrence,
    whole_network,
    why_checks_work,
)
from derivations.book.example import Example

CHAPTERS: tuple[Chapter, ...] = (
    one_neuron.CHAPTER,
    one_layer.CHAPTER,
    four_equations.CHAPTER,
    whole_network.CHAPTER,
    convolution.CHAPTER,
    recurrence.CHAPTER,
    attention.CHAPTER,
    why_checks_work.CHAPTER,
)
EXAMPLES: tuple[Example, ...] = tuple(example for chapter in CHAPTERS for example in chapter.examples)
