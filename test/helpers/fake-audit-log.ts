/** Trails in memory with the chain and the compare-and-set of the real ones, and every way in which an append can end. */
import { chainLine, linkOf } from '../../contract/hash-chain.ts';
import type { AuditLog, AuditTail } from '../../journal/trail.ts';
import { type AuditEntry, parseAuditEntry } from '../../operator/audit/entry.ts';

interface StoredLine {
  readonly sequence: number;
  readonly text: string;
}

export class FakeAuditLog implements AuditLog {
  readonly #trails = new Map<string, StoredLine[]>();
  #sequence = 0;
  /** Every call fails while set. */
  outage: Error | undefined;
  /** Result of the next appends; default: stored and acknowledged. */
  fate: () => 'acknowledged' | 'stored, answer lost' | 'lost' = () => 'acknowledged';
  /** Called before an append is handled, to act as another writer. */
  beforeAppend: (() => void) | undefined;
  reads = 0;
  appends = 0;

  lines(campaignId: string): readonly string[] {
    return (this.#trails.get(campaignId) ?? []).map(({ text }) => text);
  }

  entries(campaignId: string): readonly AuditEntry[] {
    return this.lines(campaignId).map((text) => {
      const entry = parseAuditEntry(text);
      if (entry === undefined) throw new Error(`unreadable: ${text}`);
      return entry;
    });
  }

  #tailOf(campaignId: string): AuditTail | undefined {
    let tail: AuditTail | undefined;
    for (const { sequence, text } of this.#trails.get(campaignId) ?? []) tail = { sequence, ...linkOf(text, tail) };
    return tail;
  }

  async *read(campaignId: string): AsyncGenerator<{ readonly text: string; readonly tail: AuditTail }> {
    if (this.outage !== undefined) throw this.outage;
    this.reads += 1;
    let tail: AuditTail | undefined;
    for (const { sequence, text } of [...(this.#trails.get(campaignId) ?? [])]) {
      tail = { sequence, ...linkOf(text, tail) };
      yield { text, tail };
    }
  }

  async append(
    campaignId: string,
    entry: { readonly id: string },
    tail: AuditTail | undefined,
  ): Promise<{ readonly kind: 'appended'; readonly tail: AuditTail } | { readonly kind: 'moved' }> {
    if (this.outage !== undefined) throw this.outage;
    const { beforeAppend } = this;
    this.beforeAppend = undefined;
    beforeAppend?.();
    this.appends += 1;
    const fate = this.fate();
    if (fate === 'lost') throw new Error('no answer');
    if ((this.#tailOf(campaignId)?.sequence ?? 0) !== (tail?.sequence ?? 0)) return { kind: 'moved' };
    this.#sequence += 1;
    const line = { sequence: this.#sequence, text: chainLine(entry, tail) };
    this.#trails.set(campaignId, [...(this.#trails.get(campaignId) ?? []), line]);
    if (fate === 'stored, answer lost') throw new Error('no answer');
    return { kind: 'appended', tail: { sequence: line.sequence, ...linkOf(line.text, tail) } };
  }

  async campaignIds(): Promise<readonly string[]> {
    if (this.outage !== undefined) throw this.outage;
    return [...this.#trails.keys()];
  }
}
