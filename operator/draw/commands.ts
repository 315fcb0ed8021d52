/**
 * What people command about the draw, by annotations on the campaign. Pure.
 *
 * | annotation                                     | value              | meaning |
 * |------------------------------------------------|--------------------|---------|
 * | draw.voucher-operator.io/commit                | `by <user>`        | an owner authorises the commitment |
 * | draw-source.voucher-operator.io/<source>.1, .2 | `by <user>: <value>` | two people have seen this public value |
 *
 * A policy of the chart ensures that the user is the writer. An unreadable value is no command, and is reported.
 */

import { publicValue } from '../../contract/decisions/public-value.ts';
import { DRAW_COMMIT, DRAW_SOURCE_PREFIX, drawSourceAnnotation } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';

export interface EnteredValue {
  readonly by: string;
  readonly value: string;
}

export interface DrawCommands {
  readonly authorizedBy?: string;
  /** By source: what was entered, at most two. */
  readonly values: ReadonlyMap<string, readonly EnteredValue[]>;
  /** Annotations that can't be read, each with its remedy. */
  readonly unreadable: readonly string[];
}

/** A user name has no colon followed by a space. */
const BY = /^by (.{1,256}?)$/s;
const ENTERED = /^by (.{1,256}?): (.{1,4096})$/s;

export const commitText = (user: string): string => `by ${user}`;
export const sourceText = (user: string, value: string): string => `by ${user}: ${value}`;

/**
 * Two people who write the same character in two ways of Unicode mean the same. A value that the seed can't take is none: once it is in
 * the chain it can't be taken back, and no Job could go on.
 */
const enteredIn = (text: string | undefined): EnteredValue | undefined => {
  const [, by, value] = ENTERED.exec(text ?? '') ?? [];
  if (by === undefined || value === undefined) return undefined;
  try {
    return { by, value: publicValue(value) };
  } catch {
    return undefined;
  }
};

export const drawCommandsOf = ({ metadata: { annotations = {} }, spec }: VoucherCampaign): DrawCommands => {
  const unreadable: string[] = [];
  const commit = annotations[DRAW_COMMIT];
  const [, authorizedBy] = BY.exec(commit ?? '') ?? [];
  if (commit !== undefined && authorizedBy === undefined)
    unreadable.push(`The annotation ${DRAW_COMMIT} can't be read: write it with kubectl voucher draw commit.`);
  const values = new Map<string, readonly EnteredValue[]>();
  const names = (spec.draw.sources ?? []).filter(({ type }) => type === 'PublicValue').map(({ name }) => name);
  for (const name of names) {
    const entered = ([1, 2] as const).flatMap((place) => {
      const key = drawSourceAnnotation(name, place);
      const found = enteredIn(annotations[key]);
      if (found === undefined && annotations[key] !== undefined)
        unreadable.push(`The annotation ${key} can't be read: write it with kubectl voucher draw source.`);
      return found === undefined ? [] : [found];
    });
    values.set(name, entered);
  }
  for (const key of Object.keys(annotations)) {
    if (!key.startsWith(DRAW_SOURCE_PREFIX)) continue;
    if (!names.some((name) => [1, 2].some((place) => key === `${DRAW_SOURCE_PREFIX}${name}.${place}`)))
      unreadable.push(`The annotation ${key} names no PublicValue source of spec.draw.sources: remove it.`);
  }
  return { ...(authorizedBy === undefined ? {} : { authorizedBy }), values, unreadable };
};

/**
 * | entered                              | result |
 * |--------------------------------------|--------|
 * | once or not at all                   | missing |
 * | twice by one person                  | onePerson |
 * | by two people, different values      | differ |
 * | by two people, the same value        | agree  |
 */
export const agreementOf = (
  entered: readonly EnteredValue[],
):
  | { readonly kind: 'missing' | 'onePerson' | 'differ'; readonly by: readonly string[] }
  | { readonly kind: 'agree'; readonly value: string; readonly by: readonly [string, string] } => {
  const [first, second] = entered;
  if (first === undefined || second === undefined) return { kind: 'missing', by: entered.map(({ by }) => by) };
  const by = [first.by, second.by] as const;
  if (first.by === second.by) return { kind: 'onePerson', by };
  return first.value === second.value ? { kind: 'agree', value: first.value, by } : { kind: 'differ', by };
};
