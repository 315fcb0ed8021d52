/**
 * Whether this process would tell citizens apart as the campaign's registrations were told apart: what the journal says when it
 * starts, and from the opening on what it did before. Pure, but for what the keeper remembers.
 */
import type { LiveSettings } from '../../contract/app-contract.ts';
import type { ReceivedData } from '../../contract/envelope.ts';

/**
 * Why this process must not register anyone; undefined: it may.
 *
 * | the journal's first registration of a citizen | settings say | then |
 * |-----------------------------------------------|--------------|------|
 * | none                                          | any          | it may |
 * | by a rule                                     | the same     | it may |
 * | by a rule                                     | the other    | no: each citizen could register once more |
 * | by none: of a build before there were rules   | as perCitizen, which is what it did | |
 */
export const ruleProblem = (
  campaignId: string,
  first: Pick<ReceivedData, 'uniqueness'> | undefined,
  { eligibility: { uniqueness } }: Pick<LiveSettings, 'eligibility'>,
): string | undefined => {
  if (first === undefined) return undefined;
  const { uniqueness: counted = 'perCitizen' } = first;
  return counted === uniqueness
    ? undefined
    : `campaign ${campaignId} has registrations that count ${counted}, and spec.eligibility.uniqueness says ${uniqueness}: with it citizens could register once more. Set it to ${counted}, or begin another campaign with another campaignId`;
};

type Rule = Pick<LiveSettings['identity'], 'keySpace'> & Pick<LiveSettings['eligibility'], 'uniqueness'>;

const ruleOf = ({ identity: { keySpace }, eligibility: { uniqueness } }: LiveSettings): Rule => ({
  keySpace,
  uniqueness,
});

/**
 * The rule that stays, when settings come.
 *
 * | kept so far | settings until now     | then |
 * |-------------|------------------------|------|
 * | a rule      | any                    | it stays, even if the opening is moved |
 * | none        | none                   | none: what the journal says was looked at (ruleProblem) |
 * | none        | open in the future     | none: it may still change |
 * | none        | opened                 | theirs: citizens may have registered by it |
 */
const keptRule = (kept: Rule | undefined, before: LiveSettings | undefined, nowMs: number): Rule | undefined =>
  kept ?? (before !== undefined && nowMs >= Date.parse(before.window.opensAt) ? ruleOf(before) : undefined);

/**
 * The spec refuses another rule only once the operator has seen the opening; an edit between the two is accepted and published.
 *
 * @param onIgnored hears once of settings whose rule is not taken
 * @returns what settings count as, from those that were in force before
 */
export const createRuleKeeper = (
  now: () => number,
  onIgnored: (settings: LiveSettings) => void,
): ((settings: LiveSettings, before: LiveSettings | undefined) => LiveSettings) => {
  let kept: Rule | undefined;
  let isSaid = false;
  return (settings, before) => {
    kept = keptRule(kept, before, now());
    const { identity, eligibility } = settings;
    if (kept === undefined) return settings;
    const { keySpace, uniqueness } = kept;
    if (keySpace === identity.keySpace && uniqueness === eligibility.uniqueness) return settings;
    if (!isSaid) onIgnored(settings);
    isSaid = true;
    return { ...settings, identity: { ...identity, keySpace }, eligibility: { ...eligibility, uniqueness } };
  };
};
