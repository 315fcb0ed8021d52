/**
 * Amounts as Kubernetes writes them, ready to be pasted into a quota: `requests.memory` 1,006,632,960 → `960Mi`, 3 × 2^30 → `3Gi`,
 * `requests.cpu` 3.5 → `3500m`, `pods` 4 → `4`. Rounded up to the unit.
 */
export const amountText = (resource: string, amount: number): string => {
  if (!/memory|storage/.test(resource)) {
    return Number.isInteger(amount) ? String(amount) : `${Math.ceil(amount * 1000)}m`;
  }
  const mebibytes = Math.ceil(amount / 2 ** 20);
  return mebibytes > 0 && mebibytes % 1024 === 0 ? `${mebibytes / 1024}Gi` : `${mebibytes}Mi`;
};
