import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Fact, project } from '../../../app/core/projection.ts';
import {
  type ChangeDecision,
  changesLeft,
  decideChange,
  factsOf,
  type ReceiptFacts,
  type WantedChange,
} from '../../../app/intake/change-rules.ts';
import type { Channel, EventEnvelope, EventType } from '../../../contract/envelope.ts';
import { instant, receiptOf, receivedEvent } from '../../helpers/records.ts';

const registered = receivedEvent({ citizen: 'changes', atMs: 1 });
const FIRST = receiptOf('first');
const OTHER = receiptOf('other');

interface Case {
  /** `type attempt[ content]`, in the order in which they are stored. */
  readonly stored?: readonly string[];
  readonly recorded?: readonly Fact[];
  readonly uniqueness?: 'perCitizenAndChannel';
  readonly channel?: Channel;
}

const factOf = (text: string, index: number): EventEnvelope => {
  const [type = '', attempt = '1', content = ''] = text.split(' ');
  return {
    ...registered,
    id: `${registered.receipt}.${type}.${attempt}`,
    type: type as EventType,
    ...(attempt === '1' ? {} : { attempt: Number(attempt) }),
    at: instant(index + 2),
    data: type === 'channel_changed' ? { channel: content } : { fingerprint: receiptOf(content), sealed: 'eA==' },
  };
};

/** The journal's look-up finds the last of each type. */
const receiptWith = ({ stored = [], recorded = [], uniqueness, channel = 'wechat' }: Case) => {
  const last = new Map(
    stored.map((text, index) => [text.split(' ')[0], { event: factOf(text, index), sequence: 10 + index }]),
  );
  const data = { ...registered.data, channel, fingerprint: FIRST, ...(uniqueness === undefined ? {} : { uniqueness }) };
  return {
    registration: { ...registered, data },
    stored: [...last.values()],
    recorded,
  } satisfies ReceiptFacts;
};

const refused = (code: string): object => ({ kind: 'refused', code });
const correction: WantedChange = { kind: 'correction', fingerprint: OTHER };
const alipay: WantedChange = { kind: 'channel', channel: 'alipay' };
const FIVE = ['alipay', 'wechat', 'alipay', 'wechat', 'unionpay'].map((to, n) => `channel_changed ${n + 1} ${to}`);

describe('a correction', () => {
  const rows: Record<string, readonly [Case, object]> = {
    'before a verdict': [{}, refused('NOT_REJECTED')],
    'of a verified one': [{ stored: ['verified 1'] }, refused('NOT_REJECTED')],
    'of one that a person reviews': [
      { stored: ['manual_review 1'] },
      { kind: 'append', type: 'corrected', attempt: 1, after: 0 },
    ],
    'of a review that follows a correction': [
      { stored: ['rejected 1', 'corrected 1 once', 'manual_review 2'] },
      { kind: 'append', type: 'corrected', attempt: 2, after: 11 },
    ],
    'of a rejection that follows a correction of a review': [
      { stored: ['manual_review 1', 'corrected 1 once', 'rejected 2'] },
      { kind: 'append', type: 'corrected', attempt: 2, after: 11 },
    ],
    'of the third verdict, a review': [
      { stored: ['manual_review 1', 'corrected 1 once', 'rejected 2', 'corrected 2 twice', 'manual_review 3'] },
      refused('NO_CORRECTION_LEFT'),
    ],
    'of a review, with what was reviewed': [
      { stored: ['manual_review 1', 'corrected 1 other', 'manual_review 2'] },
      refused('UNCHANGED'),
    ],
    'of the first rejection': [{ stored: ['rejected 1'] }, { kind: 'append', type: 'corrected', attempt: 1, after: 0 }],
    'of the second rejection, after the first correction': [
      { stored: ['rejected 1', 'corrected 1 once', 'rejected 2'] },
      { kind: 'append', type: 'corrected', attempt: 2, after: 11 },
    ],
    'of the third rejection': [
      { stored: ['rejected 1', 'corrected 1 once', 'rejected 2', 'corrected 2 twice', 'rejected 3'] },
      refused('NO_CORRECTION_LEFT'),
    ],
    'that is stored already': [{ stored: ['rejected 1', 'corrected 1 other'] }, { kind: 'done' }],
    'that was rejected itself': [{ stored: ['rejected 1', 'corrected 1 other', 'rejected 2'] }, refused('UNCHANGED')],
    'while another one is checked': [{ stored: ['rejected 1', 'corrected 1 once'] }, refused('NOT_REJECTED')],
    'of a rejection that only the database knows': [
      { recorded: [{ type: 'rejected', at: instant(5) }] },
      { kind: 'append', type: 'corrected', attempt: 1, after: 0 },
    ],
    'after a withdrawal': [{ stored: ['rejected 1', 'withdrawn 1'] }, refused('WITHDRAWN')],
    'of one that is merged': [{ stored: ['rejected 1', 'merged 1'] }, refused('SUPERSEDED')],
    'of one that is erased': [{ stored: ['rejected 1', 'withdrawn 1', 'erased 1'] }, refused('ERASED')],
  };
  it.each(Object.entries(rows))('%s', (_, [receipt, want]) => {
    expect(decideChange(correction, receiptWith(receipt))).toEqual(want);
  });

  it('that repeats what was registered is refused, because it would be rejected again', () => {
    const same: WantedChange = { kind: 'correction', fingerprint: FIRST };
    expect(decideChange(same, receiptWith({ stored: ['rejected 1'] }))).toEqual(refused('UNCHANGED'));
    expect(decideChange(same, receiptWith({}))).toEqual(refused('NOT_REJECTED'));
  });
});

describe('a change of channel', () => {
  const rows: Record<string, readonly [Case, object]> = {
    'of a new registration': [{}, { kind: 'append', type: 'channel_changed', attempt: 1, after: 0 }],
    'of a rejected one': [
      { stored: ['rejected 1'] },
      { kind: 'append', type: 'channel_changed', attempt: 1, after: 0 },
    ],
    'after others': [
      { stored: ['channel_changed 1 alipay', 'channel_changed 2 wechat'] },
      { kind: 'append', type: 'channel_changed', attempt: 3, after: 11 },
    ],
    'to the channel of the registration': [{ channel: 'alipay' }, { kind: 'done' }],
    'to the channel that was chosen before': [{ stored: ['channel_changed 1 alipay'] }, { kind: 'done' }],
    'for the sixth time': [{ stored: FIVE }, refused('NO_CHANNEL_CHANGE_LEFT')],
    'where each channel is a registration of its own': [
      { uniqueness: 'perCitizenAndChannel' },
      refused('CHANNEL_FIXED'),
    ],
    'after a withdrawal': [{ stored: ['withdrawn 1'] }, refused('WITHDRAWN')],
  };
  it.each(Object.entries(rows))('%s', (_, [receipt, want]) => {
    expect(decideChange(alipay, receiptWith(receipt))).toEqual(want);
  });
});

describe('any sequence of verdicts and changes', () => {
  const step = fc.constantFrom<'reject' | 'review' | 'correct' | 'wechat' | 'alipay' | 'unionpay' | 'withdraw'>(
    'reject',
    'review',
    'correct',
    'wechat',
    'alipay',
    'unionpay',
    'withdraw',
  );

  it('corrects twice and changes the channel five times at most; what was appended is done when it comes again', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const stored: string[] = [];
        const recorded = (): Fact[] => [...factsOf(receiptWith({ stored }))];
        for (const [index, one] of steps.entries()) {
          if (one === 'withdraw') stored.push('withdrawn 1');
          else if (one === 'reject' || one === 'review') {
            const corrections = stored.filter((text) => text.startsWith('corrected')).length;
            const verdict = one === 'reject' ? 'rejected' : 'manual_review';
            if (project(recorded()).state === 'received') stored.push(`${verdict} ${corrections + 1}`);
          } else {
            const content = one === 'correct' ? `content ${index}` : one;
            const wanted: WantedChange =
              one === 'correct'
                ? { kind: 'correction', fingerprint: receiptOf(content.replace(' ', '-')) }
                : { kind: 'channel', channel: one };
            const decision: ChangeDecision = decideChange(wanted, receiptWith({ stored }));
            if (decision.kind !== 'append') continue;
            stored.push(`${decision.type} ${decision.attempt} ${content.replace(' ', '-')}`);
            expect(decideChange(wanted, receiptWith({ stored }))).toEqual({ kind: 'done' });
          }
        }
        const count = (type: string): number => stored.filter((text) => text.startsWith(type)).length;
        expect(count('corrected')).toBeLessThanOrEqual(2);
        expect(count('channel_changed')).toBeLessThanOrEqual(5);
        expect(changesLeft(recorded())).toEqual({
          corrections: 2 - count('corrected'),
          channels: 5 - count('channel_changed'),
        });
      }),
    );
  });
});
