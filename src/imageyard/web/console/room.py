"""What all pages share beside the request: templates, sessions, and who is listening to changes."""

from dataclasses import dataclass, field

from imageyard.web.console.listeners import Listeners
from imageyard.web.console.session import Sessions
from imageyard.web.console.templates import Templates


@dataclass(frozen=True)
class Room:
    templates: Templates
    sessions: Sessions
    listeners: Listeners = field(default_factory=Listeners)
