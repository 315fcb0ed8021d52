/** Looks for citizens' names, identity numbers and phones in all files of a run. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { citizenOf } from '../../local/load/citizen.ts';

export interface Finding {
  readonly where: string;
  readonly field: 'name' | 'idNumber' | 'phone';
  /** Index of the citizen: the finding itself must not repeat the value. */
  readonly citizen: number;
}

export interface PersonalDataScan {
  text(where: string, text: string): void;
  /** Every file below the folder, as text, binary ones too. */
  folder(path: string): Promise<void>;
  readonly findings: readonly Finding[];
  readonly scannedBytes: number;
  readonly scannedFiles: number;
}

const CANDIDATES = /\d{17}[\dXx]|1\d{10}|测试[零一二三四五六七八九]+/g;

/** `citizens` of `seed` are the ones that took part in the run. */
export const personalDataScan = (seed: number, citizens: number): PersonalDataScan => {
  const known = new Map<string, Omit<Finding, 'where'>>();
  for (let citizen = 0; citizen < citizens; citizen += 1) {
    const { name, idNumber, phone } = citizenOf(seed, citizen);
    known.set(name, { field: 'name', citizen });
    known.set(idNumber, { field: 'idNumber', citizen });
    known.set(phone, { field: 'phone', citizen });
  }
  const findings: Finding[] = [];
  let scannedBytes = 0;
  let scannedFiles = 0;

  const text = (where: string, content: string): void => {
    scannedBytes += content.length;
    for (const [match] of content.matchAll(CANDIDATES)) {
      const found = known.get(match.toUpperCase());
      if (found !== undefined) findings.push({ where, ...found });
    }
  };

  return {
    text,
    async folder(path) {
      for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const file = join(entry.parentPath, entry.name);
        scannedFiles += 1;
        text(file.slice(path.length + 1), await readFile(file, 'utf8'));
      }
    },
    findings,
    get scannedBytes() {
      return scannedBytes;
    },
    get scannedFiles() {
      return scannedFiles;
    },
  };
};
