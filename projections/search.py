"""Finding a company by what people call it, in any script: the text that is compared."""

import unicodedata


def normalise(text: str) -> str:
    """Case, width and accents taken away: XIAOMI, Xiaomi in full-width letters and with an accent
    are one."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize(
        "NFC", "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    )
