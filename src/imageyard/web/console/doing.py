"""What a request does where its route does not tell all: one form does several things, and the button decides. Logs,
metrics and the audit name it so."""

from imageyard.domain.kinds import REPOSITORY
from imageyard.web.console.visit import Visit


def to_image(visit: Visit, verb: str, namespace: str = "", name: str = "", sub: str = "") -> None:
    """This request does something to an image; `name` "" to several."""
    asked = visit.exchange
    asked.resource = f"{REPOSITORY.plural}/{sub}" if sub else REPOSITORY.plural
    asked.verb = verb
    asked.namespace, asked.name = namespace, name
