/** What a citizen keeps of a registration: a line of the generator's file. */
import { z } from 'zod';

export const keptReceipt = z.object({
  receiptNo: z.string(),
  receiptSecret: z.string(),
  /** Index of the citizen. */
  citizen: z.int(),
});
export type KeptReceipt = Readonly<z.infer<typeof keptReceipt>>;
