/** How the ledger check recognises a server that speaks TLS. */
export interface ServerTls {
  /** PEM: who must have issued its certificate. */
  readonly ca: string;
  /** The name that the certificate must have; needed where the server is reached by another, such as an address. */
  readonly servername?: string;
}
