/** Wires the issuance tier. */
import type { StartRole } from './role.ts';

export const startIssuance: StartRole = async () => {
  throw new Error('being written in this session: the worker loop of issuance');
};
