import { type FieldDescriptor, FieldType } from './descriptor.ts';

/** The label of a field with a trailing blank, or an empty string. */
export function labelOf({ label, oneofIndex, proto3Optional }: FieldDescriptor, syntax: string): string {
  if (label === 3) return 'repeated ';
  if (syntax === 'proto3') return proto3Optional ? 'optional ' : '';
  if (syntax !== 'proto2' || oneofIndex !== undefined) return '';
  return label === 2 ? 'required ' : 'optional ';
}

export function typeOf({ type, typeName }: FieldDescriptor): string {
  return typeName || FieldType.names[type ?? 0]!;
}

/** The options that only fields have. */
export function fieldOptions({ type, defaultValue, options }: FieldDescriptor): string[] {
  const texts = options?.packed === undefined ? [] : [`packed = ${options.packed}`];
  if (defaultValue !== undefined) texts.push(`default = ${literal(FieldType.names[type ?? 0]!, defaultValue)}`);
  return texts;
}

/** Defaults of bytes arrive escaped, as in a .proto; defaults of strings do not. */
function literal(type: string, value: string): string {
  if (type === 'bytes') return `"${value}"`;
  if (type !== 'string') return value;
  const octal = (char: string): string => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these must be escaped
  return `"${value.replaceAll(/[\x00-\x1f"\\]/g, octal)}"`;
}
