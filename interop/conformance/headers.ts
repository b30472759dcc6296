import { Metadata } from '@grpc/grpc-js';
import type { Header } from './messages.ts';

/** The metadata that the suite asks for. */
export function toMetadata(headers: readonly Header[]): Metadata {
  const metadata = new Metadata();
  for (const { name, value: values } of headers) {
    for (const value of values) metadata.add(name, isBinary(name) ? Buffer.from(value, 'base64') : value);
  }
  return metadata;
}

/** Metadata as the suite wants it reported. */
export function fromMetadata(metadata: Metadata | undefined): Header[] {
  if (metadata === undefined) return [];
  return Object.keys(metadata.getMap()).map(name => ({
    name,
    value: metadata.get(name).map(value => (typeof value === 'string' ? value : base64(value))),
  }));
}

function isBinary(name: string): boolean {
  return name.toLowerCase().endsWith('-bin');
}

/** Without padding, as the suite writes it. */
function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
