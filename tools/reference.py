"""Writes the pages of the documentation that follow from the product itself: reasons, events, settings, metrics.

    .venv/bin/python -m tools.reference

Each such page has a hand-written head; what stands below the marker is written here, in both languages, from the
same tables the product reads.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple, cast

from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric

from imageyard import settings, settings_zh
from imageyard.answered import Answered
from imageyard.app.failures import FailureCollector
from imageyard.cli.serve import serve
from imageyard.domain import event_reasons, reasons
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Language, Text
from imageyard.metrics import FAST, Metrics
from imageyard.sync.engine import Engine
from tools import wording

DOCS: Final = Path(__file__).resolve().parent.parent / "docs"
MARK: Final = "<!-- Generated from here on: .venv/bin/python -m tools.reference -->\n"
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")

_NAMED: Final = re.compile(r"(--[a-z][a-z-]+|spec\.[A-Za-z.]*[A-Za-z](?:: true)?|\b(?:sync|retry)[A-Z][A-Za-z]+)")

GOOD: Final = (Reason.Verified, Reason.Synced, Reason.AnonymousOnly, Reason.Pending, Reason.Suspended)
"""Reasons that tell of no failure."""


class Group(NamedTuple):
    """Reasons that are handled alike: the heading above them, and what imageyard does about them."""

    title: Text
    handling: Text
    members: tuple[Reason, ...]


def troubleshooting(language: Language) -> str:
    """Every reason under the heading of its name, so that `#<reason in lower case>` leads to it."""
    parts = []
    for group in _groups():
        parts.append(f"## {group.title.speak(language)}\n\n{group.handling.speak(language)}\n")
        parts.extend(_reason(reason, language) for reason in group.members)
    return "\n".join(parts)


def _groups() -> Iterator[Group]:
    failing = [reason for reason in Reason if reason not in GOOD]
    transient = tuple(reason for reason in failing if reasons.explain(reason).backoff)
    stalled = tuple(reason for reason in failing if reasons.explain(reason).stalled)
    rest = tuple(reason for reason in failing if reason not in {*transient, *stalled})
    yield Group(
        Text("会自行恢复的故障", "Failures that may pass by themselves"),
        Text(
            "下一次同步不必等满 `syncInterval`：30 秒后重试，之后每次加倍，最长 15 分钟，且不会晚于 `syncInterval`。",
            "The next sync does not wait for `syncInterval`: it comes after 30 s, doubling each time, after 15 min at "
            "most and never later than `syncInterval`.",
        ),
        transient,
    )
    yield Group(
        Text("需要有人处理的故障", "Failures that somebody has to mend"),
        Text(
            "重试无济于事，条件 `Stalled` 为 True。仍会按 `syncInterval` 再查看一次；对象或其镜像源修改后立即重试。",
            "No retry mends these: the condition `Stalled` is True. They are looked at again every `syncInterval`, and "
            "at once when the object or its registry source changes.",
        ),
        stalled,
    )
    yield Group(
        Text("按同步间隔重试的故障", "Failures that are tried again at the interval"),
        Text("下一次同步按 `syncInterval` 进行。", "The next sync comes at `syncInterval`."),
        rest,
    )
    yield Group(
        Text("不是故障", "No failures"),
        Text("这些原因说明当前状态，无须排查。", "These reasons tell how things stand; there is nothing to mend."),
        GOOD,
    )


def _reason(reason: Reason, language: Language) -> str:
    row = reasons.explain(reason)
    lines = [f"### {reason}", "", _sentence(row.text, language), ""]
    if reason not in GOOD:
        once = Text(
            "同一次同步内也会重试（`retryCount` 次）。" if row.again else "同一次同步内不重试。",
            "It is also tried again within one sync (`retryCount` times)."
            if row.again
            else "It is not tried again within one sync.",
        )
        lines += [f"- {once.speak(language)}"]
    label = Text("建议操作：", "What to do next: ").speak(language)
    lines += [f"- {label}{_sentence(row.next_step, language, capital=False)}", ""]
    return "\n".join(lines)


def _sentence(text: Text, language: Language, *, capital: bool = True) -> str:
    said = _literal(text.speak(language))
    if language == "zh":
        return f"{said}。"
    return f"{said[0].upper() if capital else said[0]}{said[1:]}."


def _literal(text: str) -> str:
    """Names of fields and flags as code, so that Markdown leaves them alone."""
    return _NAMED.sub(r"`\1`", text)


def settings_page(language: Language) -> str:
    """One row for each setting."""
    flags = inspect.signature(serve).parameters
    titles = {
        "en": ("File key", "Environment variable", "Flag", "Default", "What for"),
        "zh": ("配置文件键", "环境变量", "命令行参数", "默认值", "用途"),
    }
    rows = []
    for name, variable, default, about in settings.describe():
        flag = f"`--{name.replace('_', '-')}`" if name in flags else "-"
        shown = {"(user data directory)": {"en": "user data directory", "zh": "用户数据目录"}[language]}.get(
            default, f"`{default}`" if default else "-"
        )
        rows.append((f"`{name}`", f"`{variable}`", flag, shown, settings_zh.ABOUT[name] if language == "zh" else about))
    return _table(titles[language], rows)


class Described(NamedTuple):
    """One metric as a scrape shows it."""

    name: str
    type: str
    labels: tuple[str, ...]
    about: str


def metrics_page(language: Language) -> str:
    """One row for each metric."""
    titles = {
        "en": ("Metric", "Type", "Labels", "What it tells"),
        "zh": ("指标", "类型", "标签", "含义"),
    }
    rows = []
    for each in described():
        labels = ", ".join(f"`{label}`" for label in each.labels) or "-"
        about = wording.METRICS[each.name] if language == "zh" else each.about
        rows.append((f"`{each.name}`", each.type, labels, about))
    return _table(titles[language], rows)


def described() -> list[Described]:
    """Every metric, in the order in which the product declares them."""
    declared = [each for each in vars(Metrics()).values() if isinstance(each, MetricWrapperBase)]
    own = [_described(metric, tuple(each._labelnames)) for each in declared for metric in each.describe()]
    answered = Answered(FAST)
    answered.note("", "", 0, 0.0)
    collected = (*answered.collect(), *FailureCollector(cast(Engine, _OneOfEach())).collect())
    labels = [tuple(label for label in family.samples[0].labels if label != "le") for family in collected]
    return [*own, *map(_described, collected, labels)]


class _OneOfEach:
    """An engine in which one source and one image fail: labels show on samples only."""

    def failing_sources(self) -> list[tuple[str, str, int]]:
        return [("", "", 1)]

    def failing_images(self) -> list[tuple[str, str, str, int]]:
        return [("", "", "", 1)]


def _described(metric: Metric, labels: tuple[str, ...]) -> Described:
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    return Described(name, metric.type, labels, metric.documentation)


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [" | ".join(titles), "|".join("---" for _ in titles), *(" | ".join(row) for row in rows)]
    return "\n".join(f"| {line} |" if "---" not in line else f"|{line}|" for line in lines) + "\n"


def events_page(language: Language) -> str:
    """One row for each reason of an Event."""
    titles = {
        "en": ("Reason", "Type", "Kind", "What happened", "The message adds"),
        "zh": ("原因", "类型", "对象", "发生了什么", "消息中另有"),
    }
    rows = []
    for reason, row in event_reasons.TABLE.items():
        kinds = ", ".join(f"`{kind}`" for kind in row.kinds)
        rows.append((f"`{reason}`", row.type, kinds, _sentence(row.text, language), row.more.speak(language) or "-"))
    return _table(titles[language], rows)


PAGES: Final[dict[str, Callable[[Language], str]]] = {
    "events.md": events_page,
    "troubleshooting.md": troubleshooting,
    "settings.md": settings_page,
    "metrics.md": metrics_page,
}


def path(name: str, language: Language) -> Path:
    return DOCS / language / name


def rendered(name: str, language: Language) -> str:
    """The whole page as it should be: its head as it is, the rest from the product."""
    head, mark, _ = path(name, language).read_text(encoding="utf-8").partition(MARK)
    if not mark:
        raise ValueError(f"{path(name, language)} lacks the line {MARK.strip()}")
    return f"{head}{MARK}\n{PAGES[name](language).rstrip()}\n"


def main() -> None:
    """Write the pages that are not as they should be."""
    for name in PAGES:
        for language in LANGUAGES:
            page = rendered(name, language)
            if page != path(name, language).read_text(encoding="utf-8"):
                path(name, language).write_text(page, encoding="utf-8")
                sys.stdout.write(f"{path(name, language)} written\n")


if __name__ == "__main__":
    main()
