import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { admitCampaign, admitCampaignStatus, formatAdmissionErrors } from '../../../admission/admission.ts';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import type { ScalePlan } from '../../../contract/types/scale-plan.ts';
import { admitScalePlan, admitScalePlanObject } from '../../helpers/admit-scale-plan.ts';

const example = (name: string): string => readFileSync(join(import.meta.dirname, '../../../examples', name), 'utf8');
const minimal = example('minimal.yaml');

const campaign = (text: string, old?: VoucherCampaign): VoucherCampaign => {
  const admission = admitCampaign(text, old);
  if (admission.kind === 'refused') throw new Error(formatAdmissionErrors(admission.errors, 'test'));
  return admission.campaign;
};

const scheduled = campaign(minimal);
const opened: VoucherCampaign = {
  ...scheduled,
  metadata: { ...scheduled.metadata, uid: 'uid-1', resourceVersion: '7', creationTimestamp: '2027-02-01T00:00:00Z' },
  status: { openedAt: '2027-03-01T02:00:00Z', stage: 'Open' },
};

const refusedPaths = (text: string, old: VoucherCampaign): readonly string[] => {
  const admission = admitCampaign(text, old);
  return admission.kind === 'refused' ? admission.errors.map(({ path }) => path) : [];
};

const OPENS = '2027-03-01T10:00:00+08:00';
const CLOSES = '2027-03-08T22:00:00+08:00';
const second = `    - {name: retail-20, title: {zh-CN: 零售, en: Retail}, faceValueFen: 2000, quota: 5, validDays: 7}\n`;
const eligibility = '  eligibility: {minAge: 16}\n';
const privacy = '  privacy: {keySecretName: other}\n';

const verified = (of: { code?: string; perSecond?: number; order?: number; name?: string } = {}): string =>
  `${minimal}  verification: {providers: [{name: ${of.name ?? 'city'}, type: Http, url: 'https://id.example', order: ${of.order ?? 1}, ` +
  `requestsPerSecond: ${of.perSecond ?? 10}, http: {body: '{}', codeAt: /code, match: ['${of.code ?? '0'}'], mismatch: ['1']}}]}\n`;

const issuing = (
  of: {
    merchant?: string;
    appId?: string;
    stock?: string;
    perSecond?: number;
    url?: string;
    name?: string;
    bindBy?: string;
  } = {},
): string => {
  const { merchant = '19', appId = 'wx8', stock = '98', perSecond = 500, name = 'wechat' } = of;
  const url = of.url === undefined ? '' : `url: '${of.url}', `;
  const bindBy = of.bindBy === undefined ? '' : `bindBy: '${of.bindBy}', `;
  return (
    `${minimal}  draw: {sources: [{name: drand, type: Drand}]}\n` +
    `  issuance: {${bindBy}channels: [{name: ${name}, ${url}merchant: '${merchant}', appId: ${appId}, requestsPerSecond: ${perSecond}, ` +
    `stocks: [{voucher: dining-50, stock: '${stock}'}]}]}\n`
  );
};

describe('an edit of a campaign that issues vouchers', () => {
  const drawn: VoucherCampaign = { ...campaign(issuing()), status: { openedAt: '2027-03-01T02:00:00Z' } };
  const started: VoucherCampaign = {
    ...drawn,
    status: { ...drawn.status, issuance: { startedAt: '2027-03-09T02:00:00Z' } },
  };
  const FIXED = ['spec.issuance'];
  it.each([
    ['the merchant', issuing({ merchant: '20' }), FIXED],
    ['the app', issuing({ appId: 'wx9' }), FIXED],
    ['a stock', issuing({ stock: '99' }), FIXED],
    ['the channel', issuing({ name: 'alipay' }), FIXED],
    ['the deadline', issuing({ bindBy: '2027-04-01T00:00:00+08:00' }), ['spec.issuance.bindBy']],
    [
      'the section',
      minimal.replace('  traffic:', '  draw: {sources: [{name: drand, type: Drand}]}\n  traffic:'),
      FIXED,
    ],
    ['the rate', issuing({ perSecond: 400 }), []],
    ['the address', issuing({ url: 'https://api2.mch.weixin.qq.com' }), []],
  ])('of %s', (_, text, afterStart) => {
    expect(refusedPaths(text, drawn)).toEqual([]);
    expect(refusedPaths(text, started)).toEqual(afterStart);
  });

  it('never moves the start', () => {
    const moved = admitCampaignStatus(started, { ...started.status, issuance: { startedAt: '2027-03-10T02:00:00Z' } });
    expect(moved.kind === 'refused' && moved.errors.map(({ path }) => path)).toEqual(['status.issuance.startedAt']);
    const gone = admitCampaignStatus(started, { openedAt: '2027-03-01T02:00:00Z' });
    expect(gone.kind).toBe('refused');
  });
});

describe('an edit of a campaign', () => {
  it.each([
    [
      'campaignId',
      minimal.replace('campaignId: spring', 'campaignId: autumn'),
      ['spec.campaignId'],
      ['spec.campaignId'],
    ],
    ['opening time', minimal.replace(OPENS, '2027-03-02T10:00:00+08:00'), [], ['spec.window.opensAt']],
    ['the same opening time in another zone', minimal.replace(OPENS, '2027-03-01T02:00:00Z'), [], []],
    ['a later closing time', minimal.replace(CLOSES, '2027-03-09T22:00:00+08:00'), [], []],
    ['an earlier closing time', minimal.replace(CLOSES, '2027-03-08T21:59:59+08:00'), [], ['spec.window.closesAt']],
    ['the same closing time in another zone', minimal.replace(CLOSES, '2027-03-08T14:00:00Z'), [], []],
    ['eligibility', minimal + eligibility, [], ['spec.eligibility']],
    ['what counts once', `${minimal}  eligibility: {uniqueness: perCitizenAndChannel}\n`, [], ['spec.eligibility']],
    ['whose numbers are taken', `${minimal}  identity: {keySpace: identityCard}\n`, [], ['spec.identity']],
    ['a quota', minimal.replace('200000', '200001'), [], ['spec.vouchers']],
    ['another voucher', minimal.replace('  traffic:', `${second}  traffic:`), [], ['spec.vouchers']],
    ['the key Secret', minimal + privacy, [], ['spec.privacy']],
    ['who enters the draw', `${minimal}  draw: {unverified: enter}\n`, [], ['spec.draw']],
    [
      'until when identities are verified',
      `${minimal}  draw: {verifyBy: '2027-03-09T22:00:00+08:00'}\n`,
      [],
      ['spec.draw'],
    ],
    [
      'verification not after closing',
      `${minimal}  draw: {verifyBy: '${CLOSES}'}\n`,
      ['spec.draw.verifyBy'],
      ['spec.draw', 'spec.draw.verifyBy'],
    ],
    [
      'verification a year later',
      `${minimal}  draw: {verifyBy: '2028-03-08T22:00:00+08:00'}\n`,
      ['spec.draw.verifyBy'],
      ['spec.draw', 'spec.draw.verifyBy'],
    ],
    ['whether identities are verified', verified(), [], ['spec.verification']],
    ['the title', minimal.replace('Spring vouchers', 'Spring e-vouchers'), [], []],
    ['the admission rate', minimal.replace('2000\n', '500\n'), [], []],
    ['scaling', `${minimal}  scaling: {authorized: {ceilings: {intake: 90}}}\n`, [], []],
  ])('of %s', (_, text, beforeOpening, afterOpening) => {
    expect(refusedPaths(text, scheduled)).toEqual(beforeOpening);
    expect(refusedPaths(text, opened)).toEqual(afterOpening);
  });

  it.each([
    ['the rate', verified({ perSecond: 20 }), []],
    ['the order', verified({ order: 2 }), []],
    ['what counts as a match', verified({ code: '00' }), ['spec.verification.providers']],
    ['the name', verified({ name: 'other' }), ['spec.verification.providers']],
    ['the section', minimal, ['spec.verification']],
  ])('of %s of a provider', (_, text, afterOpening) => {
    const old = campaign(verified());
    expect(refusedPaths(text, old)).toEqual([]);
    expect(refusedPaths(text, { ...old, status: { openedAt: '2027-03-01T02:00:00Z' } })).toEqual(afterOpening);
  });

  it.each([
    ['the relays of drand', { relays: ", relays: ['https://other.example']" }, []],
    ['the claim and the store of the bundle', { more: ', bundleClaim: a, bundleUrl: "https://a.example/"' }, []],
    ['the store', { more: ", bundleStore: {url: 'https://s3.example', bucket: draws, secretName: keys}" }, []],
    ['the lead time', { more: ', leadSeconds: 7200' }, ['spec.draw']],
    ['the waiting list', { more: ', waitlistPercent: 20' }, ['spec.draw']],
    ['who enters', { more: ', unverified: enter' }, ['spec.draw']],
    ['how a public value is written', { description: 'other numbers' }, ['spec.draw']],
    ['the order of the sources, which the commitment fixes', { isSwapped: true }, []],
    ['the number of sources', { isOne: true }, ['spec.draw']],
    ['whether there is a draw', undefined, ['spec.draw']],
  ])('of %s of a draw', (_, changes, afterOpening) => {
    const drawn = ({
      relays = '',
      more = '',
      description = 'numbers',
      isSwapped = false,
      isOne = false,
    } = {}): string => {
      const drand = `{name: drand, type: Drand${relays}}`;
      const value = `{name: lottery, type: PublicValue, description: ${description}}`;
      const sources = isOne ? [drand] : isSwapped ? [value, drand] : [drand, value];
      return `${minimal}  draw: {sources: [${sources.join(', ')}]${more}}\n`;
    };
    const old = campaign(drawn());
    const text = changes === undefined ? minimal : drawn(changes);
    expect(refusedPaths(text, old)).toEqual([]);
    expect(refusedPaths(text, { ...old, status: { openedAt: '2027-03-01T02:00:00Z' } })).toEqual(afterOpening);
  });

  it('of the order of vouchers is no change, because they are told apart by name', () => {
    const both = minimal.replace('  traffic:', `${second}  traffic:`);
    const swapped = minimal.replace('  vouchers:\n', `  vouchers:\n${second}`);
    const old: VoucherCampaign = { ...campaign(both), status: { openedAt: '2027-03-01T02:00:00Z' } };
    expect(refusedPaths(swapped, old)).toEqual([]);
  });

  it('raises the generation with the spec and only then', () => {
    expect(campaign(minimal, opened).metadata.generation).toBe(1);
    expect(campaign(minimal.replace('metadata:\n', 'metadata:\n  labels: {a: b}\n'), opened).metadata).toMatchObject({
      generation: 1,
      labels: { a: 'b' },
    });
    expect(campaign(minimal.replace('Spring vouchers', 'New'), opened).metadata.generation).toBe(2);
  });

  it('keeps what the server and the operator wrote', () => {
    const edited = campaign(minimal.replace('Spring vouchers', 'New'), opened);
    expect(edited.status).toEqual(opened.status);
    expect(edited.metadata).toMatchObject({ uid: 'uid-1', creationTimestamp: '2027-02-01T00:00:00Z' });
  });

  it('under another name is refused, because it would be another object', () => {
    expect(refusedPaths(minimal.replace('name: spring-2027', 'name: other'), opened)).toEqual(['metadata.name']);
    expect(refusedPaths(minimal.replace('metadata:\n', 'metadata:\n  namespace: other\n'), opened)).toEqual([
      'metadata.namespace',
    ]);
  });

  it('may repeat what the server wrote, but a stale resourceVersion loses', () => {
    const repeat = (version: string): string =>
      minimal.replace('metadata:\n', `metadata:\n  uid: uid-1\n  resourceVersion: "${version}"\n`);
    expect(refusedPaths(repeat('7'), opened)).toEqual([]);
    expect(refusedPaths(repeat('6'), opened)).toEqual(['metadata.resourceVersion']);
  });
});

describe('a status of the operator', () => {
  it('is admitted with conditions and tiers', () => {
    const status = {
      ...opened.status,
      intake: '2/2/20',
      conditions: [
        {
          type: 'Ready',
          status: 'True' as const,
          reason: 'AllTiersReady',
          message: '',
          lastTransitionTime: '2027-03-01T02:00:00Z',
        },
      ],
      tiers: { intake: { replicas: 2, ready: 2, desired: 2, ceiling: 20, limitedBy: 'Min', arrivalsPerSecond: 0.5 } },
    };
    expect(admitCampaignStatus(opened, status)).toMatchObject({
      kind: 'admitted',
      campaign: { status, spec: opened.spec },
    });
  });

  it.each([
    ['takes openedAt back', {}, 'status.openedAt'],
    ['moves openedAt', { openedAt: '2027-03-01T02:00:01Z' }, 'status.openedAt'],
    ['has a field that the schema lacks', { ...opened.status, color: 'red' }, 'status.color'],
    ['has a negative backlog', { ...opened.status, backlog: -1 }, 'status.backlog'],
  ])('that %s is refused', (_, status, path) => {
    expect(admitCampaignStatus(opened, status)).toMatchObject({ kind: 'refused', errors: [{ path }] });
  });
});

describe('the decision on a plan', () => {
  const approvedText = example('scale-plan-approved.yaml');
  const approved = ((): ScalePlan => {
    const admission = admitScalePlan(approvedText);
    if (admission.kind === 'refused') throw new Error(formatAdmissionErrors(admission.errors, 'plan'));
    return admission.plan;
  })();
  const { decision, ...undecided } = approved.spec;
  const pending: ScalePlan = { ...approved, spec: undecided };

  it('is added once', () => {
    expect(admitScalePlan(approvedText, pending)).toMatchObject({ kind: 'admitted', plan: { spec: { decision } } });
    expect(admitScalePlan(approvedText, approved).kind).toBe('admitted');
  });

  it.each([
    ['changed', approvedText.replace('decidedBy: li.wei', 'decidedBy: mallory')],
    ['prolonged', approvedText.replace('2027-03-01T14:00', '2027-03-02T14:00')],
    ['withdrawn', approvedText.slice(0, approvedText.indexOf('  decision:'))],
  ])('is not %s afterwards', (_, text) => {
    expect(admitScalePlan(text, approved)).toMatchObject({ kind: 'refused', errors: [{ path: 'spec.decision' }] });
  });

  it.each([
    ['ceilings', { ceilings: { intake: 400 } }],
    ['ceilings', { ceilings: { intake: 40, records: 9 } }],
    ['evidence', { evidence: [{ signal: 'arrivalsPerSecond', value: 1, ageSeconds: 0 }] }],
    ['expiresAt', { expiresAt: '2028-01-01T00:00:00Z' }],
    ['reason', { reason: 'Forecast' as const }],
    ['campaignId', { campaignId: 'other' }],
    ['campaignName', { campaignName: 'other' }],
  ])('does not come with another value of %s', (field, change) => {
    const plan: ScalePlan = { ...pending, spec: { ...approved.spec, ...change } };
    expect(admitScalePlanObject(plan, pending)).toMatchObject({ kind: 'refused', errors: [{ path: `spec.${field}` }] });
  });
});

describe('the revocation of an approval', () => {
  const approved = ((): ScalePlan => {
    const admission = admitScalePlan(example('scale-plan-approved.yaml'));
    if (admission.kind === 'refused') throw new Error(formatAdmissionErrors(admission.errors, 'plan'));
    return admission.plan;
  })();
  const { decision: _decision, ...undecided } = approved.spec;
  const pending: ScalePlan = { ...approved, spec: undecided };
  const rejected: ScalePlan = {
    ...approved,
    spec: { ...undecided, decision: { verdict: 'Rejected', decidedBy: 'li.wei', reason: 'no' } },
  };
  const revoking = (
    plan: ScalePlan,
    changes: Partial<NonNullable<ScalePlan['spec']['revocation']>> = {},
  ): ScalePlan => ({
    ...plan,
    spec: { ...plan.spec, revocation: { revokedBy: 'li.wei', reason: 'the database is full', ...changes } },
  });

  it('is added once', () => {
    const revoked = revoking(approved);
    expect(admitScalePlanObject(revoked, approved).kind).toBe('admitted');
    expect(admitScalePlanObject(revoked, revoked).kind).toBe('admitted');
  });

  it.each([
    ['of a plan that waits', revoking(pending), pending],
    ['of a rejected one', revoking(rejected), rejected],
    ['together with the approval', revoking(approved), pending],
    ['in other words afterwards', revoking(approved, { reason: 'other' }), revoking(approved)],
    ['and is not taken back', approved, revoking(approved)],
  ])('is refused %s', (_, plan, old) => {
    expect(admitScalePlanObject(plan, old)).toMatchObject({ kind: 'refused', errors: [{ path: 'spec.revocation' }] });
  });

  it.each([
    ['summary', { summary: { 'zh-CN': '计划', en: 'plan' } }],
    ['means', { means: { hours: 1, podHours: 4 } }],
  ])('does not come with a %s that the plan did not have', (field, change) => {
    const plan: ScalePlan = { ...pending, spec: { ...approved.spec, ...change } };
    expect(admitScalePlanObject(plan, pending)).toMatchObject({ kind: 'refused', errors: [{ path: `spec.${field}` }] });
  });
});
