/**
 * A file of this library, from which `createRequire` finds the packages beside it. In a CommonJS bundle, where `import.meta` is empty,
 * it is the bundle.
 */
export const thisFile: string = import.meta.url ?? __filename;
