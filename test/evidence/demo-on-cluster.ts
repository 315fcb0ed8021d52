/** The demo on a real Kubernetes of this machine. Options are passed on. */
import { playDemo } from '../helpers/play-demo.ts';

export const scenario = playDemo('03', ['--on', 'cluster']);
