/** Metrics of the verification tier. None has a label with anything of a person. */
import type { Registry } from 'prom-client';
import { metric } from '../../contract/metrics/metrics.ts';
import { counter, sampledGauge } from '../../runtime/metrics.ts';
import type { VerificationMetrics } from './part.ts';

export const createVerificationMetrics = (registry: Registry, now: () => number): VerificationMetrics => {
  const questions = counter(registry, metric('voucher_verification_questions_total'));
  const verdicts = counter(registry, metric('voucher_verification_verdicts_total'));
  const skipped = counter(registry, metric('voucher_verification_skipped_total'));
  const givenBack = counter(registry, metric('voucher_verification_given_back_total'));
  const inHand = new Set<{ readonly storedAtMs: number }>();
  sampledGauge(registry, metric('voucher_verification_oldest_seconds'), () => {
    const storedAtMs = [...inHand].reduce((least, one) => Math.min(least, one.storedAtMs), now());
    return [[{}, (now() - storedAtMs) / 1_000]];
  });
  return {
    question: (provider, outcome) => questions.inc({ provider, outcome }),
    verdict: (verdict) => verdicts.inc({ verdict }),
    skipped: (reason) => skipped.inc({ reason }),
    givenBack: (reason) => givenBack.inc({ reason }),
    holds(storedAtMs) {
      const held = { storedAtMs };
      inHand.add(held);
      return () => void inHand.delete(held);
    },
  };
};
