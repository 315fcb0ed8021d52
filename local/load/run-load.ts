/**
 * The open loop: citizens arrive when the trace says, however slow the answers are. Citizens in flight are bounded: the
 * others are counted as dropped, not sent later. So is the time.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TraceStep } from '../../simulation/trace.ts';
import { poissonArrivals } from './arrivals.ts';
import { citizenOf } from './citizen.ts';
import type { RegistrationClient, RegistrationRequest } from './http-client.ts';
import type { KeptReceipt } from './kept-receipt.ts';
import { keyHashOf, type Ledger, type SendIntent } from './ledger.ts';
import { waitForTurn } from './line.ts';
import { type Answer, runPage } from './page.ts';
import { seededRandom } from './random.ts';
import type { StatsRecorder } from './stats.ts';

type Queued = Extract<Answer, { kind: 'queued' }>;

export interface LoadPlan {
  readonly trace: readonly TraceStep[];
  readonly opensAtMs: number;
  readonly seed: number;
  readonly categories: readonly string[];
  /** Most citizens at once, waiting ones included. */
  readonly maxInFlight: number;
  readonly maxCitizens: number;
  /** With one key, before a citizen gives up. */
  readonly attempts: number;
  /** Shares of citizens who register again: with the same key, and with another key. */
  readonly sameKeyShare: number;
  readonly otherKeyShare: number;
  /** Sabotage: index of the citizen who gets an invented receipt, while nothing is sent. */
  readonly lieToCitizen?: number;
}

export interface LoadWorld {
  readonly client: RegistrationClient;
  readonly ledger: Ledger;
  readonly stats: StatsRecorder;
  /** What a citizen keeps of each receipt. */
  readonly keep?: (receipt: KeptReceipt) => void;
  /** Ends the run: no new citizens, pages stop waiting. */
  readonly signal: AbortSignal;
}

/** A double tap takes less than a second. */
const REPEAT_WITHIN_MS = 1000;

const RECEIPT_ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const inventedReceipt = (): Answer => {
  const characters = Array.from({ length: 26 }, () => RECEIPT_ALPHABET.charAt(randomInt(RECEIPT_ALPHABET.length)));
  return { kind: 'receipt', status: 201, receiptNo: characters.join(''), receiptSecret: '' };
};

/** Resolves when every citizen has an outcome; rejects when the ledger can't be written. */
export const runLoad = async (plan: LoadPlan, world: LoadWorld): Promise<void> => {
  const { ledger, stats, signal } = world;
  const arrivalRandom = seededRandom(plan.seed);
  const behaviour = seededRandom(plan.seed ^ 0x5bd1e995);
  // Pages draw numbers when answers arrive, in an order that no seed repeats. So they have a source of their own.
  const jitter = seededRandom(plan.seed ^ 0x27d4eb2d);
  const flying = new Set<Promise<void>>();
  const broken = new AbortController();
  const ended = AbortSignal.any([signal, broken.signal]);

  const post = async (request: RegistrationRequest): Promise<Answer> => {
    stats.add('sent');
    const startedAt = performance.now();
    const answer = await world.client.register(request);
    if (answer.kind === 'receipt') stats.answered(performance.now() - startedAt);
    else if (answer.kind === 'busy') stats.add('shed');
    else if (answer.kind === 'queued') stats.add('queued');
    else if (answer.kind === 'unknown') stats.add('failed');
    return answer;
  };

  /** From the ticket to the answer of the registration that it admits; who loses the place begins again. */
  const inTurn = async (request: RegistrationRequest, place: Queued): Promise<Answer> => {
    const { ticket, number, pollAfterMs } = place;
    const sinceMs = performance.now();
    const ask = () => {
      stats.add('polls');
      return world.client.turn(ticket);
    };
    const admission = await waitForTurn(ask, pollAfterMs, signal);
    if (admission === undefined) return place;
    stats.turn(number, performance.now() - sinceMs, performance.now());
    return post({ ...request, admission });
  };

  const send = async (index: number, key: string, intent: SendIntent): Promise<boolean> => {
    const citizen = citizenOf(plan.seed, index);
    const category = plan.categories[index % plan.categories.length] ?? '';
    const isLie = index === plan.lieToCitizen && intent === 'first';
    const outcome = await runPage(
      async () => {
        if (isLie) {
          stats.add('sent');
          return inventedReceipt();
        }
        const request = { citizen, category, idempotencyKey: key };
        const answer = await post(request);
        return answer.kind === 'queued' ? inTurn(request, answer) : answer;
      },
      jitter,
      { attempts: plan.attempts, signal },
    );
    const keyHash = keyHashOf(key);
    switch (outcome.kind) {
      case 'receipt': {
        const { kind: _, receiptSecret, ...answer } = outcome;
        world.keep?.({ receiptNo: answer.receiptNo, receiptSecret, citizen: index });
        await ledger.append({ type: 'acknowledged', ...answer, keyHash, citizen: index, intent });
        stats.add('acknowledged');
        return true;
      }
      case 'refused':
      case 'gave_up':
        if (outcome.unsettled) await ledger.append({ type: 'unsettled', keyHash, citizen: index, intent });
        if (outcome.kind === 'refused') stats.refused(outcome.code);
        else stats.add('gaveUp');
        return false;
    }
  };

  const liveAs = async (index: number, dueAtMs: number, dice: number, repeatAfterMs: number): Promise<void> => {
    const key = randomUUID();
    if (!(await send(index, key, 'first'))) return;
    stats.waited(Math.max(0, Date.now() - dueAtMs));
    const sameKey = dice < plan.sameKeyShare;
    const otherKey = !sameKey && dice < plan.sameKeyShare + plan.otherKeyShare;
    // A second registration of the citizen with the invented receipt would succeed, and nothing would be missing.
    if ((!sameKey && !otherKey) || index === plan.lieToCitizen || signal.aborted) return;
    await sleep(repeatAfterMs);
    await (sameKey ? send(index, key, 'same_key') : send(index, randomUUID(), 'other_key'));
  };

  let index = 0;
  for (const atSeconds of poissonArrivals(plan.trace, arrivalRandom)) {
    if (index >= plan.maxCitizens) break;
    const dueAtMs = plan.opensAtMs + atSeconds * 1000;
    const waitMs = dueAtMs - Date.now();
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: ended }).catch(() => {});
    if (ended.aborted) break;
    stats.late(Math.max(0, Date.now() - dueAtMs));
    stats.add('arrived');
    const citizen = index;
    const dice = behaviour.next();
    const repeatAfterMs = behaviour.next() * REPEAT_WITHIN_MS;
    index += 1;
    if (flying.size >= plan.maxInFlight) {
      stats.add('dropped');
      continue;
    }
    stats.flying(1);
    const life: Promise<void> = liveAs(citizen, dueAtMs, dice, repeatAfterMs)
      .catch((error: unknown) => broken.abort(error))
      .finally(() => {
        stats.flying(-1);
        flying.delete(life);
      });
    flying.add(life);
  }
  await Promise.all(flying);
  if (broken.signal.aborted) throw new Error('the ledger could not be written', { cause: broken.signal.reason });
  await ledger.append({ type: 'end', sent: stats.count('sent'), acknowledged: stats.count('acknowledged') });
};
