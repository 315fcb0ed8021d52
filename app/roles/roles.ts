/** The role of each tier. Each imports only what it needs, so that pods start quickly. */
import type { Tier } from '../../contract/tiers.ts';
import type { StartRole } from './role.ts';

export const ROLES: Readonly<Record<Tier, () => Promise<StartRole>>> = {
  intake: async () => (await import('./intake.ts')).startIntake,
  records: async () => (await import('./records.ts')).startRecords,
  verification: async () => (await import('./verification.ts')).startVerification,
};
