/** Sabotage, preloaded with `--import` into an operator: it believes every zero, also while the journal's sequences move. */
import { replaceSource } from './replace-source.ts';

replaceSource('/operator/signals/signal-reader.ts', { 'deps.believes ?? isBelievable': '() => true' });
