/** What the journal has of one receipt after the draw: enough to say whether it took part, and has no place in the result. */
import { type EventEnvelope, type EventType, FACTS_BEFORE_FREEZE } from '../../contract/envelope.ts';
import { astraySubject, eventSubject } from '../../contract/names.ts';
import { shardOf } from '../../contract/shard.ts';
import { atMost } from '../../runtime/at-most.ts';
import type { CampaignJournal } from '../connection.ts';
import type { StoredPosition } from '../publishing.ts';
import { createStoredReader } from './stored.ts';

export interface FactAt extends StoredPosition {
  readonly type: EventType;
  readonly attempt?: number;
}

export interface DrawnReceipt {
  readonly citizenHash: string;
  /** Of the registration: the last one in each shard. */
  readonly copies: readonly StoredPosition[];
  /** That decide whether it takes part: of each type the last one in its citizen's shard, and withdrawals in the others. */
  readonly facts: readonly FactAt[];
  /** Won, is on the waiting list, or moved up from there. */
  readonly hasPlace: boolean;
}

export interface DrawnReceipts {
  /** Never rejects. @returns undefined where a shard does not answer, or none has the registration */
  find(receipt: string): Promise<DrawnReceipt | undefined>;
}

/** A nats-server with 10,000 pending API requests drops all of them, of every campaign. */
const MOST_AT_ONCE = 8;
const PLACES: readonly EventType[] = ['won', 'waitlisted', 'promoted'];

export const createDrawnReceipts = (
  options: CampaignJournal & { readonly monotonicMs: () => number },
): DrawnReceipts => {
  const { campaignId, connection, shards } = options;
  const ask = createStoredReader(options);
  const inTurn = atMost(MOST_AT_ONCE);
  const everyShard = Array.from({ length: shards }, (_, shard) => shard);
  /** @returns undefined: the shard did not answer; `none`: it has nothing */
  const last = async (shard: number, subject: string, receipt: string) => {
    const one = await inTurn(() => ask(shard, { last_by_subj: subject }, receipt));
    if (one.kind === 'absent') return 'none';
    return one.kind === 'stored' ? { event: one.event, at: { shard, sequence: one.sequence } } : undefined;
  };
  const all = async (questions: readonly (readonly [shard: number, subject: string])[], receipt: string) => {
    const answers = await Promise.all(questions.map(([shard, subject]) => last(shard, subject, receipt)));
    if (answers.includes(undefined)) return undefined;
    return answers.filter((one) => one !== undefined && one !== 'none');
  };
  const factOf = ({
    event: { type, attempt },
    at,
  }: {
    readonly event: EventEnvelope;
    readonly at: StoredPosition;
  }) => ({
    type,
    ...(attempt === undefined ? {} : { attempt }),
    ...at,
  });

  return {
    async find(receipt) {
      if (!connection.isConnected()) return undefined;
      const subject = (shard: number, type: EventType) =>
        [shard, eventSubject(campaignId, shard, type, receipt)] as const;
      const copies = await all(
        everyShard.flatMap((shard) => [subject(shard, 'received'), [shard, astraySubject(campaignId, shard, receipt)]]),
        receipt,
      );
      const [registration] = copies ?? [];
      if (copies === undefined || registration === undefined) return undefined;
      const home = shardOf(registration.event.citizenHash, shards);
      const [facts, places] = await Promise.all([
        all(
          [
            ...FACTS_BEFORE_FREEZE.map((type) => subject(home, type)),
            ...everyShard.filter((shard) => shard !== home).map((shard) => subject(shard, 'withdrawn')),
          ],
          receipt,
        ),
        all(
          PLACES.map((type) => subject(home, type)),
          receipt,
        ),
      ]);
      if (facts === undefined || places === undefined) return undefined;
      return {
        citizenHash: registration.event.citizenHash,
        copies: copies.map(({ at }) => at),
        facts: facts.map(factOf),
        hasPlace: places.length > 0,
      };
    },
  };
};
