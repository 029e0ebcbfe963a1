"""The sections of the access page, each for who may look at what it shows."""

from typing import Final, NamedTuple

from imageyard.domain.kinds import CLUSTER_ROLE, CLUSTER_ROLE_BINDING
from imageyard.domain.kinds.reviews import ACCESS
from imageyard.web.admin import door as admin
from imageyard.web.console.may import May

CREDENTIALS: Final = "/console/access"
ROLES: Final = "/console/access/roles"
CHECK: Final = "/console/access/check"


class Tab(NamedTuple):
    key: str
    href: str


def of(may: May) -> tuple[Tab, ...]:
    tabs = (
        (Tab("credentials", CREDENTIALS), may.path("get", admin.TOKENS)),
        (Tab("roles", ROLES), may("list", CLUSTER_ROLE, "") and may("list", CLUSTER_ROLE_BINDING, "")),
        (Tab("check", CHECK), may("create", ACCESS, "")),
    )
    return tuple(tab for tab, open_ in tabs if open_)
