/** What a tier of workers does with messages of the journal; all tiers have the same loop (run-worker.ts). */
import type { Stored } from '../../journal/reading.ts';
import type { Span } from '../tracing/spans.ts';

/** A message that only the loop may acknowledge. Without a number of deliveries: replayed, by no consumer. */
export type Message = Stored & {
  readonly shard: number;
  readonly deliveryCount?: number;
  /** Absent: it is not traced. */
  readonly span?: Span;
};

/** A message that will never be accepted, and why. */
export interface SetAside {
  readonly shard: number;
  readonly sequence: number;
  /** Becomes a metric's label. */
  readonly kind: string;
  readonly reason: string;
}

/** A message that can't be decided now. */
export interface GivenBack {
  readonly sequence: number;
  /** The journal delivers it again after this time, to any worker. */
  readonly delayMs: number;
}

/** One commit that is durable; a tier may add what it changed. */
export interface Settled {
  readonly setAside: readonly SetAside[];
  /** Absent: none. */
  readonly givenBack?: readonly GivenBack[];
}

export interface TierPart<S extends Settled> {
  /** Part of the names of its metrics. */
  readonly tier: string;
  /** A message without a trace begins one, if it is in the sample. */
  readonly beginsTraces?: true;
  /** Decides and commits: all of it is durable when this resolves. @throws CommitError */
  commit(messages: readonly Message[], signal: AbortSignal): Promise<S>;
  /** Batches of one shard at a time; 1 unless stated. */
  readonly batchesPerShard?: number;
  /**
   * How many messages it takes for the next batch; 0: none now. Absent: as many as commits are quick for (batch-size.ts). A part
   * that works at a pace holds few, so that other pods get their share, and a pod that dies repeats few.
   */
  room?(): number;
  /** The process ends: what is begun is finished, and the rest is given back. */
  drain?(): void;
  /** Sets a single refused message aside. @throws CommitError */
  keepAside(message: Message, refusal: CommitError, signal: AbortSignal): Promise<S>;
  /** Called with every commit once its batch is acknowledged. */
  settled?(commit: S): void;
}

export interface WorkerLog {
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/**
 * Why a commit failed. `refused`: this data will never be accepted, at least one message is poison. `unavailable`: the outcome is
 * unknown, it may even have been committed; committing again is safe.
 */
export class CommitError extends Error {
  override readonly name: string = 'CommitError';
  readonly kind: 'refused' | 'unavailable';
  /** Of the other side: an SQLSTATE, a socket's error code. */
  readonly code: string;

  constructor(kind: 'refused' | 'unavailable', code: string, attempted: string, cause: unknown) {
    super(`${attempted}: ${kind} (${code})`, { cause });
    this.kind = kind;
    this.code = code;
  }
}

/**
 * Commits `messages`. A refused batch is halved until the poison message is alone: nine more commits for one bad message in 500.
 *
 * @throws CommitError `unavailable` when the outcome is unknown
 */
export const settle = async <S extends Settled>(
  part: TierPart<S>,
  messages: readonly Message[],
  signal: AbortSignal,
): Promise<readonly S[]> => {
  try {
    return [await part.commit(messages, signal)];
  } catch (error) {
    const [first] = messages;
    if (!(error instanceof CommitError) || error.kind !== 'refused' || first === undefined) throw error;
    if (messages.length === 1) return [await part.keepAside(first, error, signal)];
    const middle = Math.ceil(messages.length / 2);
    const firstHalf = await settle(part, messages.slice(0, middle), signal);
    return [...firstHalf, ...(await settle(part, messages.slice(middle), signal))];
  }
};

/** Reports a finished batch to the tier's metrics, and each message that was set aside to the log. */
export const report = <S extends Settled>(part: TierPart<S>, commits: readonly S[], log: WorkerLog): void => {
  for (const commit of commits) {
    part.settled?.(commit);
    for (const { shard, sequence, kind, reason } of commit.setAside) {
      log.warn({ shard, sequence, kind, reason }, 'message set aside');
    }
  }
};
