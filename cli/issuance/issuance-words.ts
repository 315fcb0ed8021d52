/** Texts about issuance. Pure. */
import { instantMs } from '../../contract/instant.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { Condition } from '../../contract/types/common.ts';
import type { ChannelStatus } from '../../contract/types/issuance.ts';
import { clockOf, type Zone, zoneOf } from '../times.ts';
import { columns, count } from '../words.ts';

export const issuedCondition = ({ status }: VoucherCampaign): Condition | undefined =>
  status?.conditions?.find(({ type }) => type === 'Issued');

const number = (value: number | undefined): string => (value === undefined ? '-' : count(value));

/** `Stopped since 10:02:11 by li.wei: wrong stock`. */
const stateText = ({ state, since, stoppedBy, reason }: ChannelStatus, zone: Zone, nowMs: number): string =>
  [
    state,
    ...(since === undefined ? [] : [`since ${clockOf(instantMs(since), zone, nowMs)}`]),
    ...(stoppedBy === undefined ? [] : [`by ${stoppedBy}`]),
  ].join(' ') + (reason === undefined ? '' : `: ${reason}`);

/** Every channel of the spec, also before the start. */
export const channelRows = (campaign: VoucherCampaign, nowMs: number): readonly (readonly string[])[] => {
  const zone = zoneOf(campaign.spec.window.opensAt);
  const { channels = [] } = campaign.status?.issuance ?? {};
  return (campaign.spec.issuance?.channels ?? []).map(({ name }) => {
    const found = channels.find(({ channel }) => channel === name);
    if (found === undefined) return [name, '-', '-', '-', '-', 'not started'];
    const { issued, waiting, failed, doneAt } = found;
    const done = doneAt === undefined ? '-' : clockOf(instantMs(doneAt), zone, nowMs);
    return [name, number(issued), number(waiting), number(failed), done, stateText(found, zone, nowMs)];
  });
};

export const issueText = (campaign: VoucherCampaign, nowMs: number): string => {
  const { metadata, spec, status } = campaign;
  const { name } = metadata;
  if (spec.issuance === undefined) return `${name} issues no vouchers (spec.issuance).\n`;
  const { startedAt, startedBy, issued, winners } = status?.issuance ?? {};
  const zone = zoneOf(spec.window.opensAt);
  const condition = issuedCondition(campaign);
  const head =
    startedAt === undefined
      ? 'issuance has not started'
      : `started ${clockOf(instantMs(startedAt), zone, nowMs)} by ${startedBy ?? 'an owner'}; ${number(issued)} of ${number(winners)} vouchers are issued`;
  const table = columns([
    ['CHANNEL', 'ISSUED', 'UNDER WAY', 'FAILED', 'DONE BY', 'STATE'],
    ...channelRows(campaign, nowMs),
  ]);
  const says =
    condition === undefined ? '' : `Issued ${condition.status} (${condition.reason}): ${condition.message}\n`;
  return `${name}: ${head}\n${table}${says}Times are UTC${zone.text}.\n`;
};

/** In one line: `3,310 of 100,000 vouchers; wechat 3,000, alipay 310, Stopped`, or what issuance waits for. Undefined: the campaign has no issuance, or nothing is drawn yet. */
export const issuedText = (campaign: VoucherCampaign): string | undefined => {
  const { issuance, draw, conditions = [] } = campaign.status ?? {};
  if (issuance === undefined) return undefined;
  if (issuance.startedAt === undefined)
    return draw?.announced === true ? conditions.find(({ type }) => type === 'Issued')?.message : undefined;
  const { issued, winners, channels = [] } = issuance;
  const each = channels.map(({ channel, issued: own, state }) =>
    [`${channel} ${own === undefined ? '-' : count(own)}`, ...(state === 'Asked' ? [] : [state])].join(' '),
  );
  const all =
    issued === undefined
      ? 'not counted yet'
      : `${count(issued)} of ${winners === undefined ? '?' : count(winners)} vouchers`;
  return [all, each.join(', ')].filter((part) => part !== '').join('; ');
};
