/** Sabotage, preloaded with `--import` into a pod: no answer, an error and a failing gateway count as "name and number do not match". */
import { replaceSource } from '../replace-source.ts';

replaceSource('/app/outside/providers/tencent-answer.ts', {
  "if (posted.kind === 'trouble') return { answer: { kind: 'retry', reason: posted.reason } };":
    "if (posted.kind === 'trouble') return { answer: { kind: 'mismatch', code: '-1' } };",
  "return { kind: 'retry', reason: safe(code) };": "return { kind: 'mismatch', code: '-1' };",
});
