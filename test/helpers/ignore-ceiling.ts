/** Sabotage, preloaded with `--import` into an operator: 5,000 replicas are always authorised. */
import { replaceSource } from './replace-source.ts';

replaceSource('/operator/scaling/schedule.ts', { 'authorized.ceilings[tier],': '5_000,' });
