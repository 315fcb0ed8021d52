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
  /** The draw needs `citizen.key` until its list is made and, with sources, until its result is announced. */
  readonly isDrawOver: boolean;
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

export type DestructionStep =
  | { readonly kind: 'wait'; readonly why: 'NotDue' | 'WaitingForList' | 'HeldByDraw' }
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

/**
 * Rows are tried from the top. `ordered` and `completed` are the entries of the control stream.
 *
 * | completed | ordered | data keys     | Secret     | due by             | draw | step |
 * |-----------|---------|---------------|------------|--------------------|------|------|
 * | any       | yes     | not destroyed | any        | any                | any  | destroyKeys: also a bucket that was restored from a backup |
 * | yes       | yes     | destroyed     | any        | any                | any  | done |
 * | no        | yes     | destroyed     | emptied    | any                | any  | complete |
 * | no        | yes     | destroyed     | else       | any                | any  | emptySecret: waits while other campaigns need it |
 * | no        | no      |               |            | date               | over | order: citizens were promised this date |
 * | no        | no      |               |            | date               | else | wait: HeldByDraw. Without citizen.key no list and no winner could be computed again |
 * | no        | no      |               |            | command            | over | order |
 * | no        | no      |               |            | command            | else | wait: WaitingForList |
 * | no        | no      |               |            | neither            | any  | wait: NotDue |
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
  if (nowMs >= request.dueAtMs) {
    return request.isDrawOver ? { kind: 'order', cause: 'Date' } : { kind: 'wait', why: 'HeldByDraw' };
  }
  if (request.command === undefined) return { kind: 'wait', why: 'NotDue' };
  return request.isDrawOver ? { kind: 'order', cause: 'Command' } : { kind: 'wait', why: 'WaitingForList' };
};
