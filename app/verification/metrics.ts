/** Metrics of the verification tier. None has a label with anything of a person. */
import { Counter, type Registry } from 'prom-client';
import { sampledGauge } from '../sampled-gauge.ts';
import type { VerificationMetrics } from './part.ts';

export const createVerificationMetrics = (registry: Registry, now: () => number): VerificationMetrics => {
  const registers = [registry];
  const questions = new Counter({
    name: 'voucher_verification_questions_total',
    help: 'Requests to providers, by provider and result. Only match, mismatch and no_record lead to a verdict.',
    labelNames: ['provider', 'outcome'],
    registers,
  });
  const verdicts = new Counter({
    name: 'voucher_verification_verdicts_total',
    help: 'Verdicts that the journal has acknowledged.',
    labelNames: ['verdict'],
    registers,
  });
  const skipped = new Counter({
    name: 'voucher_verification_skipped_total',
    help: 'Messages that needed no request: answered before, withdrawn, corrected since, erased, or of no citizen.',
    labelNames: ['reason'],
    registers,
  });
  const givenBack = new Counter({
    name: 'voucher_verification_given_back_total',
    help: 'Messages that could not be decided now; the journal delivers them again.',
    labelNames: ['reason'],
    registers,
  });
  const inHand = new Set<{ readonly storedAtMs: number }>();
  const oldest = 'Age in seconds of the oldest registration that this pod is checking; 0 when there is none.';
  sampledGauge(registry, { name: 'voucher_verification_oldest_seconds', help: oldest }, () => {
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
