/**
 * The next step to destroy the personal data of a campaign. Pure and level-based: a leader that knows nothing but what it observes
 * continues where another one ended. Every step can be repeated.
 */
import type { Destroyed, Destroying } from '../../contract/decisions/control.ts';
import type { DestructionDecided } from '../../journal/privacy/destroying.ts';
import type { DestroyCommand } from './destroy-command.ts';

/** What a tick knows of it. */
export interface DestructionRequest {
  readonly campaignId: string;
  readonly namespace: string;
  readonly secretName: string;
  /** Other campaigns that need the keys of this Secret: while there are any, it is not emptied. */
  readonly secretUsers: readonly string[];
  /** Streams whose personal data is sealed with the data keys. */
  readonly streams: readonly string[];
  /** The date that the spec states. */
  readonly dueAtMs: number;
  readonly command?: DestroyCommand;
  /** What can't go on without the keys; absent: nothing. */
  readonly neededBy?: 'draw' | 'issuance' | 'exclusion';
  /** The most keys of the privacy Secret that an intake pod has in its mount. Undefined: unknown. */
  readonly keysInPods: number | undefined;
}

/** Of the privacy Secret, as far as this process knows. */
export type SecretSeen =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'emptied'; readonly atMs: number; readonly by: Destroyed['secretCheckedBy'] }
  /** The operator has no permission to empty it. */
  | { readonly kind: 'forbidden' };

export interface DestructionObserved {
  readonly nowMs: number;
  readonly request: DestructionRequest;
  readonly decided: DestructionDecided;
  /** When the data keys were destroyed. Undefined: they are not, or nothing is ordered. */
  readonly keysDestroyedAtMs: number | undefined;
  readonly secret: SecretSeen;
}

/** By what needs the keys: by the date, and by a command. */
const WAITS = {
  draw: ['HeldByDraw', 'WaitingForList'],
  issuance: ['HeldByIssuance', 'WaitingForIssuance'],
  exclusion: ['HeldByExclusion', 'WaitingForExclusion'],
} as const;

export type DestructionStep =
  | {
      readonly kind: 'wait';
      readonly why: 'NotDue' | (typeof WAITS)[keyof typeof WAITS][number];
    }
  | { readonly kind: 'order'; readonly cause: Destroying['cause'] }
  | { readonly kind: 'destroyKeys'; readonly order: Destroying }
  | { readonly kind: 'emptySecret'; readonly order: Destroying }
  | {
      readonly kind: 'complete';
      readonly order: Destroying;
      readonly keysDestroyedAtMs: number;
      readonly secretEmptied: Extract<SecretSeen, { kind: 'emptied' }>;
    }
  | { readonly kind: 'done'; readonly order: Destroying; readonly destroyed: Destroyed };

/** Whether an owner has ordered it although the date had passed: an earlier command only asked for an earlier date. */
export const isGivenUp = ({ command, dueAtMs }: Pick<DestructionRequest, 'command' | 'dueAtMs'>): boolean =>
  command !== undefined && command.atMs >= dueAtMs;

/**
 * Rows are tried from the top. `ordered` and `completed` are the entries of the control stream.
 *
 * | completed | ordered | data keys     | Secret     | due by             | needed by | step |
 * |-----------|---------|---------------|------------|--------------------|-----------|------|
 * | any       | yes     | not destroyed | any        | any                | any       | destroyKeys: also a bucket that was restored from a backup |
 * | yes       | yes     | destroyed     | any        | any                | any       | done |
 * | no        | yes     | destroyed     | emptied    | any                | any       | complete |
 * | no        | yes     | destroyed     | else       | any                | any       | emptySecret: waits while other campaigns need it |
 * | no        | no      |               |            | date               | nothing   | order: citizens were promised this date |
 * | no        | no      |               |            | date, and a command of that time or later | any | order: the owner gives up what needs the keys, so the data is not held for ever |
 * | no        | no      |               |            | date               | draw      | wait: HeldByDraw. Without citizen.key no list and no winner could be computed again |
 * | no        | no      |               |            | date               | issuance  | wait: HeldByIssuance. Without the data keys no account of a winner can be opened |
 * | no        | no      |               |            | date               | exclusion | wait: HeldByExclusion. Without the data keys no list of the winners can be made for another campaign |
 * | no        | no      |               |            | command            | nothing   | order |
 * | no        | no      |               |            | command            | draw      | wait: WaitingForList |
 * | no        | no      |               |            | command            | issuance  | wait: WaitingForIssuance |
 * | no        | no      |               |            | command            | exclusion | wait: WaitingForExclusion |
 * | no        | no      |               |            | neither            | any       | wait: NotDue |
 */
export const nextDestructionStep = (observed: DestructionObserved): DestructionStep => {
  const { nowMs, request, decided, keysDestroyedAtMs, secret } = observed;
  const { destroying: order, destroyed } = decided;
  if (order !== undefined) {
    if (keysDestroyedAtMs === undefined) return { kind: 'destroyKeys', order };
    if (destroyed !== undefined) return { kind: 'done', order, destroyed };
    if (secret.kind === 'emptied') return { kind: 'complete', order, keysDestroyedAtMs, secretEmptied: secret };
    return { kind: 'emptySecret', order };
  }
  const { neededBy, command, dueAtMs } = request;
  if (nowMs >= dueAtMs) {
    if (neededBy === undefined) return { kind: 'order', cause: 'Date' };
    if (isGivenUp(request)) return { kind: 'order', cause: 'Command' };
    return { kind: 'wait', why: WAITS[neededBy][0] };
  }
  if (command === undefined) return { kind: 'wait', why: 'NotDue' };
  if (neededBy === undefined) return { kind: 'order', cause: 'Command' };
  return { kind: 'wait', why: WAITS[neededBy][1] };
};
