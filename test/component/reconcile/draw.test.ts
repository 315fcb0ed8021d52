/** A campaign's way from the list to its result, tick by tick: people write annotations, the test does what Jobs would do. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { ENV } from '../../../contract/app-contract.ts';
import type { DrawStep } from '../../../contract/decisions/draw.ts';
import { chainState } from '../../../contract/decisions/draw-chain.ts';
import { type DrawOrder, readDrawOrder } from '../../../contract/decisions/draw-order.ts';
import { DRAW_COMMIT, drawSourceAnnotation, promoteAnnotation } from '../../../contract/names.ts';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import { commitText, listDigits, promoteText, sourceText } from '../../../operator/draw/commands.ts';
import { createReconciler, type Reconciler } from '../../../operator/tick/reconcile.ts';
import { aCampaign, CLOSES_AT_MS, DRAW } from '../../helpers/a-campaign.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { FakeFreezeJournal } from '../../helpers/fake-freeze-journal.ts';
import { FakeWorld } from '../../helpers/fake-world.ts';
import { freshReadings } from '../../helpers/observed.ts';

const { signal } = new AbortController();
const { campaignId } = aCampaign().spec;
const HEX = 'ab'.repeat(32);
const LEAD_MS = 60_000;
const LISTS = [{ voucher: 'dining-50', entries: 3, digest: HEX }];
const LIST = listDigits(LISTS);
let clock: FakeClock;
let world: FakeWorld;
let journal: FakeFreezeJournal;
let reconciler: Reconciler;
let annotations: Record<string, string>;

const anOperator = (): Reconciler => createReconciler({ ...world.deps(), freezing: journal.access() });

beforeEach(() => {
  clock = new FakeClock(CLOSES_AT_MS + 3_600_000);
  world = new FakeWorld(clock);
  journal = new FakeFreezeJournal();
  journal.now = () => clock.now();
  const barriers = [1, 1, 1];
  journal.entries.push({
    v: 1,
    campaignId,
    at: new Date(CLOSES_AT_MS + 20_000).toISOString(),
    barriers,
    unverified: 'unchecked',
  });
  journal.listed = { v: 1, campaignId, lists: LISTS };
  annotations = {};
  reconciler = anOperator();
});

const campaignNow = (): VoucherCampaign => {
  const status = world.statuses.at(-1);
  return aCampaign({
    metadata: { annotations },
    spec: {
      draw: {
        ...DRAW,
        sources: [
          { name: 'drand', type: 'Drand' },
          { name: 'lottery', type: 'PublicValue', description: 'the numbers' },
        ],
      },
    },
    ...(status && { status }),
  });
};
const ticks = async (seconds: number): Promise<void> => {
  for (let second = 0; second < seconds; second += 1) {
    world.readings = freshReadings(clock.now());
    await reconciler.reconcile(campaignNow(), signal);
    world.settlePods();
    await clock.advance(1_000);
  }
};
const reasonOf = (type: string): string | undefined =>
  world.statuses.at(-1)?.conditions?.find((condition) => condition.type === type)?.reason;
const shown = () => [reasonOf('DrawCommitted'), reasonOf('Drawn'), world.statuses.at(-1)?.draw?.phase];
const events = (): readonly string[] =>
  world.events.map(({ reason }) => reason).filter((reason) => /^Draw/.test(reason));
const orderOf = (name: string): unknown => {
  const [container] = world.jobs.get(name)?.spec?.template.spec?.containers ?? [];
  const order = container?.env?.find((variable) => variable.name === ENV.drawOrder)?.value;
  return order === undefined ? undefined : readDrawOrder(order);
};

const store = async (step: DrawStep): Promise<void> => {
  expect(await journal.chain.append(step, journal.chain.entries.at(-1)?.sequence ?? 0)).toBe(true);
};
const head = () => ({ v: 1, campaignId, at: new Date(clock.now()).toISOString(), attempt: 1 }) as const;
const commit = (): Promise<void> =>
  store({
    ...head(),
    step: 'committed',
    digest: HEX,
    authorizedBy: 'owner',
    commitment: {
      alg: 'vcdraw1',
      campaignUid: campaignId,
      attempt: 1,
      vouchers: [{ voucher: 'dining-50', n: 3, k: 3, waitlist: 0, listDigest: HEX, merkleRoot: HEX }],
      sources: [
        { name: 'drand', type: 'Drand', chain: HEX, round: 7 },
        { name: 'lottery', type: 'PublicValue', description: 'the numbers' },
      ],
      notBefore: new Date(clock.now() + LEAD_MS).toISOString(),
      postponeAt: new Date(clock.now() + 10 * LEAD_MS).toISOString(),
    },
  });

describe('a campaign with a draw', () => {
  it('goes from the list to its result, and says at each step what it waits for', async () => {
    await ticks(5);
    expect(shown()).toEqual(['WaitingForAuthorization', 'NotCommitted', 'Listed']);
    expect(world.jobs.size).toBe(0);

    // Of another list: nothing.
    annotations[DRAW_COMMIT] = commitText('owner', '0'.repeat(16));
    await ticks(2);
    expect([shown(), world.jobs.size]).toEqual([['WaitingForAuthorization', 'NotCommitted', 'Listed'], 0]);
    annotations[DRAW_COMMIT] = commitText('owner', LIST);
    await ticks(2);
    expect(shown()).toEqual(['Committing', 'NotCommitted', 'Listed']);
    expect(orderOf('chengdu-draw-c1')).toMatchObject({
      authorizedBy: 'owner',
      vouchers: [{ quota: 1_000, waitlist: 100 }],
    });

    await commit();
    await ticks(3);
    expect(shown()).toEqual(['Committed', 'WaitingForTime', 'Committed']);
    expect(world.settings?.published).toMatchObject({ commitment: { digest: HEX } });

    // Written too early: they count from notBefore on.
    annotations[drawSourceAnnotation('lottery', 1)] = sourceText('alice', HEX, '03');
    annotations[drawSourceAnnotation('lottery', 2)] = sourceText('bob', HEX, '04');
    await ticks(5);
    expect(journal.chain.entries).toHaveLength(1);
    await ticks(60);
    expect(shown()).toEqual(['Committed', 'ValuesDiffer', 'Committed']);
    annotations[drawSourceAnnotation('lottery', 2)] = sourceText('bob', HEX, '03');
    await ticks(3);
    expect(journal.chain.entries.map(({ step }) => step.step)).toEqual(['committed', 'entered']);
    await ticks(2);
    expect(shown()).toEqual(['Committed', 'WaitingForSources', 'Committed']);
    expect([...world.jobs.keys()]).toEqual(['chengdu-draw-c1', 'chengdu-draw-r1']);

    const values = [
      { name: 'drand', hex: HEX, signature: 'cd'.repeat(48) },
      { name: 'lottery', hex: '3033', value: '03', enteredBy: ['alice', 'bob'] },
    ];
    await store({ ...head(), step: 'sourced', sources: values });
    await ticks(3);
    expect(shown()).toEqual(['Committed', 'Drawing', 'Sourced']);
    const result = { voucher: 'dining-50', seed: HEX, cutoff: HEX, winners: 3, waitlisted: 0, resultDigest: HEX };
    await store({ ...head(), step: 'drawn', vouchers: [result], digest: HEX });
    await ticks(3);
    expect(shown()).toEqual(['Committed', 'Drawn', 'Drawn']);
    await store({ ...head(), step: 'announced', won: 3, waitlisted: 0 });
    await ticks(3);
    expect(shown()).toEqual(['Committed', 'Announced', 'Drawn']);
    expect(world.statuses.at(-1)?.draw).toMatchObject({
      winners: 3,
      announced: true,
      result: HEX,
      committedBy: 'owner',
    });
    expect(world.settings?.published).toMatchObject({ result: { digest: HEX } });
    expect(events()).toEqual(['DrawCommitted', 'DrawValuesDiffer', 'Drawn', 'DrawAnnounced']);
    expect(chainState(campaignId, journal.chain.entries).ignored).toEqual([]);

    // An owner lets the next move up, by another Job; what it could not do is shown.
    const falls = 'ef'.repeat(32);
    annotations[promoteAnnotation(falls)] = promoteText('owner', '2020-09-27T02:00:00.000Z', HEX, 'no account');
    await ticks(6);
    expect(shown()).toEqual(['Committed', 'Promoting', 'Drawn']);
    const promotion = [...world.jobs.keys()].find((name) => /^chengdu-draw-p[0-9a-f]{5}$/.test(name)) ?? '';
    expect(orderOf(promotion)).toMatchObject({
      promotions: [{ falls: falls.slice(0, 40), by: 'owner' }],
      bindBy: 'none',
    });
    const { promotions = [] } = orderOf(promotion) as DrawOrder;
    const [{ command = '' } = {}] = promotions;
    await store({ ...head(), step: 'declined', command, by: 'owner', why: 'the voucher was issued' });
    await ticks(6);
    expect(shown()).toEqual(['Committed', 'Announced', 'Drawn']);
    expect(world.statuses.at(-1)?.conditions?.find(({ type }) => type === 'Drawn')?.message).toContain(
      'is not replaced: the voucher was issued.',
    );
    expect(world.statuses.at(-1)?.stage).toBe('Drawn');
    expect(world.settings?.announced).toEqual({ barriers: [1, 1, 1], unverified: 'unchecked' });
    delete annotations[promoteAnnotation(falls)];

    // Another leader knows all of it, and what is published remains meanwhile.
    const { settings } = world;
    reconciler = anOperator();
    await ticks(1);
    expect(world.settings).toEqual(settings);
    await ticks(5);
    expect([shown(), events()]).toEqual([
      ['Committed', 'Announced', 'Drawn'],
      ['DrawCommitted', 'DrawValuesDiffer', 'Drawn', 'DrawAnnounced'],
    ]);
  });

  it('has one value of a source, although two operators append at once', async () => {
    annotations = {
      [DRAW_COMMIT]: commitText('owner', LIST),
      [drawSourceAnnotation('lottery', 1)]: sourceText('alice', HEX, '03'),
      [drawSourceAnnotation('lottery', 2)]: sourceText('bob', HEX, '03'),
    };
    await ticks(3);
    await commit();
    await ticks(58);
    const other = anOperator();
    for (let second = 0; second < 15; second += 1) {
      world.readings = freshReadings(clock.now());
      await Promise.all([reconciler.reconcile(campaignNow(), signal), other.reconcile(campaignNow(), signal)]);
      await clock.advance(1_000);
    }
    expect(chainState(campaignId, journal.chain.entries)).toMatchObject({ entered: [{ value: '03' }], ignored: [] });
  });
});
