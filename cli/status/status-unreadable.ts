/** The short answer for a campaign whose spec can't be read: the fields, and what the operator does. Pure. */
import { type Unreadable, unreadableInCampaign, unreadableText } from '../../contract/readable.ts';
import type { SeenCampaign } from '../cluster.ts';
import { where } from '../plans/plans.ts';
import { type Fault, faultsOf } from '../remedies.ts';
import { clockOf, zoneOf } from '../times.ts';
import { apart, hanging, type Line, span } from './screen.ts';
import { faultLines, remedyLines } from './status-needs.ts';
import type { Report } from './status-report.ts';

/** Its time zone is in the spec. */
const UTC = zoneOf('');

export const unreadableSpec = (campaign: SeenCampaign): readonly Unreadable[] | undefined => {
  const fields = unreadableInCampaign(campaign);
  return fields.length === 0 ? undefined : fields;
};

/** Without the condition that repeats the same. */
const others = (campaign: SeenCampaign): readonly Fault[] =>
  faultsOf(campaign).filter(({ condition }) => condition.reason !== 'SpecUnreadable');

export const unreadableLines = (
  { campaign, options, nowMs }: Report,
  fields: readonly Unreadable[],
  columns: number,
): readonly Line[] => {
  const { name, namespace } = campaign.metadata;
  const answer =
    'Unhealthy: its spec can’t be read, so the operator decides nothing for it. Replicas are kept, and pods go on with their last settings.';
  return [
    apart([span(name, 'strong')], [span(`${clockOf(nowMs, UTC, nowMs)} UTC${UTC.text}`, 'soft')], columns),
    [span(campaign.status?.stage ?? 'Unseen', 'strong'), span(` in namespace ${namespace}`, 'soft')],
    [],
    ...hanging([span('✗ ', 'bad')], answer, columns, 'bad'),
    [],
    ...hanging([span('    ')], `${unreadableText(fields)}.`, columns),
    ...remedyLines(`kubectl edit vcamp ${name} ${where(options, namespace)}`, columns),
    ...others(campaign).flatMap((fault) => faultLines(fault, UTC, nowMs, columns)),
  ];
};

export const unreadableJson = ({ campaign, nowMs }: Report, fields: readonly Unreadable[]): unknown => ({
  campaign: campaign.metadata.name,
  namespace: campaign.metadata.namespace,
  health: 'trouble',
  at: new Date(nowMs).toISOString(),
  toldAt: campaign.statusAtMs === undefined ? null : new Date(campaign.statusAtMs).toISOString(),
  stage: campaign.status?.stage ?? null,
  unreadable: fields,
  faults: faultsOf(campaign).map(({ condition, remedy }) => ({ ...condition, remedy: remedy ?? null })),
});
