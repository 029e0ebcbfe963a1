"""Pages from templates: one environment a language, one typed context a page, one block of it for htmx.

Convention: an element that htmx replaces has the name of a block as its id. Asked for that target, the same handler
with the same context answers that block alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from jinja2 import BytecodeCache, Environment, PackageLoader, StrictUndefined, Template
from jinja2.bccache import Bucket

from imageyard.domain.text import Language
from imageyard.web import reply
from imageyard.web.console import assets, moments, navigation
from imageyard.web.console.navigation import Place
from imageyard.web.console.visit import Visit
from imageyard.web.console.words import Words
from imageyard.web.reply import Headers, Reply

_COMPONENTS: Final = "_components.html"


@dataclass(frozen=True, slots=True)
class Frame:
    """What is around every page."""

    place: str
    places: Sequence[Place]
    namespaces: Sequence[str]
    namespace: str
    path: str
    """Where the reader is, with its query: where a change of preference leads back to."""


class Templates:
    def __init__(self, catalogs: Mapping[Language, Words]) -> None:
        self._environments = {language: environment(words) for language, words in catalogs.items()}

    async def page(self, visit: Visit, name: str, page: object, *, place: str, namespace: str = "") -> Reply:
        """A whole page, or the block of it that htmx asks for."""
        template = self._environments[visit.preferences.language].get_template(name)
        if visit.target in template.blocks:
            return self._block(visit, template, visit.target, page)
        frame = await _frame(visit, place, namespace)
        return reply.page(template.render(self._variables(visit, page, frame)))

    def block(self, visit: Visit, name: str, block: str, page: object, status: int = 200) -> Reply:
        """One block, whoever asks."""
        template = self._environments[visit.preferences.language].get_template(name)
        return self._block(visit, template, block, page, status)

    def bare(self, visit: Visit, name: str, page: object, status: int = 200, headers: Headers = ()) -> Reply:
        """A page for somebody who may be nobody: no places around it."""
        template = self._environments[visit.preferences.language].get_template(name)
        frame = Frame("", (), (), "", "/console/")
        return reply.page(template.render(self._variables(visit, page, frame)), status, headers)

    def _block(self, visit: Visit, template: Template, block: str, page: object, status: int = 200) -> Reply:
        frame = Frame("", (), (), "", visit.exchange.path)
        context = template.new_context(self._variables(visit, page, frame))
        return reply.page("".join(template.blocks[block](context)), status)

    def _variables(self, visit: Visit, page: object, frame: Frame) -> dict[str, Any]:
        components = self._environments[visit.preferences.language].get_template(_COMPONENTS)
        ui = components.make_module({"visit": visit})
        return {"visit": visit, "page": page, "ui": ui, "frame": frame}


class _Compiled(BytecodeCache):
    """Languages differ in their words alone, which templates ask for when they are shown: what was compiled for one
    serves the other."""

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._held:
            bucket.bytecode_from_string(self._held[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._held[bucket.key] = bucket.bytecode_to_string()


@cache
def _compiled() -> _Compiled:
    return _Compiled()


def compile_all(catalogs: Mapping[Language, Words]) -> None:
    """Compile every template, so that nobody waits for it: some 0.4 s of one processor. For a thread of its own."""
    for words in catalogs.values():
        made = environment(words)
        for name in made.list_templates(extensions=["html"]):
            made.get_template(name)


@cache
def environment(words: Words) -> Environment:
    """One a language, for as long as the process runs: a template is compiled when it is first shown, or before."""
    made = Environment(
        loader=PackageLoader("imageyard.web.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        auto_reload=False,
        cache_size=-1,
        bytecode_cache=_compiled(),
    )
    made.install_gettext_callables(words.gettext, words.ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.globals |= {"asset": assets.url, "phrases": moments.phrases(words), "html_lang": words.html}
    made.filters["number"] = _number
    return made


def _number(count: int) -> str:
    return f"{count:,}"


async def _frame(visit: Visit, place: str, namespace: str) -> Frame:
    asked = visit.exchange.query.decode("latin-1")
    path = f"{visit.exchange.path}?{asked}" if asked else visit.exchange.path
    places = [each for each in navigation.PLACES if each.opens(visit.may)]
    return Frame(place, places, await visit.namespaces(), namespace, path)
