/** Conditions that say who else decides about replicas: another autoscaler, or a person for a while. */
import { SCALED_TIERS } from '../tick/observed.ts';
import type { ConditionInput, Verdict } from './verdict.ts';

/**
 * | other autoscalers | status | reason            |
 * |-------------------|--------|-------------------|
 * | none              | False  | NoConflict        |
 * | on a tier         | True   | AnotherAutoscaler |
 */
export const conflictingScaler = ({ tiers }: ConditionInput): Verdict<'ConflictingScaler'> => {
  const conflicts = SCALED_TIERS.flatMap((tier) =>
    tiers[tier].otherAutoscalers.map((name) => `HorizontalPodAutoscaler ${name} scales ${tier} too`),
  );
  if (conflicts.length === 0) {
    return { status: 'False', reason: 'NoConflict', message: 'Nobody else scales a tier.' };
  }
  return {
    status: 'True',
    reason: 'AnotherAutoscaler',
    message: `${conflicts.join(', ')}. The operator leaves that tier alone: delete the other autoscaler (for one of KEDA its ScaledObject), or set spec.scaling.mode to Off.`,
  };
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
      ? { status: 'False', reason: 'NoOverride', message: 'The control law decides.' }
      : { status: 'False', reason: 'Unreadable', message: unreadable.join(' ') };
  }
  const reason =
    pausedUntilMs !== undefined ? 'Paused' : holdOverrideUntilMs !== undefined ? 'HoldUntil' : 'MinOverride';
  return { status: 'True', reason, message: [`${inForce.join('; ')}.`, ...unreadable].join(' ') };
};
