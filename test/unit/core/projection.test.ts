import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Fact, project, type State } from '../../../app/core/projection.ts';
import { EVENT_TYPES, type EventEnvelope } from '../../../contract/envelope.ts';
import { acceptedAt, beats } from '../../../contract/winner.ts';
import { projectHistory } from '../../helpers/project-history.ts';

const day = Date.parse('2020-09-25T01:00:00.000Z');
const instant = fc.integer({ min: 0, max: 5 }).map((seconds) => new Date(day + seconds * 1000).toISOString());

/** Few citizens, receipts and instants, so that collisions of every sort are common. */
const event: fc.Arbitrary<EventEnvelope> = fc
  .record({
    type: fc.constantFrom(...EVENT_TYPES),
    citizen: fc.integer({ min: 0, max: 2 }),
    n: fc.integer({ min: 0, max: 2 }),
    at: instant,
    copy: fc.integer({ min: 0, max: 1 }),
    attempt: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ type, citizen, n, at, copy, attempt }) => {
    const receipt = `${citizen}${n}`.padEnd(26, '0');
    return {
      v: 1,
      id: type === 'received' ? receipt : `${receipt}.${type}`,
      type,
      ...(type === 'received' || attempt === 1 ? {} : { attempt }),
      kind: 'citizen',
      campaignId: 'demo',
      receipt,
      citizenHash: String(citizen).padEnd(64, '0'),
      at,
      site: 'a',
      keyId: '',
      data: { copy },
    };
  });

const history = fc.array(event, { maxLength: 40 });

/** The same events in another order, with some of them repeated. */
const retold = history.chain((events) =>
  fc
    .tuple(fc.constant(events), fc.shuffledSubarray(events, { minLength: 0 }))
    .chain(([all, repeats]) => fc.shuffledSubarray([...all, ...repeats], { minLength: all.length + repeats.length }))
    .map((other) => ({ events, other })),
);

describe('the projection', () => {
  it('is the same for any order and any repetition of the same events', () => {
    fc.assert(
      fc.property(retold, ({ events, other }) => {
        expect(projectHistory(other)).toEqual(projectHistory(events));
      }),
      { numRuns: 500 },
    );
  });

  it('gives every person with a receipt exactly one that stands, and calls all others superseded', () => {
    fc.assert(
      fc.property(history, (events) => {
        const { registrations, superseded } = projectHistory(events);
        const received = events.filter(({ type }) => type === 'received');
        expect(new Set(registrations.keys())).toEqual(new Set(received.map(({ citizenHash }) => citizenHash)));
        const receipts = new Set(received.map(({ receipt }) => receipt));
        expect(registrations.size + superseded.size).toBe(receipts.size);
      }),
    );
  });
});

describe('the winner rule', () => {
  it('is a strict total order', () => {
    const claim = fc.record({ acceptedAt: instant, receipt: fc.constantFrom('A', 'B', 'C') });
    fc.assert(
      fc.property(claim, claim, claim, (a, b, c) => {
        const same = a.acceptedAt === b.acceptedAt && a.receipt === b.receipt;
        expect([beats(a, b), beats(b, a), same].filter(Boolean)).toHaveLength(1);
        if (beats(a, b) && beats(b, c)) expect(beats(a, c)).toBe(true);
      }),
    );
  });
});

const T = '2020-09-25T01:00:00.000Z';
/** `issuing 2` is attempt 2. */
const factOf = (text: string): Fact => {
  const [type, attempt = '1'] = text.split(' ');
  const known = EVENT_TYPES.find((one) => one === type);
  if (known === undefined) throw new Error(`no type ${type}`);
  return { type: known, attempt: Number(attempt), at: T };
};

describe('a state', () => {
  const cases: Record<string, { facts: string[]; want: State }> = {
    'is received before anything else is known': { facts: ['received'], want: 'received' },
    'is received even when only a later fact has arrived without it': {
      facts: ['manual_review'],
      want: 'manual_review',
    },
    'is received where facts say nothing of it': {
      facts: ['received', 'bound', 'bound 2', 'channel_changed', 'barrier'],
      want: 'received',
    },
    'is received again when a rejection was answered by a correction': {
      facts: ['corrected', 'received', 'rejected', 'manual_review'],
      want: 'received',
    },
    'is received again when a review was answered by a correction': {
      facts: ['corrected', 'received', 'manual_review'],
      want: 'received',
    },
    'is rejected when the correction was rejected too': {
      facts: ['rejected 2', 'corrected', 'rejected'],
      want: 'rejected',
    },
    'is received again after the second correction': {
      facts: ['rejected 2', 'corrected 2', 'corrected', 'rejected'],
      want: 'received',
    },
    'is manual_review when only a person can judge the correction': {
      facts: ['manual_review 2', 'corrected', 'rejected'],
      want: 'manual_review',
    },
    'is verified when a correction followed a rejection': {
      facts: ['verified', 'received', 'rejected'],
      want: 'verified',
    },
    'is verified whatever was rejected how often': { facts: ['verified', 'rejected 9'], want: 'verified' },
    'is withdrawn when the citizen said so before the freeze': { facts: ['withdrawn', 'verified'], want: 'withdrawn' },
    'is superseded when the same person stands by another receipt': {
      facts: ['merged', 'withdrawn', 'verified'],
      want: 'superseded',
    },
    'is entered when a withdrawal came after the freeze': { facts: ['entered', 'withdrawn'], want: 'entered' },
    'is entered when a merge came after the freeze': { facts: ['entered', 'merged'], want: 'entered' },
    'is won for a promoted waitlist entry': { facts: ['promoted', 'waitlisted'], want: 'won' },
    'is won when the result says so too': { facts: ['won', 'promoted', 'waitlisted'], want: 'won' },
    'is issuing when a failed try is followed by another': {
      facts: ['issuing 2', 'issue_failed', 'issuing', 'won'],
      want: 'issuing',
    },
    'is issue_failed when the second try failed too': {
      facts: ['issue_failed 2', 'issuing 2', 'issue_failed', 'issuing'],
      want: 'issue_failed',
    },
    'is issued although a failure was reported too': { facts: ['issued', 'issue_failed'], want: 'issued' },
    'is issued although a later try failed': { facts: ['issued', 'issuing 2', 'issue_failed 2'], want: 'issued' },
    'is redeemed for ever': { facts: ['redeemed', 'expired', 'issued'], want: 'redeemed' },
    'is erased above all': { facts: [...EVENT_TYPES], want: 'erased' },
  };
  it.each(Object.entries(cases))('%s', (_name, { facts, want }) => {
    expect(project(facts.map(factOf)).state).toBe(want);
    expect(project([...facts, ...facts].reverse().map(factOf)).state).toBe(want);
  });

  const fact = fc.record({
    type: fc.constantFrom(...EVENT_TYPES),
    attempt: fc.integer({ min: 1, max: 12 }),
    at: instant,
    channel: fc.constantFrom('wechat' as const, 'alipay' as const),
  });
  const factsRetold = fc
    .array(fact, { minLength: 1, maxLength: 12 })
    .chain((facts) =>
      fc.tuple(
        fc.constant(facts),
        fc.shuffledSubarray([...facts, ...facts, ...facts], { minLength: facts.length * 3 }),
      ),
    );

  it('is the same for any order and any repetition of the same facts, of every type and attempt', () => {
    fc.assert(
      fc.property(factsRetold, ([facts, other]) => {
        expect(project(other)).toEqual(project(facts));
      }),
      { numRuns: 1_000 },
    );
  });

  it('is the same in whatever pieces its facts are joined: what is known before changes nothing', () => {
    fc.assert(
      fc.property(fc.array(fact, { minLength: 1, maxLength: 8 }), fact, (facts, one) => {
        // A fact beats the state before or it doesn’t; a third outcome would mean that the ranks are no order.
        expect([project(facts).state, project([one]).state]).toContain(project([...facts, one]).state);
      }),
      { numRuns: 1_000 },
    );
  });

  it('of an erased receipt tells nothing else', () => {
    expect(project(['received', 'verified', 'erased', 'won'].map(factOf)).history).toEqual([
      { state: 'erased', at: T },
    ]);
  });

  it('tells its history by time, each fact once', () => {
    expect(
      project([
        { type: 'verified', at: '2020-09-25T01:00:02.000Z' },
        { type: 'received', at: '2020-09-25T01:00:01.000Z' },
        { type: 'received', at: '2020-09-25T01:00:00.000Z' },
      ]).history,
    ).toEqual([
      { state: 'received', at: '2020-09-25T01:00:00.000Z' },
      { state: 'verified', at: '2020-09-25T01:00:02.000Z' },
    ]);
  });

  it('leaves out who looked: that is for auditors, and changes no state', () => {
    const { state, history } = project(['received', 'manual_review', 'reviewed', 'reviewed 2'].map(factOf));
    expect([state, history.map((one) => one.state)]).toEqual(['manual_review', ['received', 'manual_review']]);
  });

  it('keeps a second failure beside the first in its history', () => {
    expect(project(['issue_failed 2', 'issue_failed'].map(factOf)).history).toHaveLength(2);
  });

  it('goes with the channel that was chosen last', () => {
    const change = (attempt: number, channel: 'alipay' | 'unionpay'): Fact => ({
      type: 'channel_changed',
      attempt,
      at: T,
      channel,
    });
    expect(project([change(10, 'unionpay'), change(9, 'alipay'), factOf('received')]).channel).toBe('unionpay');
    expect(project([factOf('received')]).channel).toBeUndefined();
  });
});

describe('clocks that are wrong', () => {
  const HOUR_MS = 3_600_000;
  const wrongByMs = fc.integer({ min: -8 * HOUR_MS, max: 8 * HOUR_MS });
  /** A citizen's copies as the journal has them: the true instant, whose clock was off by how much, and who agreed. */
  const copy = fc
    .record({
      trueMs: fc.integer({ min: 0, max: 600_000 }),
      takesMs: fc.integer({ min: 0, max: 8_000 }),
      intakeOffMs: fc.oneof(fc.constant(0), wrongByMs),
      journalOffMs: fc.oneof(fc.constant(0), wrongByMs),
      n: fc.integer({ min: 0, max: 2 }),
      citizen: fc.integer({ min: 0, max: 1 }),
    })
    .map((one) => {
      const receipt = `${one.citizen}${one.n}`.padEnd(26, '0');
      // An intake that has others to ask says the true time; it is never both agreed and wrong.
      const isAgreed = one.intakeOffMs === 0;
      const at = new Date(day + one.trueMs + one.intakeOffMs).toISOString();
      const storedAtMs = day + one.trueMs + one.takesMs + one.journalOffMs;
      const accepted = acceptedAt({ at, ...(isAgreed ? { clock: 'agreed' as const } : {}) }, storedAtMs);
      const received: EventEnvelope = {
        v: 1,
        id: receipt,
        type: 'received',
        kind: 'citizen',
        campaignId: 'demo',
        receipt,
        citizenHash: String(one.citizen).padEnd(64, '0'),
        at: accepted,
        site: 'a',
        keyId: '',
        data: {},
      };
      return { ...one, received };
    });

  it('give the same rows from every replay, in any order', () => {
    fc.assert(
      fc.property(
        fc
          .array(copy, { maxLength: 20 })
          .chain((all) =>
            fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 })),
          ),
        ([once, again]) => {
          const rows = (copies: typeof once) => projectHistory(copies.map(({ received }) => received));
          expect(rows(again)).toEqual(rows(once));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('of an intake displace nobody who was confirmed twelve seconds before, with a journal that is right', () => {
    fc.assert(
      fc.property(copy, copy, ({ received: a, ...first }, { received: b, ...second }) => {
        const later = { ...second, trueMs: first.trueMs + 12_001 + second.trueMs };
        const claim = ({ trueMs, takesMs, intakeOffMs }: typeof first, receipt: string) => ({
          acceptedAt: acceptedAt({ at: new Date(day + trueMs + intakeOffMs).toISOString() }, day + trueMs + takesMs),
          receipt,
        });
        expect(beats(claim(later, b.receipt), claim(first, a.receipt))).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('of a journal server displace nobody, with intakes that most clocks agree with', () => {
    fc.assert(
      fc.property(copy, copy, ({ received: a, ...first }, { received: b, ...second }) => {
        const claim = (trueMs: number, { takesMs, journalOffMs }: typeof first, receipt: string) => ({
          acceptedAt: acceptedAt(
            { at: new Date(day + trueMs).toISOString(), clock: 'agreed' },
            day + trueMs + takesMs + journalOffMs,
          ),
          receipt,
        });
        const later = claim(first.trueMs + 1 + second.trueMs, second, b.receipt);
        expect(beats(later, claim(first.trueMs, first, a.receipt))).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});
