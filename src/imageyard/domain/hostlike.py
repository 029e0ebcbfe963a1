"""Whether the first component of a path looks like a registry's host rather than a folder.

`docker pull` decides by "has a dot". Here the registry is named elsewhere and a Harbor project may be called
`my.project`, so a dot is not enough: the last label has to be one under which hosts are really found.
"""

import re
from typing import Final

_GENERIC: Final = (
    "aero app art biz blog cloud club com company coop dev digital edu email global gov group info ink int io link "
    "live ltd mil mobi name net network ngo one online org page pro pub run shop site software solutions store studio "
    "systems team tech technology tools top vip wang website wiki work world xyz zone "
    "amazonaws arpa corp example home internal intra intranet invalid lan local localdomain localhost onion priv "
    "private svc test"
)
"""Generic top-level domains that registries use, and the endings of names on private networks."""

_COUNTRIES: Final = (
    "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc cd "
    "cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gd ge "
    "gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh "
    "ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw "
    "mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb "
    "sc sd se sg sh si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk "
    "us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw"
)
"""Country codes in use (ISO 3166-1 and the few beside it)."""

_ENDINGS = frozenset(_GENERIC.split()) | frozenset(_COUNTRIES.split())
_QUAD = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")


def looks_like_host(component: str) -> bool:
    """`harbor.example.com`, `10.0.0.5`, `localhost`, anything with a colon; not `library`, `my.project`, `v1.2`."""
    if ":" in component or component == "localhost" or _QUAD.fullmatch(component):
        return True
    name, dot, ending = component.lower().rpartition(".")
    return bool(name and dot) and (ending in _ENDINGS or ending.startswith("xn--"))
