/** What the operator asks of a campaign's journal to start issuance: the entry `issuance` of the control stream. */
import type { IssuanceStart } from '../../contract/decisions/control.ts';
import { readControlValue } from '../../contract/decisions/control-schema.ts';
import { shardStreamName } from '../../contract/names.ts';
import { abortable } from '../../runtime/abortable.ts';
import { createJournalApi } from '../api.ts';
import type { JournalConnection } from '../connection.ts';
import { about } from '../errors.ts';
import { createControlLog } from './control.ts';

export interface IssuanceJournal {
  /** Undefined: not started. @throws Error when it is unknown, ControlEntryError when the entry can't be read */
  started(campaignId: string, signal: AbortSignal): Promise<IssuanceStart | undefined>;
  /** When each shard's stream was created, by shard, as the server writes it. @throws Error when one is unknown */
  streams(campaignId: string, shards: number, signal: AbortSignal): Promise<readonly string[]>;
  /** Appends the entry unless there is one. @returns the one that counts. @throws Error when it is unknown; again is safe */
  start(start: IssuanceStart, signal: AbortSignal): Promise<IssuanceStart>;
}

export const createIssuanceJournal = (connection: JournalConnection): IssuanceJournal => {
  const api = createJournalApi(connection);
  return {
    async started(campaignId, signal) {
      const entry = await createControlLog({ connection, campaignId }).read('issuance', signal);
      return entry === undefined ? undefined : readControlValue('issuance', entry.value);
    },

    async streams(campaignId, shards, signal) {
      const { streams } = await api(signal);
      const names = Array.from({ length: shards }, (_, shard) => shardStreamName(campaignId, shard));
      const asked = names.map((name) => about(`ask for the stream ${name}`, streams.info(name)));
      return (await abortable(Promise.all(asked), signal)).map(({ created }) => created);
    },

    async start(start, signal) {
      const { entry } = await createControlLog({ connection, campaignId: start.campaignId }).append(
        'issuance',
        start,
        signal,
      );
      return readControlValue('issuance', entry.value);
    },
  };
};
