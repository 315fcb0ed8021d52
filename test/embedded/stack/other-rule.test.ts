/** A campaign whose registrations went by another rule: intakes that start refuse and say why, those that run serve on. */
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { encodeEnvelope } from '../../../contract/envelope-schema.ts';
import { connectJournal } from '../../../journal/connection.ts';
import type { Stack } from '../../../local/stack.ts';
import { receiptOf, register } from '../../helpers/citizen-client.ts';
import { eventually } from '../../helpers/eventually.ts';
import { patiently } from '../../helpers/patiently.ts';
import { receivedEvent } from '../../helpers/records.ts';
import { withStack } from '../../helpers/with-stack.ts';

const registerByOther = async ({ ledgerCheck, campaignId }: Stack, signal: AbortSignal): Promise<void> => {
  const { natsUrl, natsUser: user, natsPassword: password } = ledgerCheck;
  const connection = await connectJournal({ urls: natsUrl.split(','), user, password }, 'earlier-build', signal);
  try {
    const received = receivedEvent({ campaignId, citizen: 'by another rule' });
    const event = { ...received, data: { ...received.data, uniqueness: 'perCitizenAndChannel' } };
    const subject = `reg.${campaignId}.0.received.${event.receipt}`;
    await patiently('the registration', () =>
      connection.nats.request(subject, encodeEnvelope(event), { timeout: 5_000 }),
    );
  } finally {
    await connection.close();
  }
};

const saidIn = async (logDir: string, words: string): Promise<boolean> => {
  const files = (await readdir(logDir)).filter((name) => name.endsWith('.log'));
  const texts = await Promise.all(files.map((name) => readFile(join(logDir, name), 'utf8')));
  return texts.some((text) => text.includes(words));
};

describe('an intake that would count people by another rule', () => {
  it('ends with the remedy, while the pods that were there go on', async () => {
    const { signal } = new AbortController();
    await withStack({ intake: { min: 2, max: 2, capacityPerReplica: 500 } }, signal, async (stack) => {
      await registerByOther(stack, signal);
      const [first] = stack.processes().filter(({ role }) => role === 'intake');
      if (first === undefined) throw new Error('no intake');
      stack.kill(first);
      await eventually(() => saidIn(stack.logDir, 'has registrations that count perCitizenAndChannel'), {
        what: 'the refusal of the one that starts',
      });
      expect(await saidIn(stack.logDir, 'set it to perCitizenAndChannel')).toBe(true);
      await eventually(async () => receiptOf(await register(stack.url, 1, randomUUID())) !== undefined, {
        what: 'a registration by the other one',
      });
    });
  });
});
