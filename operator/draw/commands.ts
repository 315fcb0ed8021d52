/**
 * What people command about the draw, by annotations on the campaign. Pure.
 *
 * | annotation                                     | value                                          | meaning |
 * |------------------------------------------------|------------------------------------------------|---------|
 * | draw.voucher-operator.io/commit                | `by <user> (list <digits>)`                    | an owner authorises the commitment |
 * | draw-source.voucher-operator.io/<source>.1, .2 | `by <user> (commitment <digits>): <value>`     | two people have seen this public value |
 * | promote.voucher-operator.io/<who falls>        | `by <user> at <time> (result <digits>): <reason>` | an owner has the next of the waitlist move up |
 *
 * A policy of the chart ensures that the user is the writer. It checks what is written from then on, so a text that was written before
 * the policy existed could contain any name. Therefore each command names what it is about, by the first digits of its digest: a list,
 * a commitment or a result of this operator, which is not installed without the policy. Such digits can't be known in advance.
 *
 * | a command …                                         | result |
 * |-----------------------------------------------------|--------|
 * | names the list, commitment or result of now         | counts |
 * | names another one, such as an earlier commitment    | does not count, and is reported |
 * | can't be read                                       | does not count, and is reported |
 */
import { hash } from 'node:crypto';
import type { Listed } from '../../contract/decisions/control.ts';
import type { OrderedPromotion } from '../../contract/decisions/draw-order.ts';
import { publicValue } from '../../contract/decisions/public-value.ts';
import {
  DRAW_COMMIT,
  DRAW_SOURCE_PREFIX,
  drawSourceAnnotation,
  PROMOTE_PREFIX,
  PROMOTED_DIGITS,
} from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';

export interface EnteredValue {
  readonly by: string;
  /** First digits of the commitment's digest. */
  readonly commitment: string;
  readonly value: string;
}

export interface PromotionCommand extends OrderedPromotion {
  readonly at: string;
  /** First digits of the result's digest. */
  readonly result: string;
}

export interface DrawCommands {
  readonly authorization?: { readonly by: string; readonly list: string };
  /** By source: what was entered, at most two. */
  readonly values: ReadonlyMap<string, readonly EnteredValue[]>;
  /** In the order of their times. */
  readonly promotions: readonly PromotionCommand[];
  /** Annotations that can't be read, each with its remedy. */
  readonly unreadable: readonly string[];
}

/** 64 bits: they can not be guessed before they exist. */
const DIGITS = 16;
export const firstDigits = (digest: string): string => digest.slice(0, DIGITS);
/** Of the lists that a commitment fixes. */
export const listDigits = (lists: Listed['lists']): string =>
  firstDigits(
    hash('sha256', lists.map(({ voucher, entries, digest }) => `${voucher} ${entries} ${digest}\n`).join('')),
  );

const COMMIT = /^by (.{1,256}) \(list ([0-9a-f]{16})\)$/s;
const ENTERED = /^by (.{1,256}?) \(commitment ([0-9a-f]{16})\): (.{1,4096})$/s;
const PROMOTE = /^by (.{1,256}?) at ([0-9TZ:.-]{20,24}) \(result ([0-9a-f]{16})\): (.{1,400})$/s;
/** A receipt number, or the first digits of an entry. */
const FALLS = new RegExp(`^([0-9A-HJKMNP-TV-Z]{26}|[0-9a-f]{${PROMOTED_DIGITS}})$`);

export const commitText = (user: string, list: string): string => `by ${user} (list ${list})`;
export const sourceText = (user: string, commitment: string, value: string): string =>
  `by ${user} (commitment ${firstDigits(commitment)}): ${value}`;
export const promoteText = (user: string, at: string, result: string, reason: string): string =>
  `by ${user} at ${at} (result ${firstDigits(result)}): ${reason}`;

/**
 * Two people who write the same character in two ways of Unicode mean the same. A value that the seed can't take is none: once it is in
 * the chain it can't be taken back, and no Job could go on.
 */
const enteredIn = (text: string | undefined): EnteredValue | undefined => {
  const [, by, commitment, value] = ENTERED.exec(text ?? '') ?? [];
  if (by === undefined || commitment === undefined || value === undefined) return undefined;
  try {
    return { by, commitment, value: publicValue(value) };
  } catch {
    return undefined;
  }
};

const promotionIn = (key: string, text: string): PromotionCommand | undefined => {
  const falls = key.slice(PROMOTE_PREFIX.length);
  const [, by, at, result, reason] = PROMOTE.exec(text) ?? [];
  if (!FALLS.test(falls) || by === undefined || at === undefined || result === undefined || reason === undefined)
    return undefined;
  return { command: hash('sha256', `${falls}\0${text}`), falls, by, at, result, reason };
};

export const drawCommandsOf = ({ metadata: { annotations = {} }, spec }: VoucherCampaign): DrawCommands => {
  const unreadable: string[] = [];
  const commit = annotations[DRAW_COMMIT];
  const [, by, list] = COMMIT.exec(commit ?? '') ?? [];
  const authorization = by === undefined || list === undefined ? undefined : { by, list };
  if (commit !== undefined && authorization === undefined)
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
  const promotions: PromotionCommand[] = [];
  for (const [key, text] of Object.entries(annotations)) {
    if (key.startsWith(PROMOTE_PREFIX)) {
      const promotion = promotionIn(key, text);
      if (promotion !== undefined) promotions.push(promotion);
      else unreadable.push(`The annotation ${key} can't be read: write it with kubectl voucher draw promote.`);
    }
    if (!key.startsWith(DRAW_SOURCE_PREFIX)) continue;
    if (!names.some((name) => [1, 2].some((place) => key === `${DRAW_SOURCE_PREFIX}${name}.${place}`)))
      unreadable.push(`The annotation ${key} names no PublicValue source of spec.draw.sources: remove it.`);
  }
  return {
    ...(authorization === undefined ? {} : { authorization }),
    values,
    promotions: promotions.toSorted((a, b) => (a.at < b.at || (a.at === b.at && a.falls < b.falls) ? -1 : 1)),
    unreadable,
  };
};

/** Who authorises the commitment to these lists; undefined: no one does. */
export const authorizerOf = (
  { authorization }: DrawCommands,
  lists: Listed['lists'] | undefined,
): string | undefined =>
  lists !== undefined && authorization?.list === listDigits(lists) ? authorization.by : undefined;

/** What was entered for this commitment. @param digest of the commitment */
export const enteredFor = ({ values }: Pick<DrawCommands, 'values'>, name: string, digest: string) =>
  (values.get(name) ?? []).filter(({ commitment }) => commitment === firstDigits(digest));

/**
 * | entered                              | result |
 * |--------------------------------------|--------|
 * | once or not at all                   | missing |
 * | twice by one person                  | onePerson |
 * | by two people, different values      | differ |
 * | by two people, the same value        | agree  |
 */
export const agreementOf = (
  entered: readonly Pick<EnteredValue, 'by' | 'value'>[],
):
  | { readonly kind: 'missing' | 'onePerson' | 'differ'; readonly by: readonly string[] }
  | { readonly kind: 'agree'; readonly value: string; readonly by: readonly [string, string] } => {
  const [first, second] = entered;
  if (first === undefined || second === undefined) return { kind: 'missing', by: entered.map(({ by }) => by) };
  const by = [first.by, second.by] as const;
  if (first.by === second.by) return { kind: 'onePerson', by };
  return first.value === second.value ? { kind: 'agree', value: first.value, by } : { kind: 'differ', by };
};
