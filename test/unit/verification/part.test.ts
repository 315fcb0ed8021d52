/** What becomes of each message of the verification tier. */
import { describe, expect, it } from '@jest/globals';
import type { ProviderAnswer } from '../../../app/verification/ports.ts';
import type { Message } from '../../../app/worker/part.ts';
import { encodeEnvelope } from '../../../contract/envelope-schema.ts';
import { factEvent, receivedEvent } from '../../helpers/records.ts';
import { CAMPAIGN, createVerificationWorld, messageOf, PERSON, sealedEvent } from '../../helpers/verification.ts';

const never = new AbortController().signal;
const event = sealedEvent(receivedEvent(), PERSON);
type World = ReturnType<typeof createVerificationWorld>;
const commit = (world: World, ...messages: readonly Message[]) => world.part.commit(messages, never);
const DONE = { setAside: [], givenBack: [] };
const back = (delayMs: number, sequence = 1) => ({ setAside: [], givenBack: [{ sequence, delayMs }] });

describe('a registration', () => {
  it.each([
    ['match', 'verified'],
    ['mismatch', 'rejected'],
    ['no_record', 'manual_review'],
  ] as const)('that the provider answers with %s becomes %s, before it is acknowledged', async (kind, type) => {
    const world = createVerificationWorld();
    world.answer = async () => ({ kind, code: '7' });
    expect(await commit(world, messageOf(event))).toEqual(DONE);
    const { receipt, citizenHash } = event;
    expect(world.stored).toEqual([
      expect.objectContaining({
        type,
        receipt,
        citizenHash,
        id: `${receipt}.${type}`,
        data: { provider: 'p', code: '7' },
      }),
    ]);
    expect(world.asked).toEqual([
      {
        name: PERSON.name,
        idType: PERSON.idType,
        idNumber: PERSON.idNumber,
        requestId: expect.stringMatching(/^\w{32}$/),
      },
    ]);
    expect([world.sent, world.counted]).toEqual([['answered'], [`p ${kind}`, type]]);
  });

  it.each<[string, ProviderAnswer, number, string, string]>([
    ['trouble', { kind: 'retry', reason: 'timeout' }, 500, 'retry', 'provider_retry'],
    ['a time to wait', { kind: 'retry', reason: 'throttled', retryAfterMs: 9_000 }, 9_000, 'retry', 'provider_retry'],
    ['an empty quota', { kind: 'quota' }, 2_000, 'quota', 'provider_blocked'],
    ['a refusal of all questions', { kind: 'refused', reason: 'signature' }, 2_000, 'refused', 'provider_blocked'],
  ])(
    'that the provider answers with %s is given back, and never judged',
    async (_name, answer, delayMs, sent, reason) => {
      const world = createVerificationWorld();
      world.answer = async () => answer;
      expect(await commit(world, messageOf(event))).toEqual(back(delayMs));
      expect([world.stored, world.sent]).toEqual([[], [sent]]);
      expect(world.counted).toContain(`given back ${reason}`);
    },
  );

  it.each<[ProviderAnswer, object, string]>([
    [{ kind: 'retry', reason: 'timeout' }, { reason: 'timeout' }, 'provider gave no answer; asking again later'],
    [{ kind: 'quota' }, {}, 'provider takes no more requests today'],
    [{ kind: 'refused', reason: 'signature' }, { reason: 'signature' }, 'provider refuses every request'],
  ])(
    'that is not answered by %j leaves a line with the reason and nothing of the person',
    async (answer, why, line) => {
      const world = createVerificationWorld();
      world.answer = async () => answer;
      await commit(world, messageOf(event));
      expect([world.lines, world.fields]).toEqual([[line], [{ provider: 'p', kind: answer.kind, ...why }]]);
    },
  );

  it('comes later each time that the provider is in trouble, at most once a minute', async () => {
    const world = createVerificationWorld();
    world.answer = async () => ({ kind: 'retry', reason: 'timeout' });
    const delays = [];
    for (const count of [1, 2, 5, 100]) {
      const { givenBack = [] } = await commit(world, messageOf(event, 1, count));
      delays.push(givenBack[0]?.delayMs);
    }
    expect(delays).toEqual([500, 1_000, 8_000, 30_000]);
  });

  it('with a stored verdict is not asked again, whoever delivers it', async () => {
    const world = createVerificationWorld();
    await commit(world, messageOf(event));
    await commit(world, messageOf(event, 1, 2));
    expect(world.asked).toHaveLength(1);
    expect(world.counted.at(-1)).toBe('skipped answered');
  });

  it('in hand twice is asked once, and both copies end together', async () => {
    const world = createVerificationWorld();
    const answered = Promise.withResolvers<ProviderAnswer>();
    world.answer = () => answered.promise;
    const both = [commit(world, messageOf(event, 1)), commit(world, messageOf(event, 9))];
    answered.resolve({ kind: 'retry', reason: 'timeout' });
    expect(await Promise.all(both)).toEqual([back(500, 1), back(500, 9)]);
    expect(world.asked).toHaveLength(1);
  });

  it('that another pod has answered while this one had it in hand is not asked: the look-up is right before the turn', async () => {
    const world = createVerificationWorld();
    const first = Promise.withResolvers<boolean>();
    world.turn = () => first.promise;
    // As many as wait for their turn, and one more.
    const line = Array.from({ length: 17 }, (_, i) => sealedEvent(receivedEvent({ citizen: i }), PERSON));
    const batch = commit(world, ...line.map((one, i) => messageOf(one, i + 1)));
    await Promise.resolve();
    world.stored.push({ ...factEvent('verified'), receipt: line[16]?.receipt ?? '' });
    first.resolve(true);
    expect(await batch).toEqual(DONE);
    expect([world.asked.length, world.counted.filter((one) => one.startsWith('skipped'))]).toEqual([
      16,
      ['skipped answered'],
    ]);
  });

  it('is not asked while nothing is known of it', async () => {
    const world = createVerificationWorld();
    world.journalAnswers = false;
    expect(await commit(world, messageOf(event))).toEqual(back(2_000));
    expect(world.asked).toEqual([]);
  });

  it('is given back when its turn does not come', async () => {
    const world = createVerificationWorld();
    world.turn = async () => {
      world.isOpen = false;
      return false;
    };
    expect(await commit(world, messageOf(event))).toEqual(back(2_000));
    expect([world.asked, world.part.room?.()]).toEqual([[], 0]);
  });

  it('of a correction is asked with the corrected fields, and answered with the next verdict', async () => {
    const world = createVerificationWorld();
    world.stored.push(factEvent('rejected'), factEvent('corrected'));
    world.answer = async () => ({ kind: 'mismatch', code: '7' });
    const corrected = sealedEvent(factEvent('corrected'), { ...PERSON, name: '测试二' });
    expect(await commit(world, messageOf(corrected))).toEqual(DONE);
    expect(world.asked[0]?.name).toBe('测试二');
    expect(world.stored.at(-1)).toMatchObject({ type: 'rejected', attempt: 2, id: `${event.receipt}.rejected.2` });
  });
});

describe('what can’t be opened', () => {
  it('is looked at by a person when the key is right and the fields are not', async () => {
    const world = createVerificationWorld();
    const other = receivedEvent({ receipt: 'other' });
    const moved = { ...other, keyId: event.keyId, data: event.data };
    const empty = sealedEvent(receivedEvent({ citizen: 'b' }), { name: '' });
    expect(await commit(world, messageOf(moved), messageOf(empty, 2))).toEqual(DONE);
    expect(world.stored.map(({ type, data }) => [type, data])).toEqual([
      ['manual_review', { reason: 'unreadable' }],
      ['manual_review', { reason: 'unreadable' }],
    ]);
    expect(world.asked).toEqual([]);
  });

  it('is erased when the key was destroyed, and waits when it is only missing or can’t be asked for', async () => {
    const world = createVerificationWorld();
    world.bucketAnswers = false;
    expect(await commit(world, messageOf(event))).toEqual(back(10_000));
    world.bucketAnswers = true;
    world.entries.clear();
    world.nowMs += 2_000;
    expect(await commit(world, messageOf(event))).toEqual(back(10_000));
    world.entries.set(event.keyId, undefined);
    world.nowMs += 2_000;
    expect(await commit(world, messageOf(event))).toEqual(DONE);
    expect([world.asked, world.stored, world.counted.at(-1)]).toEqual([[], [], 'skipped erased']);
    expect(world.lines).toHaveLength(2);
  });

  it('any more: a key that is destroyed later is forgotten within a minute', async () => {
    const world = createVerificationWorld();
    await commit(world, messageOf(event));
    world.entries.set(event.keyId, undefined);
    world.nowMs += 60_001;
    await commit(world, messageOf(sealedEvent(receivedEvent({ citizen: 'b' }), PERSON), 2));
    expect([world.asked.length, world.counted.at(-1)]).toEqual([1, 'skipped erased']);
  });
});

describe('a message', () => {
  it('that is no event is set aside, and one of a later release waits for a pod that knows it', async () => {
    const world = createVerificationWorld();
    const nonsense = { ...messageOf(event, 1), data: Buffer.from('nonsense') };
    const later = {
      ...messageOf(event, 2),
      data: Buffer.from(JSON.stringify({ v: 2, type: 'received', campaignId: CAMPAIGN })),
    };
    const foreign = { ...messageOf(event, 3), data: encodeEnvelope({ ...event, campaignId: 'other' }) };
    const { setAside, givenBack } = await commit(world, nonsense, later, foreign);
    expect(setAside.map(({ sequence, reason }) => [sequence, reason])).toEqual([
      [1, 'envelope: not JSON'],
      [3, 'campaignId: belongs to another campaign'],
    ]);
    expect(givenBack).toEqual([{ sequence: 2, delayMs: 60_000 }]);
  });

  it('of a canary costs nothing', async () => {
    const world = createVerificationWorld();
    expect(await commit(world, messageOf(sealedEvent(receivedEvent({ kind: 'canary' }), PERSON)))).toEqual(DONE);
    expect(world.asked).toEqual([]);
  });

  it('that breaks the part is given back without a word of the person, and the others are answered', async () => {
    const world = createVerificationWorld();
    const second = sealedEvent(receivedEvent({ citizen: 'b' }), { ...PERSON, name: '测试二' });
    world.answer = async ({ name }) => {
      if (name === PERSON.name) throw new Error(`a defect near ${name}`);
      return { kind: 'match', code: '0' };
    };
    expect(await commit(world, messageOf(event, 1), messageOf(second, 2))).toEqual(back(30_000));
    expect(world.stored.map(({ type }) => type)).toEqual(['verified']);
    expect(world.sent.toSorted()).toEqual(['answered', 'retry']);
  });
});

describe('a pod that ends', () => {
  it('finishes the question under way, and gives back at once what waits for its turn', async () => {
    const world = createVerificationWorld();
    const answered = Promise.withResolvers<ProviderAnswer>();
    world.answer = () => answered.promise;
    let turns = 0;
    world.turn = (signal) => {
      turns += 1;
      if (turns === 1) return Promise.resolve(true);
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(false)));
    };
    const second = sealedEvent(receivedEvent({ citizen: 'b' }), PERSON);
    const batch = commit(world, messageOf(event, 1), messageOf(second, 2));
    while (world.asked.length === 0 || turns < 2) await Promise.resolve();
    world.part.drain?.();
    answered.resolve({ kind: 'match', code: '0' });
    expect(await batch).toEqual(back(0, 2));
    expect(world.stored.map(({ receipt }) => receipt)).toEqual([event.receipt]);
  });
});

describe('a part that works at a pace', () => {
  it('takes a share of what it can ask soon for each batch, and nothing while no provider can be asked', () => {
    const world = createVerificationWorld();
    // 60 for two batches of each of three shards.
    expect(world.part.room?.()).toBe(10);
    world.isOpen = false;
    expect(world.part.room?.()).toBe(0);
  });
});
