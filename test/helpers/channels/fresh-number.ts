/**
 * Sabotage, preloaded with `--import` into a pod: a request that may have been sent before is sent with a fresh number. Its first sending
 * has the right one, so that whatever the books have too much is the fault of repetitions.
 */
import { replaceSource } from '../replace-source.ts';

replaceSource('/app/issuance/ask.ts', {
  'client.issue(request, signal)':
    "client.issue(first.length === 0 && maybes === 1 ? request : { ...request, request: crypto.randomUUID().replaceAll('-', '') }, signal)",
});
