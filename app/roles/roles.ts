/** The roles of tiers and Jobs. Each imports only what it needs, so that pods start quickly. */
import type { JobName } from '../../contract/jobs.ts';
import type { Tier } from '../../contract/tiers.ts';
import type { RunJob, StartRole } from './role.ts';

export const START_TIER: Readonly<Record<Tier, () => Promise<StartRole>>> = {
  intake: async () => (await import('./intake.ts')).startIntake,
  records: async () => (await import('./records.ts')).startRecords,
  verification: async () => (await import('./verification.ts')).startVerification,
  issuance: async () => (await import('./issuance.ts')).startIssuance,
  login: async () => (await import('./login.ts')).startLogin,
};

export const RUN_JOB: Readonly<Record<JobName, () => Promise<RunJob>>> = {
  draw: async () => (await import('./draw.ts')).runDraw,
  compare: async () => (await import('./compare.ts')).runCompare,
  exclude: async () => (await import('./exclude.ts')).runExclude,
  books: async () => (await import('./books.ts')).runBooksJob,
};
