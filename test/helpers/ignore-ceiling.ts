/**
 * Sabotage, preloaded with `--import` into an operator: 5,000 replicas are always authorised.
 * The product has no such switch; this changes its source while it is loaded.
 */
import { registerHooks } from 'node:module';

const STANDING = 'authorized.ceilings[tier],';

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith('/operator/scaling/schedule.ts')) return loaded;
    const source = String(loaded.source);
    if (!source.includes(STANDING)) throw new Error(`${url} does not say "${STANDING}" any more: nothing is sabotaged`);
    return { ...loaded, source: source.replace(STANDING, '5_000,') };
  },
});
