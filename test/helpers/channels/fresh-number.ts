/**
 * Sabotage, preloaded with `--import` into a pod: each sending of a request has a fresh number. What was carried out and not answered is
 * then issued again, where the channel looks up by number: at UnionPay. Where it looks up by account, only two pods at once double.
 */
import { replaceSource } from '../replace-source.ts';

replaceSource('/app/issuance/ask.ts', {
  'client.issue(request, signal)':
    "client.issue({ ...request, request: crypto.randomUUID().replaceAll('-', '') }, signal)",
});
