/** Whether the Secret of a tier that asks outside systems has every key. Pure. */
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { SecretFacts } from './doctor-facts.ts';
import { type Finding, fail, ok, onceSeen } from './finding.ts';

interface Wanted {
  readonly check: string;
  readonly campaign: VoucherCampaign;
  /** Undefined: the campaign has no such tier. */
  readonly secret: SecretFacts | undefined;
  /** Whose pods mount it. */
  readonly pods: string;
  /** A system is asked only with every key, so this condition proves them when it is True. Absent: no condition does. */
  readonly provenBy?: string;
  /** Keys that are missing among those that are there. */
  readonly missing: (found: readonly string[]) => readonly string[];
  /** How `kubectl create secret` gets one key. */
  readonly option: (key: string) => string;
}

const isTrue = ({ status }: VoucherCampaign, condition: string): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === condition && is === 'True') ?? false;

export const secretKeys = ({
  check,
  campaign,
  secret,
  pods,
  provenBy,
  missing,
  option,
}: Wanted): readonly Finding[] => {
  if (secret === undefined) return [];
  const { namespace } = campaign.metadata;
  const where = `Secret ${secret.name}`;
  if (secret.keys.kind === 'hidden' && provenBy !== undefined && isTrue(campaign, provenBy))
    return [ok(check, `${where} is used by pods`)];
  return onceSeen(check, secret.keys, (found) => {
    if (found === undefined) {
      const options = missing([]).map((key) => ` ${option(key)}`);
      const remedy = `kubectl create secret generic ${secret.name} -n ${namespace}${options.join('')}`;
      return fail(check, `there is no ${where} in namespace ${namespace}, and ${pods} pods wait for it`, remedy);
    }
    const lacking = missing(found);
    return lacking.length === 0
      ? ok(check, `${where} has every key`)
      : fail(check, `${where} lacks ${lacking.join(', ')}`, `kubectl edit secret ${secret.name} -n ${namespace}`);
  });
};
