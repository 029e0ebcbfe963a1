"""What a request does, as logs, metrics and the audit name it: the verb, and the objects it is about."""

from imageyard.domain.kinds import REPOSITORY
from imageyard.web.console.visit import Visit


def to_image(visit: Visit, verb: str, namespace: str = "", name: str = "", sub: str = "") -> None:
    """This request does something to an image; `name` "" to several, or to one that has no name yet."""
    asked = visit.exchange
    asked.resource = f"{REPOSITORY.plural}/{sub}" if sub else REPOSITORY.plural
    asked.verb = verb
    asked.namespace, asked.name = namespace, name
