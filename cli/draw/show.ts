/** `kubectl voucher draw show`: list, commitment, sources and result, as the operator reports them. */
import { Command } from 'commander';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { type ClusterOptions, onCluster, withClusterOptions } from '../cluster.ts';
import type { Io } from '../io.ts';
import { forPrograms, type Output, withOutput } from '../output.ts';
import { columns } from '../words.ts';

interface Options extends ClusterOptions {
  readonly output: Output;
}

const CONDITIONS = ['ListFrozen', 'DrawCommitted', 'Drawn'];

export const showText = ({ metadata: { name }, spec, status }: VoucherCampaign): string => {
  const draw = status?.draw;
  const messages = CONDITIONS.flatMap((type) => {
    const found = status?.conditions?.find((one) => one.type === type);
    return found === undefined ? [] : [`${type} ${found.status} (${found.reason}): ${found.message}`];
  });
  if (draw === undefined) return `${name}: registration has not closed.\n`;
  const rows = (draw.lists ?? []).map(({ voucher, entries }) => {
    const result = draw.results?.find((one) => one.voucher === voucher);
    const quota = spec.vouchers.find((one) => one.name === voucher)?.quota ?? '-';
    return [voucher, entries, quota, result?.winners ?? '-', result?.waitlisted ?? '-'].map(String);
  });
  const digests = [
    ...(draw.commitment === undefined ? [] : [`Commitment ${draw.attempt ?? 1}: ${draw.commitment}`]),
    ...(draw.result === undefined ? [] : [`Result: ${draw.result}`]),
    ...(draw.promoted === undefined ? [] : [`Moved up from the waiting lists: ${draw.promoted}`]),
  ];
  const table = rows.length === 0 ? '' : columns([['VOUCHER', 'ENTRIES', 'QUOTA', 'WINNERS', 'WAITING'], ...rows]);
  return `${name}: ${draw.phase}\n${table}${[...digests, ...messages].map((line) => `${line}\n`).join('')}`;
};

const show = async (name: string | undefined, options: Options, io: Io): Promise<void> => {
  const campaign = await onCluster(options, io, (cluster) => cluster.campaign(name));
  io.out(forPrograms(options.output, campaign.status?.draw ?? null) ?? showText(campaign));
};

export const showCommand = (io: Io): Command =>
  withOutput(withClusterOptions(new Command('show')))
    .description('list, commitment, sources and result of a campaign’s draw')
    .addHelpText('after', '\nExample:\n  kubectl voucher draw show spring-2027 -n vouchers')
    .argument('[campaign]', 'name of the campaign; optional if there is only one')
    .action((name: string | undefined, options: Options) => show(name, options, io));
