"""A whole image reference as container tools write it, `[host/]path[:tag][@digest]`, taken apart.

Grammar: distribution/reference. What is a host and what a folder is judged by `hostlike`, as everywhere here.
A refused text is never quoted: one pasted with `user:password@` holds a secret.
"""

from typing import Final, NamedTuple

from imageyard.domain import hostlike, reference
from imageyard.domain.reference import Digest, Domain, InvalidReference
from imageyard.domain.text import Text

DOCKER_HUB: Final = "docker.io"
LATEST: Final = "latest"
LONGEST: Final = 1_000
"""Characters; the parts have limits of their own, which are told more exactly."""


class ImageReference(NamedTuple):
    """`domain` None where no host is written; `tag` is `latest` where neither tag nor digest is (then not `tagged`);
    `digest` None where none is written."""

    domain: Domain | None
    repository: str
    tag: str
    tagged: bool
    digest: Digest | None = None

    @property
    def host(self) -> str:
        """The registry it means: to container tools what has no host is Docker Hub's."""
        return host_of(self.domain)


def asked_as(host: str, repository: str) -> str:
    """The path that a registry is asked for: Docker Hub keeps `nginx` as `library/nginx`."""
    return f"library/{repository}" if host == DOCKER_HUB and "/" not in repository else repository


def host_of(domain: Domain | None) -> str:
    """`docker.io` for each of its names, and for no domain at all."""
    return DOCKER_HUB if domain is None or reference.is_docker_hub(domain) else str(domain)


def parse(text: str) -> ImageReference:
    """Raises InvalidReference, saying which part to drop, add or change."""
    written = text.strip()
    _refuse_what_is_none(written)
    named, at, digest = written.partition("@")
    domain, path = _split_host(named)
    repository, tag = _split_tag(path)
    parsed = reference.parse_digest(digest) if at else None
    if parsed is not None and tag is None:
        raise _refuse(
            "摘要所指的内容不会变化，无需跟踪；请写要跟踪的 Tag，例如 nginx:1.27",
            "what a digest names never changes, so there is nothing to follow; write the tag to follow: nginx:1.27",
        )
    reference.parse_repository(repository)
    return ImageReference(
        domain, repository, LATEST if tag is None else reference.parse_tag(tag), tag is not None, parsed
    )


def _refuse_what_is_none(written: str) -> None:
    if not written:
        raise _refuse("不能为空，例如 nginx:1.27", "must not be empty; write for example nginx:1.27")
    if len(written) > LONGEST:
        raise _refuse(f"最长 {LONGEST} 个字符", f"has at most {LONGEST} characters")
    if "${" in written or "{{" in written or "$(" in written:
        raise _refuse("请把变量替换成实际的值", "write the value in place of the variable")
    if "://" in written:
        raise _refuse("请去掉“://”及其之前的协议", "drop the scheme up to `://`")
    if any(character.isspace() for character in written):
        raise _refuse("请去掉空白字符", "drop the white space")


def _split_host(named: str) -> tuple[Domain | None, str]:
    first, slash, rest = named.partition("/")
    if slash and hostlike.looks_like_host(first):
        return reference.parse_domain(first), rest
    if not slash and hostlike.looks_like_host(first.partition(":")[0]):
        raise _refuse(
            "这是仓库的主机名，后面还要写镜像路径，例如 harbor.example.com/team/app:v1",
            "this is a registry's host; the path comes after it: harbor.example.com/team/app:v1",
        )
    return None, named


def _split_tag(path: str) -> tuple[str, str | None]:
    folder, slash, last = path.rpartition("/")
    name, colon, tag = last.partition(":")
    return f"{folder}{slash}{name}", tag if colon else None


def _refuse(zh: str, en: str) -> InvalidReference:
    return InvalidReference(Text(zh, en))
