/** Conditions about others that decide about replicas: another autoscaler, or a person for a while. */
import { TIERS } from '../../contract/tiers.ts';
import { type ConditionInput, no, type Verdict, yes } from './verdict.ts';

/**
 * | other autoscalers | status | reason            |
 * |-------------------|--------|-------------------|
 * | none              | False  | NoConflict        |
 * | on a tier         | True   | AnotherAutoscaler |
 */
export const conflictingScaler = ({ tiers }: ConditionInput): Verdict<'ConflictingScaler'> => {
  const conflicts = TIERS.flatMap((tier) =>
    tiers[tier].otherAutoscalers.map((name) => `HorizontalPodAutoscaler ${name} scales ${tier} too`),
  );
  if (conflicts.length === 0) return no('NoConflict', 'No other autoscaler writes the replicas of a tier.');
  return yes(
    'AnotherAutoscaler',
    `${conflicts.join(', ')}. The operator does not scale that tier: delete the other autoscaler (in KEDA, its ScaledObject), or set spec.scaling.mode to Off.`,
  );
};

/**
 * | in force       | status | reason      |
 * |----------------|--------|-------------|
 * | paused         | True   | Paused      |
 * | hold-until     | True   | HoldUntil   |
 * | min-override   | True   | MinOverride |
 * | none, one can't be read | False | Unreadable |
 * | none           | False  | NoOverride  |
 */
export const overriddenCondition = ({ overrides }: ConditionInput): Verdict<'Overridden'> => {
  const { pausedUntilMs, holdOverrideUntilMs, inForce, unreadable } = overrides;
  if (inForce.length === 0) {
    return unreadable.length === 0
      ? no('NoOverride', 'No override is in force.')
      : no('Unreadable', unreadable.join(' '));
  }
  const reason =
    pausedUntilMs !== undefined ? 'Paused' : holdOverrideUntilMs !== undefined ? 'HoldUntil' : 'MinOverride';
  return yes(reason, [`${inForce.join('; ')}.`, ...unreadable].join(' '));
};
