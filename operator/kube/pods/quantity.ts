/** Kubernetes quantities as numbers: `500m` is 0.5. Client-node's `quantityToScalar` throws for `1.5Gi`. */
const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/;

const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

export const parseQuantity = (text: string): number | undefined => {
  const [, digits, suffix = ''] = QUANTITY.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  // Rounded to the smallest unit, so that 0.1 + 0.2 is 0.3.
  return Math.round(Number(digits) * (FACTORS[suffix] ?? 1) * 1e9) / 1e9;
};
