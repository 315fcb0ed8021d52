/** What a Pulumi program registers, seen through its mocks: nothing is deployed, and no engine is asked. */
import * as pulumi from '@pulumi/pulumi';
import { VoucherPlatform, type VoucherPlatformArgs } from '../../../deploy/voucher-platform.ts';

export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** Every resource that is registered until `program` is through, in the order of registration. */
export const registeredBy = async (program: () => Promise<unknown> | unknown): Promise<readonly Registered[]> => {
  const registered: Registered[] = [];
  await pulumi.runtime.setMocks({
    newResource: ({ type, name, inputs }) => {
      registered.push({ type, name, inputs });
      return { id: `${name}-id`, state: inputs };
    },
    call: () => ({}),
  });
  await program();
  // Registrations are promises of the runtime, which it counts.
  await pulumi.runtime.disconnect();
  return registered;
};

export interface Options {
  readonly protect: boolean;
  readonly ignoreChanges: readonly string[];
  readonly dependsOn: readonly string[];
}

export interface Platform {
  readonly registered: readonly Registered[];
  /** By type and name; mocks are not told of options, a transformation is. */
  readonly options: ReadonlyMap<string, Options>;
}

const keyOf = ({ type, name }: { readonly type: string; readonly name: string }): string => `${type} ${name}`;

export const optionsOf = ({ options }: Platform, resource: Registered): Options => {
  const found = options.get(keyOf(resource));
  if (found === undefined) throw new Error(`no options of ${keyOf(resource)}`);
  return found;
};

/** Dependencies are given as the list of resources by the component; Pulumi would also take promises of them. */
const dependenciesOf = (given: pulumi.ResourceOptions['dependsOn']): readonly string[] =>
  (Array.isArray(given) ? given : [given]).filter(pulumi.Resource.isInstance).map((one) => {
    const { __pulumiType: type, __name: name } = one as unknown as Readonly<Record<string, string>>;
    return `${type} ${name}`;
  });

export const platformOf = async (args: VoucherPlatformArgs): Promise<Platform> => {
  const options = new Map<string, Options>();
  const record: pulumi.ResourceTransformation = ({ type, name, opts }) => {
    options.set(keyOf({ type, name }), {
      protect: opts.protect ?? false,
      ignoreChanges: opts.ignoreChanges ?? [],
      dependsOn: dependenciesOf(opts.dependsOn),
    });
    return undefined;
  };
  const registered = await registeredBy(() => new VoucherPlatform('voucher', args, { transformations: [record] }));
  return { registered, options };
};
