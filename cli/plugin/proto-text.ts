import {
  type EnumDescriptor,
  type FieldDescriptor,
  FieldType,
  type FileDescriptor,
  In,
  type MessageDescriptor,
  type Options,
  type ServiceDescriptor,
} from './descriptor.ts';
import { fieldOptions, labelOf, typeOf } from './field-text.ts';
import type { Locations } from './locations.ts';

/**
 * Converts a descriptor to a .proto file with the same declarations in source order, without imports, comments,
 * extensions, and options that do not affect generated code. The parser of .proto sources then gives the same
 * definitions as for the source. protobufjs's own conversion of descriptors differs in many details.
 */
export function protoText(file: FileDescriptor, locations: Locations, featureNames: FeatureNames): string {
  const out = new Printer(file.syntax || 'proto2', locations, featureNames);
  const edition = editions[file.edition ?? 0];
  if (file.syntax === 'editions' && edition === undefined)
    throw new Error(`${file.name}: unknown edition ${file.edition}`);
  out.line(file.syntax === 'editions' ? `edition = "${edition}";` : `syntax = "${file.syntax || 'proto2'}";`);
  if (file.package) out.line(`package ${file.package};`);
  out.options(file.options);
  out.inOrder([
    ...file.messageType.map((each, i) => item([In.file.message, i], path => out.message(each, path))),
    ...file.enumType.map((each, i) => item([In.file.enum, i], () => out.enum(each))),
    ...file.service.map((each, i) => item([In.file.service, i], () => out.service(each))),
  ]);
  return out.text;
}

/** The value names of each feature, by property: `fieldPresence`, and so on. */
export type FeatureNames = Readonly<Record<string, ReadonlyMap<number, string>>>;

const editions: Readonly<Record<number, string>> = { 1000: '2023', 1001: '2024' };

interface Item {
  readonly path: readonly number[];
  readonly print: (path: readonly number[]) => void;
}

function item(path: readonly number[], print: (path: readonly number[]) => void): Item {
  return { path, print };
}

class Printer {
  text = '';
  readonly #syntax: string;
  readonly #locations: Locations;
  readonly #featureNames: FeatureNames;

  constructor(syntax: string, locations: Locations, featureNames: FeatureNames) {
    this.#syntax = syntax;
    this.#locations = locations;
    this.#featureNames = featureNames;
  }

  line(text: string): void {
    this.text += `${text}\n`;
  }

  inOrder(items: readonly Item[]): void {
    for (const { path, print } of this.#locations.sorted(items)) print(path);
  }

  options(options: Options | undefined): void {
    for (const option of this.#optionsOf(options)) this.line(`option ${option};`);
  }

  message(message: MessageDescriptor, path: readonly number[]): void {
    this.line(`message ${message.name} {`);
    this.options(message.options);
    this.#members(message, path);
    this.line('}');
  }

  #members({ field, nestedType, enumType, oneofDecl }: MessageDescriptor, path: readonly number[]): void {
    const groups = new Set(field.filter(each => this.#isGroup(each)).map(each => each.typeName));
    const print = (index: number): void => this.#field(field[index]!, nestedType, path);
    const indices = [...field.keys()];
    const alone = (each: FieldDescriptor): boolean => each.oneofIndex === undefined || each.proto3Optional === true;
    const inOneof = (oneof: number): readonly number[] =>
      indices.filter(i => !alone(field[i]!) && field[i]!.oneofIndex === oneof);
    const isOfGroup = (name: string | undefined): boolean => [...groups].some(each => each?.split('.').at(-1) === name);
    this.inOrder([
      ...indices.filter(i => alone(field[i]!)).map(i => item([...path, In.message.field, i], () => print(i))),
      ...oneofDecl.map((oneof, i) =>
        item([...path, In.message.oneof, i], () => {
          if (inOneof(i).length === 0) return;
          this.line(`oneof ${oneof.name} {`);
          this.options(oneof.options);
          for (const index of inOneof(i)) print(index);
          this.line('}');
        }),
      ),
      ...nestedType.flatMap((each, i) =>
        each.options?.mapEntry || isOfGroup(each.name)
          ? []
          : item([...path, In.message.message, i], nested => this.message(each, nested)),
      ),
      ...enumType.map((each, i) => item([...path, In.message.enum, i], () => this.enum(each))),
    ]);
  }

  #field(field: FieldDescriptor, nestedType: readonly MessageDescriptor[], path: readonly number[]): void {
    const local = field.typeName?.split('.').at(-1);
    const nested = nestedType.findIndex(each => each.name === local);
    const entry = nestedType[nested]?.options?.mapEntry ? nestedType[nested] : undefined;
    const options = [...fieldOptions(field), ...this.#optionsOf(field.options)];
    // In editions, a group is a message with another encoding, whichever type the compiler reports.
    if (field.type === FieldType.GROUP && !this.#isGroup(field) && !options.some(each => each.includes('DELIMITED')))
      options.push('features.message_encoding = DELIMITED');
    const end = options.length > 0 ? ` [${options.join(', ')}]` : '';
    if (entry) {
      const [key, value] = entry.field;
      this.line(`map<${typeOf(key!)}, ${typeOf(value!)}> ${field.name} = ${field.number}${end};`);
    } else if (this.#isGroup(field) && nested >= 0) {
      this.line(`${labelOf(field, this.#syntax)}group ${local} = ${field.number}${end} {`);
      this.options(nestedType[nested]!.options);
      this.#members(nestedType[nested]!, [...path, In.message.message, nested]);
      this.line('}');
    } else this.line(`${labelOf(field, this.#syntax)}${typeOf(field)} ${field.name} = ${field.number}${end};`);
  }

  #isGroup({ type }: FieldDescriptor): boolean {
    return this.#syntax === 'proto2' && type === FieldType.GROUP;
  }

  enum({ name, value, options }: EnumDescriptor): void {
    this.line(`enum ${name} {`);
    if (options?.allowAlias) this.line('option allow_alias = true;');
    this.options(options);
    for (const each of value) {
      const own = this.#optionsOf(each.options).join(', ');
      this.line(`${each.name} = ${each.number ?? 0}${own && ` [${own}]`};`);
    }
    this.line('}');
  }

  service({ name, method, options }: ServiceDescriptor): void {
    this.line(`service ${name} {`);
    this.options(options);
    for (const each of method) {
      const request = `${each.clientStreaming ? 'stream ' : ''}${each.inputType}`;
      const response = `${each.serverStreaming ? 'stream ' : ''}${each.outputType}`;
      this.line(`rpc ${each.name}(${request}) returns (${response}) {`);
      this.options(each.options);
      this.line('}');
    }
    this.line('}');
  }

  #optionsOf(options: Options | undefined): readonly string[] {
    const texts = options?.deprecated ? ['deprecated = true'] : [];
    for (const [feature, names] of Object.entries(this.#featureNames)) {
      const value = names.get(options?.features?.[feature] as number);
      if (value !== undefined) texts.push(`features.${snakeCase(feature)} = ${value}`);
    }
    return texts;
  }
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
}
