/** What a run of the demo spoils on purpose: it must find it, and end with exit code 1. */
import type { IssueSabotage } from './channels.ts';
import type { DrawSabotage } from './draw.ts';

export type Sabotage = 'drop-one' | DrawSabotage | IssueSabotage;
