"""What all pages share beside the request: templates, sessions, who is listening to changes, what is shown once."""

from dataclasses import dataclass, field

from imageyard.web.console.listeners import Listeners
from imageyard.web.console.once import Once
from imageyard.web.console.session import Sessions
from imageyard.web.console.templates import Templates


@dataclass(frozen=True)
class Room:
    templates: Templates
    sessions: Sessions
    listeners: Listeners = field(default_factory=Listeners)
    once: Once = field(default_factory=Once)
