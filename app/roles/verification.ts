/** Placeholder on this branch only: replaced by the real role before it is merged. */
import { ConfigError } from '../config.ts';
import type { StartRole } from './role.ts';

export const startVerification: StartRole = () => Promise.reject(new ConfigError('verification is not built yet'));
