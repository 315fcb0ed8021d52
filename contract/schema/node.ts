/**
 * The subset of Kubernetes' structural OpenAPI v3 schemas that our resources use, as data. Pure; imports nothing.
 *
 * Structural rules that the types here keep: every node has a type and a description, lists state how they merge,
 * objects list their properties, and there is no `oneOf`, `$ref` or free-form map.
 */

/** A CEL rule of Kubernetes. `self` is the node's value; with `oldSelf` the rule runs on updates only. */
export interface ValidationRule {
  readonly rule: string;
  /** Names the field and the remedy. */
  readonly message: string;
  /** Relative to the node, e.g. `.window.closesAt`. */
  readonly fieldPath?: string;
  readonly reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired' | 'FieldValueDuplicate';
}

/** Only the generator reads this; it does not reach the CRD. */
export interface TypeHint {
  /** Name of the exported TypeScript interface; absent: written in place. */
  readonly name: string;
  /** Generated module that declares it, `./contingency.ts`; absent: the one of its resource. */
  readonly file?: string;
  /** Module that declares it already; absent: the generated file declares it. */
  readonly from?: string;
  /** Comment of an interface that several nodes share; absent: the node's description. */
  readonly description?: string;
}

interface Described {
  /** Starts with the field's meaning; then unit, default, remedy. */
  readonly description: string;
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[];
}

export interface StringNode extends Described {
  readonly type: 'string';
  readonly format?: 'date-time';
  readonly enum?: readonly string[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly default?: string;
}

export interface NumberNode extends Described {
  readonly type: 'integer' | 'number';
  readonly format?: 'int32' | 'int64' | 'double';
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: number;
}

export interface BooleanNode extends Described {
  readonly type: 'boolean';
  readonly default?: boolean;
}

export interface ArrayNode extends Described {
  readonly type: 'array';
  readonly items: SchemaNode;
  readonly minItems?: number;
  readonly maxItems: number;
  readonly 'x-kubernetes-list-type': 'atomic' | 'map' | 'set';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly default?: readonly [];
}

export interface ObjectNode extends Described {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly minProperties?: number;
  /** `{}` on an optional section, so that a campaign that leaves it out still gets the defaults inside. */
  readonly default?: Readonly<Record<string, never>>;
  readonly typeHint?: TypeHint;
}

export type SchemaNode = StringNode | NumberNode | BooleanNode | ArrayNode | ObjectNode;

/** One column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  /** Above 0: only with `-o wide`. */
  readonly priority?: number;
}

/** One custom resource: what becomes a CRD and a TypeScript interface. */
export interface ResourceDefinition {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortName: string;
  readonly columns: readonly PrinterColumn[];
  readonly schema: ObjectNode;
  /**
   * Status that the API server gives to a new object. Without it Helm and Flux take an object that no operator has seen yet
   * for reconciled, because no observedGeneration says otherwise.
   */
  readonly unseenStatus?: Readonly<Record<string, number>>;
}
