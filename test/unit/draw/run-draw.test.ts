import { hash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { secretKey } from '../../../app/core/secret-key.ts';
import { seedOf } from '../../../app/draw/draw.ts';
import { runDrawJob } from '../../../app/draw/run-draw.ts';
import { chainState } from '../../../contract/decisions/draw-chain.ts';
import type { DrawOrder } from '../../../contract/decisions/draw-order.ts';
import { seededRandom } from '../../../local/load/random.ts';
import { firstDigits } from '../../../operator/draw/commands.ts';
import { nextEntered } from '../../../operator/draw/draw-keeper.ts';
import { DRAW_CAMPAIGN, DrawWorld, ORDER, type Pass } from '../../helpers/draw-world.ts';

const signal = AbortSignal.timeout(120_000);
const PEOPLE = 40;
/** Of the commitment that is in force. */
const valuesFor = (digest: string) =>
  new Map([['lottery', ['alice', 'bob'].map((by) => ({ by, value: '03 11 17', commitment: firstDigits(digest) }))]]);
const DRAND_ONLY: DrawOrder = { ...ORDER, sources: [{ name: 'drand', type: 'Drand' }] };

const stateOf = (world: DrawWorld) => chainState(DRAW_CAMPAIGN, world.chain.entries);

/** As the operator does it. */
const enter = async (world: DrawWorld): Promise<void> => {
  const state = stateOf(world);
  const step = nextEntered(state, valuesFor(state.committed?.digest ?? ''), DRAW_CAMPAIGN, world.nowMs);
  if (step !== undefined) await world.chain.append(step, state.last);
};

/** By definition: every score is computed, and all are sorted. */
const expectedFacts = (world: DrawWorld): readonly string[] => {
  const { committed, sourced, drawn } = stateOf(world);
  const sources = (sourced?.sources ?? []).map(({ hex }) => Buffer.from(hex, 'hex'));
  const people = Array.from({ length: PEOPLE }, (_, person) => person).filter((person) => person % 7 !== 6);
  return (committed?.commitment.vouchers ?? []).flatMap(({ voucher, n, k, waitlist, listDigest }) => {
    const seed = Buffer.from(seedOf(listDigest, n, k, sources), 'hex');
    const ranked = people
      .filter((person) => DrawWorld.voucherOf(person) === voucher)
      .map((person) => ({
        receipt: world.receiptOf(person).receiptNo,
        score: hash('sha256', Buffer.concat([Buffer.from('vcdraw1/score\0'), seed, world.entryOf(person)])),
      }))
      .sort((a, b) => (a.score < b.score ? -1 : 1));
    return [
      ...ranked.slice(0, k).map(({ receipt }) => `${receipt} won ${drawn?.at}`),
      ...ranked.slice(k, k + waitlist).map(({ receipt }, place) => `${receipt} waitlisted ${drawn?.at} ${place + 1}`),
    ];
  });
};

const publishedFacts = (world: DrawWorld): readonly string[] => [
  ...new Set(
    world
      .facts()
      .map(({ receipt, type, at, data }) => `${receipt} ${type} ${at}${type === 'won' ? '' : ` ${data['place']}`}`),
  ),
];

/** Runs a Job again until its work is done, with the operator's step in between. */
const toTheEnd = async (world: DrawWorld, order: DrawOrder, pass?: Pass): Promise<void> => {
  while (stateOf(world).announced === undefined) {
    await runDrawJob(world.job(order, pass), signal).catch((error: unknown) => {
      if (!(error instanceof Crash)) throw error;
    });
    world.nowMs += 30_000;
    await enter(world);
  }
};

class Crash extends Error {}

/** Requests take some turns, and at most twelve of them crash, before or after they are carried out. */
const crashing = (seed: number, crashIn: number): Pass => {
  const random = seededRandom(seed);
  let crashes = 12;
  const turns = async (): Promise<void> => {
    for (let left = Math.floor(random.next() * 6); left > 0; left -= 1) await Promise.resolve();
  };
  return async (_, perform) => {
    const isCrash = crashes > 0 && random.next() < 1 / crashIn;
    if (isCrash) crashes -= 1;
    const isBefore = random.next() < 0.5;
    await turns();
    if (isCrash && isBefore) throw new Crash('before');
    const result = await perform();
    await turns();
    if (isCrash) throw new Crash('after');
    return result;
  };
};

const steps = (world: DrawWorld): readonly string[] => world.chain.entries.map(({ step }) => step.step);

describe('the draw’s Job', () => {
  it('makes the list and nothing more while no owner has authorised the commitment', async () => {
    const world = new DrawWorld(PEOPLE);
    await runDrawJob({ ...world.job(), order: undefined }, signal);
    expect(world.control.listed).toMatchObject({ lists: [{ voucher: 'dinner' }, { voucher: 'sport' }] });
    expect(world.chain.entries).toEqual([]);
  });

  // It knows neither relays nor the folder of the bundle: a result that it announced would have no files.
  it('goes no further than the list without an order, also where another Job has committed meanwhile', async () => {
    const world = new DrawWorld(PEOPLE);
    await runDrawJob(world.job(), signal);
    const state = stateOf(world);
    expect(state.committed).toBeDefined();
    world.nowMs = Date.parse(state.committed?.commitment.notBefore ?? '');
    await enter(world);
    const entries = [...world.chain.entries];
    await runDrawJob({ ...world.job(), order: undefined }, signal);
    world.nowMs = Date.parse(state.committed?.commitment.postponeAt ?? '');
    await runDrawJob({ ...world.job(), order: undefined }, signal);
    expect(world.chain.entries).toEqual(entries);
  });

  it('commits, waits for drand, draws, and publishes every fact once', async () => {
    const world = new DrawWorld(PEOPLE);
    const state = await runDrawJob(world.job(DRAND_ONLY), signal);
    expect(steps(world)).toEqual(['committed', 'sourced', 'drawn', 'announced']);
    expect(state.ignored).toEqual([]);
    expect(state.committed?.commitment.vouchers).toMatchObject([
      { voucher: 'books', n: 0, k: 0, waitlist: 0 },
      { voucher: 'dinner', k: 7, waitlist: 4 },
      { voucher: 'sport', k: 5, waitlist: 1 },
    ]);
    expect(world.facts()).toHaveLength(17);
    expect(publishedFacts(world).toSorted()).toEqual(expectedFacts(world).toSorted());
    expect(state.announced).toMatchObject({ won: 12, waitlisted: 5 });
  });

  it('puts the bundle at its place once, where the last step has to be appended again', async () => {
    const world = new DrawWorld(PEOPLE);
    const job = world.job(DRAND_ONLY);
    // The journal says so while an append of another process is under way, also of one that comes to nothing.
    let refused = 0;
    const append: typeof job.steps.append = async (step, after, inner) => {
      if (step.step !== 'announced' || refused > 0) return job.steps.append(step, after, inner);
      refused += 1;
      return false;
    };
    let ended = 0;
    const end = async (): Promise<'written'> => {
      ended += 1;
      return 'written';
    };
    const bundle = async () => ({ voucher: async () => undefined, end, abort: async () => undefined });
    await runDrawJob({ ...job, steps: { ...job.steps, append }, bundle }, signal);
    expect([refused, ended, steps(world).at(-1)]).toEqual([1, 1, 'announced']);
  });

  it('changes nothing when it is repeated', async () => {
    const world = new DrawWorld(PEOPLE);
    await runDrawJob(world.job(DRAND_ONLY), signal);
    const before = [steps(world), world.facts()];
    await runDrawJob(world.job(DRAND_ONLY), signal);
    expect([steps(world), world.facts()]).toEqual(before);
  });

  it('ends while two people have not entered a public value, and goes on afterwards', async () => {
    const world = new DrawWorld(PEOPLE);
    const state = await runDrawJob(world.job(), signal);
    expect(steps(world)).toEqual(['committed']);
    expect(world.nowMs).toBeGreaterThanOrEqual(Date.parse(state.committed?.commitment.notBefore ?? ''));
    await enter(world);
    await runDrawJob(world.job(), signal);
    expect(steps(world)).toEqual(['committed', 'entered', 'sourced', 'drawn', 'announced']);
    expect(stateOf(world).sourced?.sources).toMatchObject([
      { name: 'drand' },
      { name: 'lottery', value: '03 11 17', enteredBy: ['alice', 'bob'] },
    ]);
  });

  it.each([
    ['drand does not answer', DRAND_ONLY],
    ['a public value is missing', ORDER],
  ])('postpones with a new commitment when %s, and takes no other source', async (_, order) => {
    const world = new DrawWorld(PEOPLE);
    world.isDrandUp = false;
    const isPostponed = (): boolean => stateOf(world).committed?.attempt === 2;
    for (let run = 0; run < 20 && !isPostponed(); run += 1) {
      await runDrawJob({ ...world.job(order), wait: untilPostponed(world, isPostponed) }, signal).catch(
        () => undefined,
      );
      world.nowMs += 60_000;
    }
    const [first, second] = world.chain.entries.map(({ step }) => step);
    expect(second).toMatchObject({ step: 'committed', attempt: 2, authorizedBy: 'owner' });
    expect(Date.parse(second?.at ?? '')).toBeGreaterThanOrEqual(
      Date.parse(first?.step === 'committed' ? first.commitment.postponeAt : ''),
    );
    world.isDrandUp = true;
    await toTheEnd(world, order);
    expect(stateOf(world)).toMatchObject({ drawn: { attempt: 2 }, ignored: [] });
    expect(publishedFacts(world).toSorted()).toEqual(expectedFacts(world).toSorted());
  });

  it('ends with an error where the journal gives another list than the one that was committed to', async () => {
    const world = new DrawWorld(PEOPLE);
    await runDrawJob(world.job(), signal);
    await enter(world);
    const citizenKey = secretKey(Buffer.alloc(32, 1));
    await expect(runDrawJob({ ...world.job(), citizenKey }, signal)).rejects.toThrow(
      /the list of dinner is .* and the commitment names/,
    );
    expect(stateOf(world).drawn).toBeUndefined();
  });

  it('says so when a step that it has stored does not count', async () => {
    const world = new DrawWorld(PEOPLE);
    world.chain.now = () => world.nowMs + 3_600_000;
    await expect(runDrawJob(world.job(), signal)).rejects.toThrow(
      /step committed was stored and does not count: it was stored after its own notBefore/,
    );
  });

  it('has one result, whichever Jobs and operators run at once and end at any step', async () => {
    const results = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 2, max: 60 }), async (seed, crashIn) => {
        const world = new DrawWorld(PEOPLE);
        const pass = crashing(seed, crashIn);
        await Promise.all([toTheEnd(world, ORDER, pass), toTheEnd(world, ORDER, pass)]);
        const state = stateOf(world);
        expect(state.ignored).toEqual([]);
        expect(steps(world).filter((step) => step === 'drawn')).toHaveLength(1);
        expect(publishedFacts(world).toSorted()).toEqual(expectedFacts(world).toSorted());
        results.add(state.drawn?.digest ?? '');
      }),
      { numRuns: 150 },
    );
    expect(results.has('')).toBe(false);
  });

  it('would have steps that do not count, if appends did not compare', async () => {
    let found = 0;
    for (let seed = 0; seed < 20; seed += 1) {
      const world = new DrawWorld(PEOPLE);
      const { append } = world.chain;
      world.chain.append = (step) => append(step, world.chain.entries.at(-1)?.sequence ?? 0);
      const pass = crashing(seed, 60);
      const both = Promise.all([toTheEnd(world, ORDER, pass), toTheEnd(world, ORDER, pass)]);
      const isWell = await both.then(
        () => true,
        (error: unknown) => !/was stored and does not count/.test(String(error)),
      );
      if (!isWell || stateOf(world).ignored.length > 0) found += 1;
    }
    expect(found).toBeGreaterThan(0);
  });
});

const untilPostponed = (world: DrawWorld, isPostponed: () => boolean) => async (ms: number) => {
  if (isPostponed()) throw new Crash('stopped');
  world.nowMs += ms;
};
