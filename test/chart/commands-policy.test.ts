/** What users may change of a campaign who have verbs for commands and are no editors, by the policy as Helm renders it. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  CONTINGENCY_PREFIX,
  channelStopAnnotation,
  DESTROY_ANNOTATION,
  DRAW_COMMIT,
  drawSourceAnnotation,
  ISSUE_START,
  OVERRIDES,
  promoteAnnotation,
} from '../../contract/names.ts';
import { reviewAnnotation } from '../../contract/review.ts';
import { VOUCHER_CAMPAIGN } from '../../contract/schema/schema.ts';
import { type Policy, readPolicy, refusalsOf } from './policy.ts';

let policy: Policy;
beforeAll(async () => {
  policy = await readPolicy('commands');
});

const OWNER = ['get', 'list', 'watch', 'authorize', 'patch', 'erase'];
const WITNESS = ['get', 'list', 'watch', 'patch', 'draw'];
const REVIEWER = ['get', 'list', 'patch', 'review'];
const EDITOR = ['get', 'list', 'watch', 'create', 'update', 'patch'];

const VALUE = drawSourceAnnotation('lottery', 1);
const SESSION = reviewAnnotation('0123abcd');
const STOP = channelStopAnnotation('wechat');
const ERASE = 'erase.voucher-operator.io/01HZX3V7Q8K2M4N6P8R0S2T4V6';

const SPEC = {
  campaignId: 'spring',
  title: { en: 'Spring' },
  window: { opensAt: '2027-03-01T10:00:00+08:00', closesAt: '2027-03-01T22:00:00+08:00' },
  scaling: { mode: 'Auto', authorized: { ceilings: { intake: 20 }, windows: [] } },
  contingency: {
    levels: [
      { name: 'more-time', effect: { extendClosing: '2h' } },
      { name: 'late-list', effect: { deferFreeze: '2h' } },
      { name: 'less', effect: { admissionFactor: 0.5 } },
    ],
  },
};
const { scaling, window } = SPEC;

interface Case {
  readonly verbs: readonly string[];
  readonly before?: Readonly<Record<string, string>>;
  readonly now?: Readonly<Record<string, string>>;
  /** Of the spec. */
  readonly spec?: object;
  readonly metadata?: object;
}

const refusals = ({ verbs, before = {}, now = {}, spec = {}, metadata = {} }: Case): string => {
  const object = { spec: { ...SPEC, ...spec }, metadata: { annotations: now, ...metadata } };
  const oldObject = { spec: SPEC, metadata: { annotations: before } };
  const request = { operation: 'UPDATE', namespace: 'city', name: 'spring', userInfo: { username: 'wang' } };
  return refusalsOf(policy, { object, oldObject, request }, verbs).join('\n');
};

const authorized = (change: object) => ({ scaling: { ...scaling, authorized: { ...scaling.authorized, ...change } } });

const allowed: Readonly<Record<string, Case>> = {
  'higher ceilings by an owner': { verbs: OWNER, spec: authorized({ ceilings: { intake: 60 } }) },
  'a window by an owner': { verbs: OWNER, spec: authorized({ windows: [{ from: 'a', until: 'b', ceilings: {} }] }) },
  'a later closing by an owner': {
    verbs: OWNER,
    spec: { window: { ...window, closesAt: '2027-03-01T23:00:00+08:00' } },
  },
  'every command of an owner': {
    verbs: OWNER,
    now: {
      [DRAW_COMMIT]: 'x',
      [ISSUE_START]: 'x',
      [DESTROY_ANNOTATION]: 'x',
      [ERASE]: 'x',
      [promoteAnnotation('ab'.repeat(32))]: 'x',
      [`${CONTINGENCY_PREFIX}more-time`]: 'x',
      [`${CONTINGENCY_PREFIX}late-list`]: 'x',
    },
  },
  'a command that an owner takes back': { verbs: OWNER, before: { [ISSUE_START]: 'x', [ERASE]: 'x' } },
  'a value by a witness': { verbs: WITNESS, now: { [VALUE]: 'x' } },
  'a session by a reviewer': { verbs: REVIEWER, now: { [SESSION]: 'x' } },
  'the end of a session by a reviewer': { verbs: REVIEWER, before: { [SESSION]: 'x' } },
  'commands of all kinds by a user who has all three roles': {
    verbs: [...OWNER, ...WITNESS, ...REVIEWER],
    now: { [VALUE]: 'x', [SESSION]: 'x', [DRAW_COMMIT]: 'x' },
  },
  'what another user wrote before': {
    verbs: WITNESS,
    before: { [OVERRIDES.paused]: 'x' },
    now: { [OVERRIDES.paused]: 'x' },
  },
  'any change of an editor who has every role': {
    verbs: [...EDITOR, ...OWNER, ...WITNESS, ...REVIEWER],
    spec: { title: { en: 'Another' } },
    now: { [OVERRIDES.paused]: 'x', [STOP]: 'x' },
    metadata: { labels: { team: 'a' } },
  },
  'any change of an editor': { verbs: EDITOR, spec: { title: { en: 'Another' } }, now: { [OVERRIDES.paused]: 'x' } },
  'a finalizer by the operator, which has none of the verbs': {
    verbs: ['get', 'patch'],
    metadata: { finalizers: ['a'] },
  },
};

const refused: Readonly<Record<string, readonly [Case, string]>> = {
  'another scaling mode by an owner': [
    { verbs: OWNER, spec: { scaling: { ...scaling, mode: 'Off' } } },
    'wang may write commands. The verb authorize on vouchercampaigns also covers spec.scaling.authorized and a later spec.window.closesAt, and nothing else of the spec',
  ],
  'an earlier closing by an owner': [
    { verbs: OWNER, spec: { window: { ...window, closesAt: '2027-03-01T21:00:00+08:00' } } },
    'nothing else of the spec',
  ],
  'another opening by an owner': [
    { verbs: OWNER, spec: { window: { ...window, opensAt: '2027-03-01T09:00:00+08:00' } } },
    'nothing else of the spec',
  ],
  'a pause by an owner': [
    { verbs: OWNER, now: { [OVERRIDES.paused]: 'x' } },
    'Not all of these are among them: voucher-operator.io/paused.',
  ],
  'a channel that an owner stops': [{ verbs: OWNER, now: { [STOP]: 'x' } }, 'and nothing else'],
  'a level that extends nothing, by an owner': [
    { verbs: OWNER, now: { [`${CONTINGENCY_PREFIX}less`]: 'x' } },
    'and nothing else',
  ],
  'a public value by an owner': [{ verbs: OWNER, now: { [VALUE]: 'x' } }, 'and nothing else'],
  'a label by an owner': [{ verbs: OWNER, metadata: { labels: { team: 'a' } } }, 'labels, finalizers and owners'],
  'an erasure by a user with the verb authorize only': [
    { verbs: ['get', 'patch', 'authorize'], now: { [ERASE]: 'x' } },
    'and nothing else',
  ],
  'higher ceilings by a user with the verb erase only': [
    { verbs: ['get', 'patch', 'erase'], spec: authorized({ ceilings: { intake: 60 } }) },
    'wang may write commands.',
  ],
  'another spec by a witness': [{ verbs: WITNESS, spec: { title: { en: 'Mine' } } }, 'and nothing else'],
  'higher ceilings by a witness': [
    { verbs: WITNESS, spec: authorized({ ceilings: { intake: 60 } }) },
    'and nothing else',
  ],
  'another annotation by a witness': [{ verbs: WITNESS, now: { [OVERRIDES.paused]: 'x' } }, 'and nothing else'],
  'an annotation that a witness removes': [{ verbs: WITNESS, before: { [OVERRIDES.paused]: 'x' } }, 'and nothing else'],
  'a value that a witness removes': [{ verbs: WITNESS, before: { [VALUE]: 'x' } }, 'and nothing else'],
  'the commitment by a witness': [{ verbs: WITNESS, now: { [DRAW_COMMIT]: 'x' } }, 'and nothing else'],
  'a label by a witness': [{ verbs: WITNESS, metadata: { labels: { team: 'a' } } }, 'and nothing else'],
  'a stop by a witness': [{ verbs: WITNESS, now: { [STOP]: 'x' } }, 'and nothing else'],
  'another spec by a reviewer': [{ verbs: REVIEWER, spec: { title: { en: 'Mine' } } }, 'and nothing else'],
  'another annotation by a reviewer': [{ verbs: REVIEWER, now: { [OVERRIDES.paused]: 'x' } }, 'and nothing else'],
  'a value that a reviewer removes': [{ verbs: REVIEWER, before: { [VALUE]: 'x' } }, 'and nothing else'],
  'a finalizer by a reviewer': [{ verbs: REVIEWER, metadata: { finalizers: ['a'] } }, 'and nothing else'],
};

describe('of a campaign, users who are no editors', () => {
  it.each(Object.entries(allowed))('may write %s', (_name, of) => {
    expect(refusals(of)).toBe('');
  });

  it.each(Object.entries(refused))('may not write %s', (_name, [of, message]) => {
    expect(refusals(of)).toContain(message);
  });

  it('may change no field of the spec that the verb does not cover: each is compared', () => {
    const { spec } = VOUCHER_CAMPAIGN.schema.properties as Record<string, { readonly properties?: object }>;
    const fields = Object.keys(spec?.properties ?? {}).filter((field) => field !== 'scaling' && field !== 'window');
    expect(fields.length).toBeGreaterThan(10);
    for (const field of fields) {
      expect([field, refusals({ verbs: OWNER, spec: { [field]: { levels: [] } } })]).toEqual([
        field,
        expect.stringContaining('nothing else of the spec'),
      ]);
    }
  });
});
