"""Where a deed leads: a browser follows it by itself, a script that asked is told where to go."""

from imageyard.web import reply
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Reply


def to(visit: Visit, href: str) -> Reply:
    if not visit.enhanced:
        return reply.see_other(href)
    return reply.NO_CONTENT._replace(headers=(*reply.NO_CONTENT.headers, (b"hx-redirect", href.encode("ascii"))))
