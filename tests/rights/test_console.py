"""At the console, what a role may not do is absent, and pages show only what one may see."""

from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

from imageyard.web.console import routes
from tests.rights import console, oracle
from tests.rights.people import HELD, KNOWN, OTHER, OWN, Person
from tests.rights.routes import filled
from tests.rights.yard import Yard
from tests.web.console import markup

BEYOND = {"/console/preferences", "/console/sign-out"}


def test_every_route_has_a_promise_and_every_promise_a_route() -> None:
    known = {key for _, _, key in console.all_of()}
    missing = [f'    "{key}": Promise("VERB RESOURCE"),' for key in sorted(known - console.PROMISES.keys())]
    assert not missing, "\n".join(["add to PROMISES in tests/rights/console.py, with what each asks for:", *missing])
    assert not console.PROMISES.keys() - known, "promises of routes that are gone"


def test_every_form_says_what_it_does() -> None:
    silent = [route.template for route in routes.ROUTES if "POST" in route.methods and not route.does]
    assert not silent, f"say in web/console/routes.py what they do, as in `create repositories/sync`: {silent}"


async def _pages(yard: Yard, person: Person, namespaces: tuple[str, ...]) -> AsyncIterator[tuple[str, str]]:
    """Every page that somebody gets to see, with its path."""
    for method, template, key in console.all_of():
        if method != "GET" or key == "GET /console/events":
            continue
        for path in dict.fromkeys(filled(template, namespace) for namespace in namespaces):
            answer = await yard.ask(person.name, "GET", path)
            if answer.status == 200:
                yield path, answer.text


def _offered(page: str) -> Iterator[tuple[str, str]]:
    """Methods and paths that a page leads to."""
    yield from (("POST", path) for path in markup.actions(page) - BEYOND)
    for link in markup.links(page):
        if link.startswith("/console"):
            yield "GET", urlsplit(link).path


async def test_what_somebody_may_not_do_is_on_none_of_his_pages(furnished: Yard) -> None:
    wrong = set()
    for person in KNOWN:
        async for path, page in _pages(furnished, person, (OWN, OTHER)):
            for method, offered in _offered(page):
                matched = routes.match(urlsplit(offered).path)
                assert matched is not None, f"{path} leads to {offered}, which is nowhere"
                promise = console.promise(method, matched.route.template)
                if not oracle.granted(person, promise.right, matched.namespace or promise.where, matched.name):
                    wrong.add(f"{person.name} is offered {method} {offered} on {path}")
    assert not wrong, "\n".join(sorted(wrong))


async def test_what_somebody_may_do_with_one_object_is_on_its_page(furnished: Yard) -> None:
    admin = next(person for person in KNOWN if person.name == "a-adm")
    offered = {action async for _, page in _pages(furnished, admin, (OWN,)) for action in markup.actions(page)}
    below = f"/console/images/{OWN}/{HELD}"
    assert {f"{below}/sync", f"{below}/delete"} <= offered


async def test_pages_of_who_holds_a_role_in_one_team_tell_nothing_of_another(furnished: Yard) -> None:
    for person in KNOWN:
        if not person.bound:
            continue
        async for path, page in _pages(furnished, person, (OWN,)):
            assert OTHER not in page, f"{path} by {person.name}"
