/**
 * Sabotage, preloaded with `--import` into an operator: it believes every zero, also while the journal's sequences move.
 * The product has no such switch; this changes its source while it is loaded.
 */
import { registerHooks } from 'node:module';

const DOUBT = 'deps.believes ?? isBelievable';

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith('/operator/signals/signal-reader.ts')) return loaded;
    const source = String(loaded.source);
    if (!source.includes(DOUBT)) throw new Error(`${url} does not say "${DOUBT}" any more: nothing is sabotaged`);
    return { ...loaded, source: source.replace(DOUBT, '() => true') };
  },
});
