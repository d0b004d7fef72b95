"""The task ``audit.checkpoint``: every day, sign where all audit chains end."""

from quayside.compliance import audit_service
from quayside.compliance.tasks import ComplianceTask, Work, send
from quayside.storage.audit import APPLICATION
from quayside.storage.keys import DUE_SHARDS

CHECKPOINT = "audit.checkpoint"


def take_checkpoints(task: ComplianceTask, work: Work) -> None:
    """Take the checkpoint of one shard; without a shard, ask for all of them.

    A shard whose chains are too many for one run goes on with a message of its own.
    """
    shard = task.arguments.get("shard")
    if shard is None:
        for number in range(DUE_SHARDS):
            send(ComplianceTask(CHECKPOINT, arguments={"shard": str(number)}))
        return
    taken = audit_service.checkpoint(
        int(shard),
        task.arguments.get("after"),
        clock=work.clock,
        mark=work.entropy(4).hex(),
        time_is_short=work.time_is_short,
    )
    for found in taken.broken:
        work.metrics.count("AuditChainBroken")
        work.log.error(
            "an audit chain is broken",
            extra={
                "tenant_id": None if found.chain == APPLICATION else found.chain,
                "count": len(found.problems) + found.more_problems,
                "kind": found.problems[0].fault,
                "entry_id": found.problems[0].sequence,
            },
        )
    if taken.next_chain is not None:
        send(ComplianceTask(CHECKPOINT, arguments={"shard": shard, "after": taken.next_chain}))
