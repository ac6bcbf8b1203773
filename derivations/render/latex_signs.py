"""Characters that LaTeX does not know by itself, and what it is told to write for them."""

from __future__ import annotations

import unicodedata

_SIGNS = {
    "σ": r"\sigma", "δ": r"\delta", "Σ": r"\Sigma", "∂": r"\partial", "∇": r"\nabla", "·": r"\cdot", "⊙": r"\odot",
    "ᵀ": "^{T}", "√": r"\surd", "→": r"\to", "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "′": "'", "∞": r"\infty",
    "π": r"\pi", "²": "^2", "³": "^3", "⁻": "^-", "¹": "^1", "⁰": "^0", "½": r"\tfrac12", "λ": r"\lambda",
    "γ": r"\gamma", "β": r"\beta", "μ": r"\mu", "ε": r"\varepsilon", "α": r"\alpha", "×": r"\times", "−": "-",
    "±": r"\pm", "≈": r"\approx", "∈": r"\in", "τ": r"\tau", "θ": r"\theta", "η": r"\eta", "φ": r"\varphi",
    "⁺": "^+", "ˡ": "^l", "ᴸ": "^L", "ₐ": "_a",
}  # fmt: skip
_WORDS = {"…": r"\ldots{}", "–": "--", "—": "---", "“": "``", "”": "''", "’": "'", "\u00a0": "~"}


def declarations(body: str) -> list[str]:
    """A declaration for every character that TeX does not know; one that has no meaning here is a question mark."""
    return [
        rf"\DeclareUnicodeCharacter{{{ord(sign):04X}}}{{{_meaning(sign)}}}"
        for sign in sorted(set(body))
        if ord(sign) > 127 and not _is_latin_letter(sign)
    ]


def _is_latin_letter(sign: str) -> bool:
    return unicodedata.name(sign, "").startswith("LATIN ") and sign.isalpha() and sign <= "\u017f"


def _meaning(sign: str) -> str:
    return rf"\ensuremath{{{_SIGNS[sign]}}}" if sign in _SIGNS else _WORDS.get(sign, "?")
