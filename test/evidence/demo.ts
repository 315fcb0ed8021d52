/** The demo in the embedded mode. Options are passed on: `npm run evidence -- demo --full`. */
import { playDemo } from '../helpers/play-demo.ts';

export const scenario = playDemo('02', []);
