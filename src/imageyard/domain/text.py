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
