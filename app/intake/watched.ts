/** Requests besides registrations: counted for their network, and shed by their class (app/http/shedding.ts). */
import type { LiveSettingsSource } from '../../journal/publishing.ts';
import { apiErrorOf, type Handler } from '../http/handlers.ts';
import type { LoadGuard } from '../http/load-guard.ts';
import { overloaded } from '../http/refusals.ts';
import type { RequestClass } from '../http/shedding.ts';
import type { Limits } from '../limits/limits.ts';

export interface WatchDeps {
  readonly settings: LiveSettingsSource;
  readonly guard: LoadGuard;
  readonly random: () => number;
}

/** `of` write: its handler sheds by itself, in an order of its own (receipt-request.ts). */
export type Watch = (of: RequestClass, handler: Handler) => Handler;

export const createWatch =
  ({ settings, guard, random }: WatchDeps, limits: Pick<Limits, 'callerOf' | 'refused'>): Watch =>
  (of, handler) =>
  async (request, params) => {
    const traffic = settings.current()?.traffic;
    const caller = limits.callerOf(request, traffic);
    const isWrite = of === 'write';
    if (!isWrite && guard.isOverloaded(of, caller.conduct)) throw overloaded(random());
    const leave = isWrite ? undefined : guard.enter(of);
    try {
      return await handler(request, params);
    } catch (thrown) {
      limits.refused(caller, apiErrorOf(thrown).code, traffic);
      throw thrown;
    } finally {
      leave?.();
    }
  };
