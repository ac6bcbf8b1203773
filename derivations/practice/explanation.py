"""Explain it in plain words: our own explanation of a subject, and the ideas of it that a text never touches.

Words are looked for, and nothing else: a text may touch every idea and be wrong, or say it all in words of its own.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from derivations.layer import DerivationError
from derivations.practice.layers import family_of

MOST_CHARACTERS = 20_000
WORDS_ONLY = (
    "This is a list of words that were looked for. It does not measure understanding: a text may touch every idea "
    "and be wrong, or say it all in other words."
)


@dataclass(frozen=True)
class Idea:
    """An idea of an explanation, and the words that show it is touched; `transpos*` stands for all that begin so."""

    title: str
    sentence: str
    words: tuple[str, ...]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        ways = (r"[\W_]+".join(re.escape(part).replace(r"\*", r"\w*") for part in way.split()) for way in self.words)
        return re.compile(rf"(?<!\w)(?:{'|'.join(ways)})(?!\w)")

    def is_touched(self, text: str) -> bool:
        """Whether one of the words stands in a text. Raises DerivationError for a text that is too long."""
        if len(text) > MOST_CHARACTERS:
            raise DerivationError(f"the text has {len(text)} characters; at most {MOST_CHARACTERS} are read")
        return self._pattern.search(unicodedata.normalize("NFKC", text).casefold()) is not None


@dataclass(frozen=True)
class Explanation:
    """What a subject is in plain words, and the ideas that it is made of."""

    subject: str
    title: str
    text: str
    ideas: tuple[Idea, ...]

    def untouched(self, text: str) -> list[Idea]:
        """The ideas of which no word stands in a text, in order.

        Raises DerivationError for a text of more than 20 000 characters.
        """
        return [idea for idea in self.ideas if not idea.is_touched(text)]

    def beside(self, text: str, width: int = 80) -> str:
        """What to show to somebody who has explained it: our own explanation, and what theirs never touches."""
        untouched = self.untouched(text)
        lines = [f"{self.title}, in our words:", "", *textwrap.wrap(self.text, width), ""]
        if untouched:
            lines.append("Your text never touches:")
            for idea in untouched:
                lines += textwrap.wrap(
                    f"{idea.title}: {idea.sentence}", width, initial_indent="- ", subsequent_indent="  "
                )
        else:
            lines.append(f"Your text touches all {len(self.ideas)} ideas.")
        return "\n".join([*lines, "", *textwrap.wrap(WORDS_ONLY, width)])


LOSS = ("loss", "losses", "cost", "costs", "depend*", "influenc*", "chain rule")
SUMS = ("sum", "sums", "summed", "summing", "summation", "add* up", "add* together", "are added", "is added", "total*")
TRANSPOSES = ("transpos*", "other way round", "other way around", "rows and columns", "columns and rows", "by columns")
BATCH = ("batch*", "minibatch*", "examples", "every example", "each example", "samples", "each sample")
SLOPE = ("slope*", "steep*", "flat", "derivative of the activation", "derivative of sigma", "sigma prime", "saturat*")


NEURON = Explanation(
    "neuron",
    "One neuron",
    "A neuron multiplies each of its inputs by a weight, adds the products and a bias, and squashes the sum. The "
    "loss depends on a weight only through that sum, and on the sum only through what the neuron puts out, so the "
    "derivative is a product, one factor for each link of the chain. The first says how the loss changes with the "
    "output. The second is the slope of the squashing function at the sum: where it is flat, the neuron hardly "
    "learns. The third is the input, for a weight counts as much as the input that it is multiplied by; for the "
    "bias it is 1. Every example of a batch sends such a share to the same weight, and the shares are added up, or "
    "averaged if the loss is a mean.",
    (
        Idea("what the loss depends on", "The loss depends on a weight through the weighted sum and the output.", LOSS),
        Idea(
            "a product of links",
            "The chain rule multiplies one factor for each link.",
            ("chain*", "product", "multipl*"),
        ),
        Idea("the slope", "The slope of the activation at the weighted sum is one of the factors.", SLOPE),
        Idea("the input", "A weight counts as much as the input that it is multiplied by.", ("input*",)),
        Idea("what the batch does", "Every example of the batch adds its share to the same weight.", BATCH),
    ),
)

LINEAR = Explanation(
    "linear",
    "A linear layer",
    "In a linear layer every output is a weighted sum of all inputs, plus a bias. The loss depends on the inputs "
    "and the weights only through the outputs, and dY says how much it depends on each of those. An input goes into "
    "every output of its example, so it collects a share from each: dY times the weight, summed over the outputs. "
    "Going forward the weights are summed over inputs, going back over outputs, and that is why they appear "
    "transposed. A weight takes part in every example of the batch, so its gradient is input times dY, summed over "
    "the examples, which is a matrix product with X transposed. The bias is added to every example as it is, so it "
    "gets the plain sum of dY over the batch.",
    (
        Idea("what the loss depends on", "The loss depends on weights and inputs only through the outputs.", LOSS),
        Idea("why sums appear", "What goes into several places collects a share from each: the sum over them.", SUMS),
        Idea(
            "where transposes come from",
            "Going back, the weights are summed over the other index: that is the transpose.",
            TRANSPOSES,
        ),
        Idea("what the batch does", "All examples share the weights, so their gradients add up over the batch.", BATCH),
        Idea("the bias", "The bias is added as it is, so it gets the sum of dY.", ("bias*",)),
    ),
)

FOUR_EQUATIONS = Explanation(
    "four_equations",
    "BP1 to BP4",
    "Call the derivative of the cost with respect to the weighted input of a neuron its error. In the last layer "
    "the cost depends on that input through the neuron's own activation alone, so the error is the gradient with "
    "respect to the activation times the slope of sigma (BP1). In an earlier layer an activation goes into every "
    "neuron of the next one, and each hands its error back, multiplied by the weight between them; these shares are "
    "added up, which reads the weights by columns, so they stand transposed, and then comes the slope again (BP2). "
    "The bias is added as it is, so its gradient is the error itself (BP3). A weight multiplies the activation that "
    "comes in, so its gradient is that activation times the error (BP4). For a batch, the gradients of weights and "
    "biases are added over the examples.",
    (
        Idea("what the cost depends on", "The cost depends on an early neuron only through the later ones.", LOSS),
        Idea(
            "the error",
            "The error of a neuron is how much the cost depends on its weighted input.",
            ("error*", "delta*"),
        ),
        Idea("the slope", "The slope of sigma turns a gradient by the activation into an error.", SLOPE),
        Idea("why sums appear", "An activation goes into every neuron of the next layer: their shares add up.", SUMS),
        Idea(
            "where transposes come from",
            "Errors go back over the same weights, read by columns: transposed.",
            TRANSPOSES,
        ),
        Idea("biases and weights", "The bias gets the error, a weight the error times what comes in.", ("bias*",)),
        Idea("what the batch does", "The gradients of weights and biases add up over the examples.", BATCH),
    ),
)

NETWORK = Explanation(
    "network",
    "A whole network",
    "A network is a chain of layers, and the loss depends on an early layer only through all the later ones. Going "
    "forward, every layer keeps what it computed. Going back, each layer is handed the derivative of the loss with "
    "respect to its output, and does two things: it turns that into the derivative with respect to its input, which "
    "is what the layer before needs, and it reads off the gradient of its own parameters. Where something is used "
    "several times, the shares that come back are added up. A layer that multiplies by a matrix going forward "
    "multiplies by its transpose going back. A parameter is shared by all examples of the batch, so its gradient is "
    "a sum, or a mean, over them. One pass back costs about as much as a few passes forward, however many "
    "parameters there are.",
    (
        Idea("what the loss depends on", "The loss depends on an early layer only through the later ones.", LOSS),
        Idea(
            "backwards, layer by layer",
            "Each layer hands the derivative by its input back to the layer before.",
            ("back", "backward*", "backprop*", "reverse*"),
        ),
        Idea(
            "what the forward pass keeps",
            "The way back needs what was computed going forward.",
            ("forward*", "keep*", "kept", "remember*", "store*", "cache*"),
        ),
        Idea("why sums appear", "What is used several times gets a share from each use: their sum.", SUMS),
        Idea("where transposes come from", "A matrix going forward is its transpose going back.", TRANSPOSES),
        Idea("what the batch does", "All examples share the parameters, so gradients add up over the batch.", BATCH),
    ),
)

SOFTMAX_CROSS_ENTROPY = Explanation(
    "softmax_cross_entropy",
    "Softmax with cross-entropy",
    "Softmax turns scores into positive numbers that add up to 1, and the loss is minus the logarithm of the one "
    "that the true class gets. The loss depends on every score, not just on that of the true class, because all "
    "probabilities share one denominator: raise one score, and the others lose what it gains. That is where the sum "
    "over the classes comes from. Minus the logarithm has the slope minus one over the probability, and this "
    "cancels the probability that softmax's derivative brings. What is left is simple: the probability minus 1 for "
    "the true class, the probability alone for the others, that is, what came out minus what was wanted. These "
    "differences add up to zero. The loss is a mean over the batch, so each is divided by the number of examples, "
    "and examples do not mix.",
    (
        Idea("what the loss depends on", "The loss depends on every score, not only on the true class's.", LOSS),
        Idea(
            "why sums appear",
            "All probabilities share one denominator, so every score changes all of them.",
            ("denominator*", "add* up to 1", "add* up to one", "sum* to 1", "sum* to one", "normali*", "the others"),
        ),
        Idea(
            "what cancels", "The logarithm's 1/p cancels the p of softmax's slope.", ("cancel*", "simplif*", "is left")
        ),
        Idea(
            "what is left",
            "What came out minus what was wanted: minus 1 for the true class alone.",
            ("minus", "difference*", "subtract*", "one hot", "a - y", "p - y"),
        ),
        Idea("what the batch does", "The loss is a mean over the batch: 1/N, and examples do not mix.", BATCH),
    ),
)

CONVOLUTION = Explanation(
    "convolution",
    "A convolution",
    "A convolution lays a small kernel over every place of an image, multiplies, and adds up, with the same weights "
    "everywhere. The loss depends on a weight through every place that it was used at, so its gradient is summed "
    "over all places, and over the examples of the batch: the pixel beneath it times what comes back from that "
    "output. A pixel goes into several outputs, those whose windows reach it, and collects a share from each. Going "
    "forward, the output at p reads the pixel at p + r by the weight at r; going back, the pixel at i hears from "
    "the output at i - r, so the kernel is read flipped, and input and output channels change places: that is the "
    "transpose here. A stride skips outputs; padding counts as zero, so nothing comes back from it.",
    (
        Idea("what the loss depends on", "The loss depends on a weight through every place that it is used at.", LOSS),
        Idea(
            "the same weights everywhere",
            "The kernel is shared by all places, so its gradient adds up over them.",
            ("share*", "same weight*", "same kernel", "same filter", "everywhere", "every place", "every position"),
        ),
        Idea("why sums appear", "A pixel is in several windows, and the sum over them comes back.", SUMS),
        Idea(
            "where the flip comes from",
            "Forward reads p + r, back reads i - r: the kernel is flipped, channels transposed.",
            ("flip*", "mirror*", "revers*", *TRANSPOSES),
        ),
        Idea(
            "stride and padding",
            "A stride skips outputs, and padding is zero.",
            ("stride*", "padd*", "border*", "edge*"),
        ),
        Idea("what the batch does", "Every example adds its share to the same kernel.", BATCH),
    ),
)

RECURRENCE = Explanation(
    "recurrence",
    "A recurrent layer",
    "A recurrent layer applies the same step at every moment, and hands its state on to the next. The loss depends "
    "on a state in two ways: directly, through what is read from it at its own time, and through the next state, "
    "which was made from it. Both shares are added. So the derivative runs backwards in time, from the last step to "
    "the first, and each step multiplies it by the transposed recurrent weights and by the slope of the activation. "
    "If these factors are small it vanishes, if they are large it may explode. The weights are shared by all steps: "
    "every step, and every example of the batch, adds its share to the same gradient, what came in times what comes "
    "back. What is left at the end belongs to the state before the first step.",
    (
        Idea("what the loss depends on", "The loss depends on a state directly, and through the next state.", LOSS),
        Idea(
            "backwards in time",
            "The derivative runs from the last step to the first.",
            ("backward* in time", "back in time", "through time", "last step", "from the end", "backward*"),
        ),
        Idea(
            "why sums appear",
            "The weights are shared by all steps, so every step adds its share.",
            ("share*", "same weights", "all steps", "every step", "each step", "all time steps", *SUMS),
        ),
        Idea(
            "where transposes come from", "Each step back multiplies by the transposed recurrent weights.", TRANSPOSES
        ),
        Idea(
            "vanishing and exploding",
            "A product over many steps vanishes or explodes.",
            ("vanish*", "explod*", "shrink*", "blow* up"),
        ),
        Idea("what the batch does", "Every example of the batch adds its share to the same weights.", BATCH),
    ),
)

NORMALIZATION = Explanation(
    "normalization",
    "Batch norm and layer norm",
    "Normalising subtracts a mean and divides by the standard deviation, then scales by gamma and shifts by beta. "
    "The loss depends on an entry in three ways: through its own normalised value, and through the mean and the "
    "variance, which it shares with all the others that were averaged. So two sums come back beside the plain term; "
    "they take out of the derivative its mean and its part along the normalised values, for shifting all entries "
    "together, or stretching them, changes nothing that comes out, but for eps. What remains is divided by the "
    "standard deviation. Batch norm averages over the examples, so the examples of a batch influence each other; "
    "layer norm averages over the features of one example, so they do not. Gamma and beta are shared by all "
    "examples, so their gradients are sums over the batch.",
    (
        Idea(
            "what the loss depends on",
            "The loss depends on an entry in three ways: by itself, the mean and the variance.",
            LOSS,
        ),
        Idea(
            "mean and variance",
            "The statistics are made of all entries, so each entry moves all outputs.",
            ("mean*", "variance*", "standard deviation", "statistic*", "average*"),
        ),
        Idea("why sums appear", "Mean and variance hand back the sums over what was averaged.", SUMS),
        Idea(
            "what changes nothing",
            "Shifting or stretching all entries together changes nothing that comes out.",
            ("shift*", "stretch*", "rescal*", "invarian*", "unchanged", "changes nothing"),
        ),
        Idea(
            "gamma and beta",
            "Gamma and beta scale and shift: they get sums, as weight and bias would.",
            ("gamma", "beta"),
        ),
        Idea("what the batch does", "In batch norm the examples influence each other, in layer norm not.", BATCH),
    ),
)

ATTENTION = Explanation(
    "attention",
    "Attention",
    "Every query is compared with every key by a product summed over the features; softmax makes weights of these "
    "scores that add up to 1, and the output is the mean of the values with these weights. The loss depends on a "
    "value through every query that looked at it, so the value collects the weights times what comes back, summed "
    "over the queries: the matrix of weights, transposed. It depends on a score through softmax, where all keys of "
    "a query share a denominator, so their weighted mean is taken off. A query then gets a sum over the keys, a key "
    "a sum over the queries, again a transpose, both divided by the square root of the width like the scores. "
    "Masked places have weight zero and get nothing. The sequences of a batch do not mix.",
    (
        Idea("what the loss depends on", "The loss depends on a value through every query that looked at it.", LOSS),
        Idea(
            "queries, keys and values",
            "Queries are compared with keys, and the values are averaged.",
            ("quer*", "key", "keys"),
        ),
        Idea(
            "the softmax in between",
            "All keys of a query share a denominator, so a weighted mean is taken off.",
            ("softmax*", "denominator*"),
        ),
        Idea("why sums appear", "A value is summed over the queries that looked at it.", SUMS),
        Idea("where transposes come from", "From queries to keys and back is the transpose.", TRANSPOSES),
        Idea(
            "scale and mask",
            "The root of the width divides back as it did forward; masked places get nothing.",
            ("square root", "scale*", "scaling", "mask*", "sqrt*"),
        ),
        Idea("what the batch does", "The sequences of a batch do not mix.", BATCH),
    ),
)

EXPLANATIONS: Mapping[str, Explanation] = {
    explanation.subject: explanation
    for explanation in (
        NEURON,
        LINEAR,
        FOUR_EQUATIONS,
        NETWORK,
        SOFTMAX_CROSS_ENTROPY,
        CONVOLUTION,
        RECURRENCE,
        NORMALIZATION,
        ATTENTION,
    )
}

_OF_SKILLS = {
    "nielsen.sigmoid_prime": NEURON,
    "nielsen.tanh": NEURON,
    "nielsen.cross_entropy": SOFTMAX_CROSS_ENTROPY,
    "nielsen.softmax": SOFTMAX_CROSS_ENTROPY,
    "nielsen.log_likelihood": SOFTMAX_CROSS_ENTROPY,
}
_OF_FAMILIES = {
    "linear": LINEAR,
    "losses": SOFTMAX_CROSS_ENTROPY,
    "convolution": CONVOLUTION,
    "grouped_convolution": CONVOLUTION,
    "transposed_convolution": CONVOLUTION,
    "recurrent": RECURRENCE,
    "linear_recurrence": RECURRENCE,
    "normalization": NORMALIZATION,
    "attention": ATTENTION,
}


def explanation_for(skill: str) -> Explanation:
    """The explanation that fits a skill best, such as "layers.conv2d.dK"; a whole network's where none is nearer."""
    if skill in _OF_SKILLS:
        return _OF_SKILLS[skill]
    topic, _, rest = skill.partition(".")
    if topic == "nielsen":
        return FOUR_EQUATIONS
    family = family_of(rest.partition(".")[0]) if topic == "layers" else None
    return _OF_FAMILIES.get(family or "", NETWORK)
