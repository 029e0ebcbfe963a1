"""A sentence for people, in the two languages the product speaks."""

from typing import Literal, NamedTuple

Language = Literal["zh", "en"]


class Text(NamedTuple):
    """One sentence, Chinese and English. Never holds a secret: it is shown, stored and logged."""

    zh: str
    en: str

    def speak(self, language: Language) -> str:
        """Answer the sentence in `language`."""
        return self.zh if language == "zh" else self.en


def excerpt(given: str, longest: int = 80) -> str:
    """What a message shows of a text that a caller sent: bounded, and without the half surrogate pairs that JSON can
    write and UTF-8 cannot."""
    shown = given if len(given) <= longest else given[:longest] + "…"
    return shown.encode(errors="replace").decode()
