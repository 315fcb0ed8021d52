/** Host of a URL, from an address or a name: `fd00::7` → `[fd00::7]`, `10.0.0.7` and `nats-0.nats` as they are. */
export const urlHost = (address: string): string =>
  address.includes(':') && !address.startsWith('[') ? `[${address}]` : address;
