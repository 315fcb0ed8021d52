/** How every server of the product binds its address. */
import type { AddressInfo, Server } from 'node:net';

/** All IPv6 and IPv4 addresses of the machine. */
export const ANY_ADDRESS = '::';
/** The same on a machine without IPv6. */
const ANY_IPV4_ADDRESS = '0.0.0.0';
/** A kernel without IPv6 refuses the socket; a network namespace without IPv6 refuses the address. */
const WITHOUT_IPV6: readonly unknown[] = ['EAFNOSUPPORT', 'EPROTONOSUPPORT', 'EADDRNOTAVAIL'];

export interface Address {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Connections that the kernel holds until they are accepted; Node's default unless stated. */
  readonly backlog?: number;
}

const listenOn = (server: Server, address: Address): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      resolve();
    });
  });

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

/**
 * | host      | machine       | listens on                      |
 * |-----------|---------------|---------------------------------|
 * | `::`      | has IPv6      | IPv6 and IPv4, with one socket  |
 * | `::`      | has none      | IPv4                            |
 * | any other | any           | that one                        |
 *
 * @returns the port
 * @throws Error when the address can't be listened on
 */
export const bind = async (server: Server, address: Address): Promise<number> => {
  try {
    await listenOn(server, address);
  } catch (error) {
    if (address.host !== ANY_ADDRESS || !WITHOUT_IPV6.includes(codeOf(error))) throw error;
    await listenOn(server, { ...address, host: ANY_IPV4_ADDRESS });
  }
  // A listening TCP server has an address with a port.
  return (server.address() as AddressInfo).port;
};
