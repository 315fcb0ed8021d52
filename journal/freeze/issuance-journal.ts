/** What the operator asks of a campaign's journal to start issuance: the entry `issuance` of the control stream. */
import type { IssuanceStart } from '../../contract/decisions/control.ts';
import { readControlValue } from '../../contract/decisions/control-schema.ts';
import type { JournalConnection } from '../connection.ts';
import { createStreamCreatedAt } from '../streams/created-at.ts';
import { createControlLog } from './control.ts';

export interface IssuanceJournal {
  /** Undefined: not started. @throws Error when it is unknown, ControlEntryError when the entry can't be read */
  started(campaignId: string, signal: AbortSignal): Promise<IssuanceStart | undefined>;
  /** When each shard's stream was created, by shard, as the server writes it. @throws Error when one is unknown */
  streams(campaignId: string, shards: number, signal: AbortSignal): Promise<readonly string[]>;
  /** Appends the entry unless there is one. @returns the one that counts. @throws Error when it is unknown; again is safe */
  start(start: IssuanceStart, signal: AbortSignal): Promise<IssuanceStart>;
}

export const createIssuanceJournal = (connection: JournalConnection): IssuanceJournal => ({
  async started(campaignId, signal) {
    const entry = await createControlLog({ connection, campaignId }).read('issuance', signal);
    return entry === undefined ? undefined : readControlValue('issuance', entry.value);
  },

  async streams(campaignId, shards, signal) {
    // As the pods read them, which compare them with these.
    const createdAt = createStreamCreatedAt({ connection, campaignId });
    return Promise.all(
      Array.from({ length: shards }, async (_, shard) => {
        const created = await createdAt(shard, signal);
        if (created === undefined) throw new Error(`no server says when the stream of shard ${shard} was created`);
        return created;
      }),
    );
  },

  async start(start, signal) {
    const { entry } = await createControlLog({ connection, campaignId: start.campaignId }).append(
      'issuance',
      start,
      signal,
    );
    return readControlValue('issuance', entry.value);
  },
});
