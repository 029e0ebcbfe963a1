"""From what somebody pastes to images: read it, judge each line, carry all of them through a form. Pure."""
