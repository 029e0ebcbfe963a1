"""POST …/sync: ask for a sync; with `dryRun=All` answer the would-be status and store nothing."""

from typing import Final

from imageyard.domain.audit import DRY_RUN, RESULT
from imageyard.domain.text import Text
from imageyard.web import body, reply
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.oapis import parameters
from imageyard.web.oapis.answers import Submission
from imageyard.web.oapis.target import Target
from imageyard.web.reply import Reply

SUBMITTED: Final = Text("同步任务已提交", "sync task submitted")
WAITING: Final = Text(
    "同步任务已提交，镜像仓库限流中，将在限流结束后执行",
    "sync task submitted; it waits until the registry's rate limit has passed",
)


async def one(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    if parameters.dry_run(exchange.query):
        return await _preview(doors, exchange, target)
    at_once = await doors.sync_requests.sync(exchange.actor, target.namespace, target.name)
    words = SUBMITTED if at_once else WAITING
    return reply.json(Submission(True, words.speak(exchange.language)))


async def _preview(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    exchange.told[DRY_RUN] = "All"
    document = await body.document(exchange)
    status = await doors.sync_requests.preview(exchange.actor, target.namespace, target.name, document)
    exchange.told[RESULT] = str(status.get("reason", ""))
    return reply.json(
        {
            "apiVersion": target.kind.api_version,
            "kind": target.kind.name,
            "metadata": {"name": target.name, "namespace": target.namespace},
            "status": status,
        }
    )
