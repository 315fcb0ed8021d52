/** Where wrapped data keys live. Implemented by data-keys.ts. */
export interface DataKeyStore {
  /** Creates the entry unless there is one; answers with the bytes that are in force. */
  getOrCreate(name: string, wrapped: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /** Undefined: destroyed, or never there. */
  get(name: string, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** Names of all entries, destroyed ones too; `gone` when there is no bucket. @throws Error when it can't be asked */
  look(signal: AbortSignal): Promise<{ readonly names: readonly string[]; readonly lastSequence: number } | 'gone'>;
}
