/** Values of options, read strictly: what can't be read names what can be written. */
import { InvalidArgumentError } from 'commander';

export const oneOf =
  <T extends string>(known: readonly T[], what: string) =>
  (text: string): T => {
    const found = known.find((name) => name === text);
    if (found === undefined) throw new InvalidArgumentError(`There is no ${what} "${text}"; take ${known.join(', ')}.`);
    return found;
  };
