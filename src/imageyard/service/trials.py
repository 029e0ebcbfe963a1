"""How often one user may have a login tried: verifications and test fetches together, since each shows a credential to
a registry, where too many wrong ones lock the account or the address of this server."""

from typing import Final

from imageyard.domain.access import MASTERS, Actor
from imageyard.domain.clock import Clock
from imageyard.domain.errors import TooManyRequests
from imageyard.domain.text import Text
from imageyard.service.allowance import Allowance

PER_MINUTE: Final = 10


class Trials:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._allowance = Allowance(PER_MINUTE)

    def take(self, actor: Actor) -> None:
        """Count one. Raises TooManyRequests."""
        if MASTERS in actor.groups:
            return
        wait = self._allowance.take(actor.user, self._clock.monotonic())
        if wait is not None:
            text = Text(
                f"验证与试取每分钟合计最多 {PER_MINUTE} 次，请在 {wait} 秒后重试",
                f"at most {PER_MINUTE} verifications and test fetches a minute; try again in {wait} seconds",
            )
            raise TooManyRequests(text, wait)
