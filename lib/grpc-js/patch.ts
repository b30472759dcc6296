import type { PrivateParts } from './private.ts';

/** A change to private parts of grpc-js. */
export interface Patch {
  /** The name of the patch's file, for warnings and docs. */
  readonly name: string;
  /** What goes wrong without the patch, for the warning that it is off. */
  readonly without: string;
  /** The members that the patch replaces or uses. The patch is applied only where grpc-js has all of them. */
  readonly shape: Shape;
  apply(parts: PrivateParts): void;
}

/** The members of each private class that a patch relies on. */
export type Shape = Readonly<Partial<Record<keyof PrivateParts, ClassShape>>>;

interface ClassShape {
  /** Methods with their number of parameters; 'any' when the patch passes all arguments on. */
  readonly methods?: Readonly<Record<string, number | 'any'>>;
  /**
   * Properties that the class itself uses. If the class no longer mentions a property, its meaning has changed or it is
   * gone.
   */
  readonly properties?: readonly string[];
}

/** The first member that a patch relies on and grpc-js lacks; undefined when the patch fits. */
export function findMisfit(parts: PrivateParts, shape: Shape): string | undefined {
  for (const [part, { methods = {}, properties = [] }] of Object.entries(shape)) {
    const { name, source } = classOf(parts[part as keyof PrivateParts]);
    for (const [method, parameters] of Object.entries(methods)) {
      const found = countParameters(source, method);
      if (found === undefined) return `${name} has no method ${method}`;
      if (parameters !== 'any' && found !== parameters)
        return `${name}.${method} takes ${found} parameters, not ${parameters}`;
    }
    const missing = properties.find(property => !new RegExp(`\\.${property}\\b`).test(source));
    if (missing !== undefined) return `${name} does not use ${missing}`;
  }
  return undefined;
}

/**
 * A class and its source text. The text stays as grpc-js wrote it even after methods of the prototype are replaced. A
 * minifier renames its variables, but not its methods and properties.
 */
function classOf(part: PrivateParts[keyof PrivateParts]): { readonly name: string; readonly source: string } {
  const ofClass = typeof part === 'function' ? part : part.constructor;
  return { name: ofClass.name, source: String(ofClass) };
}

function countParameters(source: string, method: string): number | undefined {
  const [, parameters] = new RegExp(`(?<![.\\w])${method}\\(([^()]*)\\)\\s*\\{`).exec(source) ?? [];
  return parameters?.split(',').filter(parameter => parameter.trim() !== '').length;
}
