/** The text that Alipay and UnionPay sign. Pure. */
export type Parameters = Readonly<Record<string, string>>;

/** Parameters sorted by the bytes of their names, as `name=value` joined by `&`, before any URL encoding. Empty ones are left out. */
export const signingText = (parameters: Parameters): string =>
  Object.keys(parameters)
    .filter((name) => parameters[name] !== '')
    .sort()
    .map((name) => `${name}=${parameters[name]}`)
    .join('&');
