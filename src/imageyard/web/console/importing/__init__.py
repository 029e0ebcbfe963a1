"""From what somebody pastes to images: read it, decide what would become of each line, carry it through a form. Pure."""
