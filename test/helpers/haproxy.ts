/** HAProxy of this machine: the command on the PATH. */
import { isCommand } from '../../tools/cluster/host.ts';

export interface Haproxy {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Undefined: it is not here. */
export const haproxyCommand = (): Haproxy | undefined => {
  const { HAPROXY: own, LD_LIBRARY_PATH: libraries } = process.env;
  if (own !== undefined) return { command: own, env: libraries === undefined ? {} : { LD_LIBRARY_PATH: libraries } };
  return isCommand('haproxy') ? { command: 'haproxy', env: {} } : undefined;
};
