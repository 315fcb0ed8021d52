/** Sabotage, preloaded with `--import` into a pod: a share that was read once holds for good, whatever time and later readings say. */
import { replaceSource } from '../replace-source.ts';

replaceSource('/app/outside/share.ts', {
  'ageMs(provenAt, now) < SHARE_VALID_MS': 'true',
  'if (perSecond <= inForce) return { perSecond, provenAt };':
    'if (perSecond <= inForce) return { ...share, provenAt };',
});
