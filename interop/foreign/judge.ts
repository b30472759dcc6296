import { Code } from 'rx-grpc';
import { type CallRecord, type Plan, SOURCE_FAILED } from './plan.ts';

/** One call as both sides saw it; undefined is a side that told nothing of its end. */
export interface Call {
  readonly plan: Plan;
  readonly client: CallRecord | undefined;
  readonly server: CallRecord | undefined;
  /** The server has told of its beginning. */
  readonly hasBegun: boolean;
  readonly killed?: 'client' | 'server';
}

export interface Verdict {
  /** One side took for complete what the other had not completed. */
  readonly isFalselyComplete: boolean;
  /** Messages that had to be delivered and were not. */
  readonly lost: number;
  /** A side never told of its end. */
  readonly isStuck: boolean;
  /** Whatever else is not as it must be. */
  readonly wrong: readonly string[];
}

export function judge(call: Call): Verdict {
  const { plan, client, server, hasBegun, killed } = call;
  const isStuck =
    (client === undefined && killed !== 'client') || (hasBegun && server === undefined && killed !== 'server');
  return { isFalselyComplete: isFalselyComplete(call), lost: lost(call), isStuck, wrong: [...faults()] };

  function* faults(): Generator<string> {
    if (client?.inOrder === false || server?.inOrder === false)
      yield 'messages are missing in the middle, or out of order';
    if (client !== undefined && !codesOf(plan, killed).includes(client.code))
      yield `the client ended with ${client.code}`;
    if (!hasBegun && (client === undefined || client.code === Code.OK || client.code === Code.ABORTED)) {
      yield 'the server knows nothing of the call';
    }
    if (client?.code === Code.OK && server !== undefined && server.code !== Code.OK)
      yield "OK was not the server's end";
    if (client?.code === Code.ABORTED && server?.code !== Code.ABORTED) yield "ABORTED was not the server's end";
    if (client === undefined || server === undefined) return;
    if (server.received > client.sent) yield 'the server received more than was sent';
    if (client.received > server.sent) yield 'the client received more than was sent';
    if (client.code === Code.ABORTED && Number(client.details) !== plan.serverFailsAfter) yield 'the details differ';
  }
}

/** How a client may end; what was to cut it short may come too late. */
function codesOf(plan: Plan, killed: Call['killed']): readonly number[] {
  if (killed !== undefined) return [Code.UNAVAILABLE];
  if (plan.serverFailsAfter > 0) return [Code.ABORTED];
  if (plan.sourceFailsAfter > 0) return [SOURCE_FAILED];
  if (plan.timeoutMs === 0 && plan.cancelAfterMs === 0) return [Code.OK];
  const cut = plan.timeoutMs > 0 ? Code.DEADLINE_EXCEEDED : Code.CANCELLED;
  return plan.staysOpen ? [cut] : [cut, Code.OK];
}

function isFalselyComplete({ plan, client, server }: Call): boolean {
  const isOk = client?.code === Code.OK && plan.serverEndsAfter === 0;
  if (plan.shape === 'download') return isOk && (plan.staysOpen || client.received !== plan.messages);
  const hasCompleted = client?.completed === true;
  return (server?.completed === true || isOk) && !hasCompleted;
}

/** All that was sent, of a call that ended well; all that the server sent, before its own error. */
function lost({ plan, client, server }: Call): number {
  if (client === undefined || server === undefined) return 0;
  if (client.code !== Code.OK && client.code !== Code.ABORTED) return 0;
  const responses = server.sent - client.received;
  const isWhole = client.code === Code.OK && plan.shape !== 'download' && plan.serverEndsAfter === 0;
  return isWhole ? responses + client.sent - server.received : responses;
}
