/** Decisions that are taken once, on three real nats-servers: of all writers one wins, and all read the same entry. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ControlType } from '../../../contract/decisions/control.ts';
import type { DrawStep } from '../../../contract/decisions/draw.ts';
import type { ChainEntry } from '../../../contract/decisions/draw-chain.ts';
import { controlStreamName, controlSubject } from '../../../contract/names.ts';
import { type ControlLog, createControlLog, createDrawChain } from '../../../journal/freeze/control.ts';
import { eventually } from '../../helpers/eventually.ts';
import { patiently } from '../../helpers/patiently.ts';
import { never, type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';

let journal: RealJournal;
let logs: readonly ControlLog[];
const campaigns = ['spring', 'raced', 'killed', 'twice', 'drawn'] as const;
type Campaign = (typeof campaigns)[number];

const writers = (campaignId: Campaign): Promise<readonly ControlLog[]> =>
  Promise.all(
    ['a', 'b'].map(async (name) => createControlLog({ connection: await journal.connect(name), campaignId })),
  );

beforeAll(async () => {
  journal = await startRealJournal();
  for (const campaignId of campaigns) expect(await journal.ensured({ campaignId })).toMatchObject({ kind: 'ready' });
  logs = await writers('spring');
});
afterAll(() => journal?.stop());

const logOf = (index: number, of = logs): ControlLog => {
  const log = of[index];
  if (log === undefined) throw new Error(`no writer ${index}`);
  return log;
};
/** Messages of this type in the stream: one at most, whatever happened. */
const stored = async (campaignId: Campaign, type: ControlType): Promise<number> => {
  const { streams } = journal.manager;
  const subject = controlSubject(campaignId, type);
  const { state } = await streams.info(controlStreamName(campaignId), { subjects_filter: subject });
  return state.subjects?.[subject] ?? 0;
};

describe('a decision', () => {
  it('that was not taken is absent; one of another type changes nothing', async () => {
    expect(await logOf(0).read('frozen', never)).toBeUndefined();
    expect(await logOf(0).append('listed', { list: 1 }, never)).toMatchObject({ kind: 'appended' });
    expect(await logOf(1).read('frozen', never)).toBeUndefined();
  });

  it('that was taken is returned, and never overwritten by other content', async () => {
    const first = await logOf(0).append('frozen', { barriers: [1, 2, 3] }, never);
    expect(first).toMatchObject({ kind: 'appended', entry: { value: { barriers: [1, 2, 3] } } });
    const { entry } = first;
    expect(Math.abs(entry.storedAtMs - Date.now())).toBeLessThan(60_000);
    expect(await logOf(1).append('frozen', { barriers: [4, 5, 6] }, never)).toEqual({ kind: 'exists', entry });
    expect(await logOf(0).append('frozen', { barriers: [1, 2, 3] }, never)).toEqual({ kind: 'exists', entry });
    for (const index of [0, 1]) expect(await logOf(index).read('frozen', never)).toEqual(entry);
    expect(await stored('spring', 'frozen')).toBe(1);
  });

  it('is taken by one of two writers at once, and both read the same', async () => {
    const both = await writers('raced');
    const appends = both.map((log, writer) =>
      // Refused while the other one's append is under way: then the next attempt finds it.
      eventually(() => log.append('frozen', { writer }, never), { what: 'an answer' }),
    );
    const [one, two] = await Promise.all(appends);
    // Both exist where the answer to the one that was stored came too late and it was sent again.
    expect([one?.kind, two?.kind]).toContain('exists');
    expect(one?.entry).toEqual(two?.entry);
    expect(await stored('raced', 'frozen')).toBe(1);
  });

  it('is taken once while the leader is killed: an append without an answer is repeated', async () => {
    const both = await writers('killed');
    const { cluster } = await journal.manager.streams.info(controlStreamName('killed'));
    const leader = journal.cluster.nodes.find(({ name }) => name === cluster?.leader);
    const appends = both.map((log, writer) =>
      eventually(() => log.append('frozen', { writer }, never), { what: 'it' }),
    );
    leader?.kill('SIGKILL');
    void leader?.restart();
    const [one, two] = await Promise.all(appends);
    expect(one?.entry).toEqual(two?.entry);
    const read = await patiently('the entry', () => logOf(0, both).read('frozen', never));
    expect(read).toEqual(one?.entry);
    expect(await stored('killed', 'frozen')).toBe(1);
    await journal.cluster.ready(never);
  });

  it('that a writer without the expectation stored again changes nothing: the first one counts', async () => {
    const [log] = await writers('twice');
    const { entry } = await logOf(0, [log ?? logOf(0)]).append('frozen', { first: true }, never);
    const subject = controlSubject('twice', 'frozen');
    await journal.manager.jetstream().publish(subject, '{"first":false}', { timeout: 10_000 });
    expect(await log?.read('frozen', never)).toEqual(entry);
    expect(await log?.append('frozen', { first: false }, never)).toEqual({ kind: 'exists', entry });
  });

  it('is unknown, not absent, where there is no journal', async () => {
    const log = createControlLog({ connection: journal.connection, campaignId: 'elsewhere' });
    await expect(log.read('frozen', never)).rejects.toThrow(/stream not found/);
    await expect(log.append('frozen', {}, never)).rejects.toThrow();
  });
});

describe('the chain of the draw', () => {
  const STEPS = 30;
  const step = (won: number): DrawStep => ({
    ...{ v: 1, step: 'announced', campaignId: 'drawn', at: '2020-10-01T00:00:00.000Z', attempt: 1 },
    ...{ won, waitlisted: 0 },
  });
  const wonIn = (entries: readonly ChainEntry[]): readonly unknown[] =>
    entries.map((entry) => ('won' in entry.step ? entry.step.won : undefined));

  it('is read from where the last read ended, and anew when the stream has other steps', async () => {
    const connection = await journal.connect('chain');
    const chain = createDrawChain({ connection, campaignId: 'drawn' });
    const read = (of = chain) => patiently('the steps', () => of.read(never));
    const append = (won: number, after: number) =>
      patiently('a step', async () => {
        if (!(await chain.append(step(won), after, never))) expect(wonIn(await read())).toContain(won);
        return (await read()).at(-1)?.sequence ?? 0;
      });
    let last = 0;
    for (let won = 0; won < STEPS; won += 1) last = await append(won, last);
    const numbers = Array.from({ length: STEPS }, (_, won) => won);
    expect(wonIn(await read(createDrawChain({ connection, campaignId: 'drawn' })))).toEqual(numbers);
    const sent = connection.nats.stats().outMsgs;
    expect(wonIn(await read())).toEqual(numbers);
    expect(connection.nats.stats().outMsgs - sent).toBeLessThan(STEPS / 2);

    await journal.manager.streams.delete(controlStreamName('drawn'));
    await eventually(async () => (await journal.ensured({ campaignId: 'drawn' })).kind === 'ready' && true, {
      what: 'a new stream',
    });
    await eventually(async () => (await read()).length === 0 && true, { what: 'a chain without steps' });
    await append(99, 0);
    expect(wonIn(await read())).toEqual([99]);
  });
});
