/**
 * The campaign's account on the journal goes away while it is open, as with a `helm upgrade` whose values lack
 * `dataPlane.embedded.campaigns`: the operator's own account sees a journal that is well.
 */
import { randomUUID } from 'node:crypto';
import { register } from '../citizen-client.ts';
import { eventually } from '../eventually.ts';
import type { Platform } from '../platform.ts';
import { RELEASE } from '../platform.ts';
import { conditionOn, type SeenCondition, type SeenOutage, seenOutage, until } from './on-platform.ts';

export interface AccountGone extends SeenOutage {
  /** Ready and JournalDurable meanwhile. */
  readonly ready: SeenCondition;
  readonly durable: SeenCondition;
  /** How the records pods find the journal meanwhile. */
  readonly records: SeenCondition;
  /** The first condition again, after the account is back. */
  readonly afterwards: SeenCondition;
}

const ACCOUNTS = `${RELEASE}-nats-accounts`;

/** @param seed of the citizens who come: another one each time */
export const journalAccountGone = async (platform: Platform, seed: number): Promise<AccountGone> => {
  const before = await platform.system('get', 'configmap', ACCOUNTS, '-o', 'jsonpath={.data.accounts\\.json}');
  const write = (text: string): Promise<string> =>
    platform.system(
      'patch',
      'configmap',
      ACCOUNTS,
      '--type=merge',
      '-p',
      JSON.stringify({ data: { 'accounts.json': text } }),
    );
  let citizen = 0;
  const come = () => register(platform.stack.url, citizen++, randomUUID(), { seed });
  await write(JSON.stringify({ ...JSON.parse(before), campaigns: [] }));
  try {
    // The kubelet takes up to a minute to bring it to the servers.
    await eventually(async () => (await come()).status === 503, {
      timeoutMs: 180_000,
      everyMs: 250,
      what: 'citizens to be sent away',
    });
    const sentAwayAtMs = Date.now();
    const seen = await seenOutage(
      platform,
      'AcceptingRegistrations',
      ['CredentialsRefused'],
      ['RegistrationsFail'],
      sentAwayAtMs,
    );
    const ready = await until(platform, 'Ready', ({ reason }) => reason === 'PublishesFail', 'PublishesFail');
    const records = await until(platform, 'RecordsAvailable', ({ status }) => status === 'False', 'False');
    const durable = await conditionOn(platform, 'JournalDurable');
    await write(before);
    const afterwards = await until(platform, 'AcceptingRegistrations', ({ status }) => status === 'True', 'True');
    await until(platform, 'Ready', ({ status }) => status === 'True', 'True');
    return { ...seen, ready, durable, records, afterwards };
  } finally {
    await write(before);
  }
};
