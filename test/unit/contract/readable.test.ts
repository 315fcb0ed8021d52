import { describe, expect, it } from '@jest/globals';
import { AN_INSTANT } from '../../../contract/instant.ts';
import {
  readablePart,
  unreadableIn,
  unreadableInCampaign,
  unreadableInPlan,
  unreadableText,
} from '../../../contract/readable.ts';
import { RESOURCES } from '../../../contract/schema/schema.ts';
import { campaignStatus } from '../../../contract/schema/status.ts';
import { hasDraw } from '../../../operator/draw/order.ts';
import { keepCampaign } from '../../../operator/kube/campaigns.ts';
import { parseObject } from '../../../operator/kube/objects.ts';
import { aCampaign, ofAnOlderRelease, VERIFICATION } from '../../helpers/a-campaign.ts';
import { schemaNodes } from '../../helpers/schema-nodes.ts';

type Path = readonly (string | number)[];
/** A copy in which one field is another value; undefined takes it away. */
const withValue = (value: unknown, [key, ...rest]: Path, next: unknown): unknown => {
  if (key === undefined) return next;
  if (Array.isArray(value)) return value.map((item, at) => (at === key ? withValue(item, rest, next) : item));
  const object = (value ?? {}) as Readonly<Record<string, unknown>>;
  return { ...object, [key]: withValue(object[String(key)], rest, next) };
};
const problems = (path: Path, next: unknown): string =>
  unreadableText(unreadableInCampaign(withValue(aCampaign(), path, next) as object));

describe('what can be read of a campaign', () => {
  it('is all of a sound one', () => {
    expect(problems(['spec', 'title', 'en'], 'Vouchers')).toBe('');
  });

  it('is all of one whose release did not have every tier, as long as it has none of those', () => {
    const older = ofAnOlderRelease(aCampaign());
    expect(unreadableInCampaign(older)).toEqual([]);
    const verifying = ofAnOlderRelease(aCampaign({ spec: { verification: VERIFICATION } }));
    expect(unreadableInCampaign(verifying).map(({ path }) => path)).toEqual([
      'spec.scaling.authorized.ceilings.verification',
      'spec.scaling.tiers.verification',
    ]);
  });

  it.each<[string, Path, unknown, string]>([
    [
      'an instant with a comma',
      ['spec', 'window', 'closesAt'],
      '2026-11-30T10:00:00,5Z',
      'spec.window.closesAt is "2026-11-30T10:00:00,5Z", which is not an instant: write date, time and offset, such as',
    ],
    [
      'an instant of an authorised window',
      ['spec', 'scaling', 'authorized', 'windows'],
      [{ from: '2027-01-01T00:00:00Z', until: '2027-01-01T10:00:60Z', ceilings: { intake: 30 } }],
      'spec.scaling.authorized.windows[0].until is "2027-01-01T10:00:60Z", which is not an instant',
    ],
    [
      'a duration of another language',
      ['spec', 'scaling', 'drainWithin'],
      '1.5h',
      'spec.scaling.drainWithin is "1.5h"',
    ],
    [
      'a number that JavaScript rounds',
      ['spec', 'vouchers', 0, 'quota'],
      2 ** 53,
      'spec.vouchers[0].quota is 9007199254740992, which is not a whole number up to 2^53',
    ],
    [
      'a number in quotes',
      ['spec', 'traffic', 'burstSeconds'],
      '5',
      'spec.traffic.burstSeconds is "5", which is not a number',
    ],
    [
      'a capacity of nothing, which would be divided by',
      ['spec', 'scaling', 'tiers', 'intake', 'capacityPerReplica'],
      0,
      'spec.scaling.tiers.intake.capacityPerReplica is 0: raise it to at least 1',
    ],
    [
      'a word of a later version',
      ['spec', 'scaling', 'mode'],
      'Dream',
      'this version does not know: write one of Auto',
    ],
    ['a field that older CRDs did not have', ['spec', 'scaling', 'drain'], undefined, 'update the CRDs'],
    ['a required field that is gone', ['spec', 'window', 'opensAt'], null, 'spec.window.opensAt is missing: state it'],
    ['a list that is none', ['spec', 'vouchers'], 'all', 'spec.vouchers is "all", which is not a list'],
    ['a section that is none', ['spec', 'window'], 'always', 'spec.window is "always", which is not an object'],
  ])('lacks %s', (_, path, next, want) => {
    expect(problems(path, next)).toContain(want);
  });

  it('is all of one that an older schema admitted, as programs write instants', () => {
    expect(problems(['spec', 'window', 'opensAt'], '2026-11-29T10:00:00.000000+08:00')).toBe('');
    expect(problems(['spec', 'window', 'closesAt'], '2026-11-29t18:00:00z')).toBe('');
  });

  it('is not judged by its status, which is the operator’s own', () => {
    expect(problems(['status', 'closesAt'], '2027-01-01 10:00')).toBe('');
  });

  it('does not shrink for what is only longer or more than this version would admit', () => {
    expect(problems(['spec', 'title', 'en'], '字'.repeat(500))).toBe('');
    expect(problems(['spec', 'vouchers', 0, 'validDays'], 5_000)).toBe('');
  });

  it('names three fields and counts the others', () => {
    const fields = [1, 2, 3, 4, 5].map((n) => ({ path: `spec.f${n}`, problem: 'is missing' }));
    expect(unreadableText(fields)).toBe('spec.f1 is missing; spec.f2 is missing; spec.f3 is missing; and 2 more');
  });

  it('is asked for once per version of an object', () => {
    const campaign = aCampaign();
    const first = unreadableInCampaign(campaign);
    expect(unreadableInCampaign(campaign)).toBe(first);
  });

  it('holds for plans as well', () => {
    const plan = { spec: { expiresAt: '2026-11-30T10:00:00,5Z' } };
    expect(unreadableText(unreadableInPlan(plan))).toContain('spec.campaignName is missing');
  });
});

describe('the status of a campaign that another version left behind', () => {
  const tier = { replicas: 4, ready: 4, desired: 4, ceiling: 20, limitedBy: 'Load' };
  const condition = { type: 'Ready', status: 'True', reason: 'Ready', message: '', lastTransitionTime: AN_INSTANT };
  const level = { name: 'narrow', since: AN_INSTANT, by: 'Trigger', reason: 'backlog' };
  const sound = {
    stage: 'Open',
    openedAt: AN_INSTANT,
    conditions: [condition],
    tiers: { intake: tier },
    counts: { received: 1 },
  };
  const kept = (status: unknown): unknown =>
    keepCampaign(
      parseObject({ ...aCampaign(), metadata: { ...aCampaign().metadata, uid: 'u', resourceVersion: '1' }, status }),
    ).status;

  it.each<[string, object, object]>([
    ['is whole where all can be read', sound, sound],
    [
      'is one as soon as more is in it',
      { observedGeneration: 0, openedAt: AN_INSTANT },
      { observedGeneration: 0, openedAt: AN_INSTANT },
    ],
    ['keeps fields of which nothing is known', { ...sound, later: 7 }, { ...sound, later: 7 }],
    ['loses an instant that is none', { ...sound, closesAt: '2027-01-01 10:00' }, sound],
    [
      'loses a level with a word of later versions',
      { ...sound, contingency: [level, { ...level, by: 'Model' }] },
      { ...sound, contingency: [level] },
    ],
    ['loses a condition with one', { ...sound, conditions: [{ ...condition, status: 'Maybe' }, condition] }, sound],
    [
      'loses a tier that lacks what it needs',
      { ...sound, tiers: { intake: tier, records: { ...tier, ready: '4' } } },
      sound,
    ],
    ['loses what is null', { ...sound, counts: { received: null } }, { ...sound, counts: undefined }],
  ])('%s', (_, status, want) => {
    expect(kept(status)).toEqual(want);
    expect(unreadableIn(campaignStatus, kept(status), 'status')).toEqual([]);
  });

  it('is empty rather than absent where nothing of it can be read: nobody took it away', () => {
    expect(kept({ stage: 7 })).toEqual({});
    expect(readablePart(campaignStatus, 'Open')).toBeUndefined();
    expect(kept(undefined)).toBeUndefined();
  });
});

describe('what Go and JavaScript read alike', () => {
  const nodes = schemaNodes(RESOURCES);

  it('is every pattern: ASCII, classes, groups, counts and alternatives, whole from ^ to $', () => {
    const patterns = new Set(nodes.flatMap(({ node }) => (node.type === 'string' ? (node.pattern ?? []) : [])));
    expect(patterns.size).toBeGreaterThan(3);
    for (const pattern of patterns) {
      // No backslashes, no lazy or possessive counts, no look-around: the dialects differ there.
      expect(pattern).toMatch(/^\^[\x20-\x5b\x5d-\x7e]*\$$/);
      expect(pattern).not.toMatch(/\(\?|[*+?}][?+]/);
    }
  });

  it('is every whole number: none is larger than a number of JavaScript', () => {
    const large = nodes.filter(
      ({ node }) => node.type === 'integer' && !((node.maximum ?? (node.format === 'int32' ? 0 : Infinity)) <= 2 ** 53),
    );
    expect(large.map(({ path }) => path)).toEqual([]);
  });
});

describe('the spec of a campaign, where the CustomResourceDefinition is of an earlier release', () => {
  it('has the defaults of fields that the API server does not know yet, and no section that was not stated', () => {
    const { draw: _, ...spec } = aCampaign().spec;
    const older = { ...spec, privacy: { keySecretName: 'keys-2020' } };
    const metadata = { ...aCampaign().metadata, uid: 'u', resourceVersion: '1' };
    const kept = keepCampaign(parseObject({ ...aCampaign(), metadata, spec: older })).spec;
    expect(kept.privacy).toEqual({ keySecretName: 'keys-2020', deleteAfterDays: 180 });
    expect(kept.draw.unverified).toBe('exclude');
    expect(kept).not.toHaveProperty('verification');
    expect(hasDraw(kept)).toBe(false);
  });
});
