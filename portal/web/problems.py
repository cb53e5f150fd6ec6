"""What a form or a call cannot do, in words of the texts: pages say it in the person's language, the API in English."""

from __future__ import annotations

from foundation.errors import WrongInput
from portal.web.texts import Texts


class Problem(WrongInput):
    """What was typed cannot be taken; ``name`` is the text that says why."""

    def __init__(self, name: str, /, **fields: object) -> None:
        super().__init__(Texts("en")(name, **fields).rstrip("."), next_step="Correct it and try again.")
        self.name, self.fields = name, fields

    def told(self, texts: Texts) -> str:
        """Why, in a language."""
        return texts(self.name, **self.fields)


def why(error: WrongInput, texts: Texts) -> str:
    """Why an input was not taken; in English where the texts do not know it."""
    return error.told(texts) if isinstance(error, Problem) else str(error)
