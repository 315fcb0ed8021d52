/**
 * A new campaign made from an earlier one, as YAML: dates moved, what was measured as first estimates, and a comment on each line that a
 * person must confirm or replace. Pure.
 */
import { Document, isCollection, isNode, isScalar, type Node } from 'yaml';
import { MOST_EXCLUSIONS } from '../../contract/decisions/exclusion.ts';
import { API_VERSION } from '../../contract/names.ts';
import { TIERS, type Tier, tiersOf } from '../../contract/tiers.ts';
import type { VoucherCampaign, VoucherCampaignSpec } from '../../contract/types/campaign.ts';
import { hasDraw } from '../../operator/draw/order.ts';
import { UsageError } from '../errors.ts';
import { instantOf, zoneOf } from '../times.ts';
import { figure } from '../words.ts';

/** What was measured in the earlier campaign. */
export interface Measured {
  readonly tiers: Partial<
    Readonly<Record<Tier, { readonly capacityPerReplica?: number; readonly startSeconds?: number }>>
  >;
  /** Highest arrivals per second that are known. */
  readonly peakPerSecond?: number;
}

export interface CloneRequest {
  readonly as: string;
  readonly shiftMs: number;
  readonly measured: Measured;
}

const SHIFT = /^(-?)(?:(\d{1,5})d)?((?:\d{1,6}[smh])*)$/;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** `365d`, `7d12h`, `-30m`. @throws UsageError */
export const shiftOf = (text: string): number => {
  const [, sign, days, rest = ''] = SHIFT.exec(text) ?? [];
  if (sign === undefined || (days === undefined && rest === ''))
    throw new UsageError(`--shift ${text} is no duration: write numbers with d, h, m or s, such as 365d or 7d12h`);
  const ms = [...rest.matchAll(/(\d+)([smh])/g)].reduce(
    (sum, [, amount, unit = '']) => sum + Number(amount) * (UNIT_MS[unit] ?? 0),
    Number(days ?? 0) * 86_400_000,
  );
  return sign === '-' ? -ms : ms;
};

const shifted = (instant: string, shiftMs: number): string => instantOf(Date.parse(instant) + shiftMs, zoneOf(instant));

type Path = readonly (string | number)[];

/** Instants of a spec. */
const instantsOf = ({ draw, issuance, scaling }: VoucherCampaignSpec): readonly Path[] => [
  ['window', 'opensAt'],
  ['window', 'closesAt'],
  ...(draw.verifyBy === undefined ? [] : [['draw', 'verifyBy']]),
  ...(issuance?.bindBy === undefined ? [] : [['issuance', 'bindBy']]),
  ...scaling.authorized.windows.flatMap((_, index) => [
    ['scaling', 'authorized', 'windows', index, 'from'],
    ['scaling', 'authorized', 'windows', index, 'until'],
  ]),
];

const measuredText = (name: string, tier: Tier, { tiers }: Measured, stated: number): string | undefined => {
  const capacity = tiers[tier]?.capacityPerReplica;
  return capacity === undefined ? undefined : `measured in ${name}: ${figure(capacity)}/s; ${stated} was stated`;
};

/** The fields that are changed besides the instants, and all comments. */
const editsOf = (
  { metadata: { name }, spec }: VoucherCampaign,
  { as, measured }: CloneRequest,
): readonly { readonly at: Path; readonly value?: unknown; readonly comment?: string }[] => {
  const { peakPerSecond, tiers } = measured;
  const stated = spec.scaling.peakArrivalsPerSecond;
  const { ceilings, windows } = spec.scaling.authorized;
  const start = tiers.intake?.startSeconds;
  return [
    { at: ['campaignId'], value: as, comment: 'a new identity: receipts, journal and rows of its own' },
    { at: ['title', 'zh-CN'], comment: 'confirm' },
    { at: ['title', 'en'], comment: 'confirm' },
    ...(hasDraw(spec)
      ? [
          {
            at: ['eligibility', 'excludeWinnersOf'],
            value: [...(spec.eligibility.excludeWinnersOf ?? []), { campaign: name }].slice(-MOST_EXCLUSIONS),
            comment: `confirm: who won in ${name} takes no part; remove it if they may win again`,
          },
        ]
      : []),
    ...spec.vouchers.map((_, index) => ({
      at: ['vouchers', index, 'quota'],
      comment: `confirm: the quota of ${name}`,
    })),
    ...TIERS.filter((tier) => ceilings[tier] !== undefined).map((tier) => ({
      at: ['scaling', 'authorized', 'ceilings', tier],
      comment: `confirm: an owner authorised it for ${name}`,
    })),
    ...windows.flatMap(({ ceilings: raised }, index) =>
      Object.keys(raised).map((tier) => ({
        at: ['scaling', 'authorized', 'windows', index, 'ceilings', tier],
        comment: `confirm: an owner authorised it for ${name}`,
      })),
    ),
    ...(peakPerSecond === undefined
      ? [{ at: ['scaling', 'peakArrivalsPerSecond'], comment: `confirm: no peak of ${name} is known any more` }]
      : [
          {
            at: ['scaling', 'peakArrivalsPerSecond'],
            value: Math.ceil(peakPerSecond),
            comment: `first estimate: the highest number in the log of ${name}${stated === undefined ? '' : `; ${stated} was stated`}`,
          },
        ]),
    ...(start === undefined
      ? []
      : [
          {
            at: ['scaling', 'preWarm', 'leadTime'],
            comment: `an intake pod was Ready after ${figure(start)} s in ${name}`,
          },
        ]),
    ...tiersOf(spec).flatMap((tier) => {
      const capacity = tiers[tier]?.capacityPerReplica;
      const at = ['scaling', 'tiers', tier, 'capacityPerReplica'];
      const comment = measuredText(name, tier, measured, spec.scaling.tiers[tier].capacityPerReplica);
      return capacity === undefined || comment === undefined
        ? []
        : [{ at, value: Math.max(1, Math.floor(capacity)), comment }];
    }),
    {
      at: ['privacy', 'keySecretName'],
      value: `${as}-privacy`.slice(0, 63),
      comment:
        'create this Secret with new keys: with the keys of another campaign, a person could be recognised in both',
    },
    { at: ['dataPlane', 'secretName'], comment: `confirm: ${as} needs accounts of its own` },
    ...(spec.issuance?.channels ?? []).flatMap(({ stocks }, channel) =>
      stocks.map((_, stock) => ({
        at: ['issuance', 'channels', channel, 'stocks', stock, 'stock'],
        comment: `replace: a stock of its own, not that of ${name}`,
      })),
    ),
    { at: ['adoptJournal'], value: false },
  ];
};

const commented = (node: unknown, comment: string): void => {
  if (isNode(node)) (node as Node).comment = ` ${comment}`;
};

/** A collection of one line stays one where its values have no comments. */
const scalarAt = (document: Document, path: Path): unknown => {
  const found = document.getIn(path, true);
  return isScalar(found) || isCollection(found) ? found : undefined;
};

export const cloneText = (campaign: VoucherCampaign, request: CloneRequest): string => {
  const { metadata, spec } = campaign;
  const { as, shiftMs } = request;
  const document = new Document({
    apiVersion: API_VERSION,
    kind: 'VoucherCampaign',
    metadata: { name: as, namespace: metadata.namespace },
    spec: structuredClone(spec),
  });
  for (const path of instantsOf(spec)) {
    const at = ['spec', ...path];
    document.setIn(at, shifted(String(document.getIn(at)), shiftMs));
  }
  for (const { at, value, comment } of editsOf(campaign, request)) {
    const path = ['spec', ...at];
    if (value !== undefined) document.setIn(path, value);
    if (comment !== undefined) commented(scalarAt(document, path), comment);
  }
  document.commentBefore = [
    ` ${as}, made from ${metadata.name}. Nothing was applied.`,
    ' Read each line with a comment, then: kubectl voucher doctor, and kubectl apply -f this file.',
  ].join('\n');
  return document.toString({ lineWidth: 0 });
};
