/** Registrations that an earlier release stored under another subject: asked for by subject, the journal says that it has nothing. */
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ReceiptLookup } from '../../../app/intake/ports.ts';
import { ACKNOWLEDGED, acceptedIn, bodyOf, type TestIntake, testIntake } from '../../helpers/intake.ts';

let intake: TestIntake;
beforeEach(() => {
  intake = testIntake();
});

const close = (): void => {
  intake.world.nowMs = Date.parse('2026-10-09T00:01:00Z');
};

describe('a repeat of a registration under an older subject', () => {
  const at = '2026-10-01T11:00:00.000Z';
  const row: ReceiptLookup = { kind: 'found', receivedAt: at, facts: [], others: [] };
  it('gets its receipt after closing where the database has it', async () => {
    close();
    intake.world.find = async () => row;
    const answer = await intake.post(bodyOf(1));
    expect([answer.status, answer.json['receivedAt']]).toEqual([200, at]);
    expect(intake.published).toEqual([]);
  });

  it.each([
    ['was stored too late', ['late']],
    ['is stored too late while the database is asked', ['absent', 'late']],
  ] as const)('comes too late where the copy in the journal %s, with its row', async (_name, answers) => {
    close();
    const left = [...answers];
    intake.world.accepted = async () => ({ kind: left.shift() ?? 'late' });
    intake.world.find = async () => row;
    expect((await intake.post(bodyOf(1))).json['code']).toBe('CLOSED');
  });

  it.each(['absent', 'unavailable'] as const)('comes too late where the database is %s', async (kind) => {
    close();
    intake.world.find = async () => ({ kind });
    expect((await intake.post(bodyOf(1))).json['code']).toBe('CLOSED');
  });

  it('is looked for where the shard says that it holds it', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const other = testIntake();
    const first = await intake.post(bodyOf(1), key);
    other.world.publish = async () => ({ ...ACKNOWLEDGED, shard: 2, sequence: 7, duplicate: true });
    other.world.accepted = async (receipt, held) =>
      held?.shard === 2 && held.sequence === 7 ? acceptedIn(intake.published, receipt) : { kind: 'absent' };
    const again = await other.post(bodyOf(1), key);
    expect([again.status, again.json]).toEqual([200, first.json]);
  });
});
