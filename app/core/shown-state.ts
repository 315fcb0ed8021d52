/** The state of a receipt beside the other receipts of the same person (contract/winner.ts). Pure. */
import { type Claim, type FactedClaim, isSuperseded } from '../../contract/winner.ts';
import { type Fact, highestFact, project, type State } from './projection.ts';

export const claimOf = (claim: Claim, facts: readonly Fact[]): FactedClaim => ({ ...claim, fact: highestFact(facts) });

/** @param others of the same person; only whether one of them counts matters */
export const shownState = (claim: Claim, facts: readonly Fact[], others: readonly FactedClaim[]): State =>
  isSuperseded(claimOf(claim, facts), others) ? 'superseded' : project(facts).state;
