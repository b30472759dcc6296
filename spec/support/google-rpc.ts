import protobuf from 'protobufjs';

type Fields = Readonly<Record<string, string>>;

/** Each field by number and type, written independently of the library as an oracle. */
const messages: Readonly<Record<string, Fields>> = {
  'rpc.Status': { code: '1 int32', message: '2 string', details: '3 repeated google.protobuf.Any' },
  'rpc.ErrorInfo': { reason: '1 string', domain: '2 string', metadata: '3 map' },
  'rpc.RetryInfo': { retryDelay: '1 google.protobuf.Duration' },
  'rpc.DebugInfo': { stackEntries: '1 repeated string', detail: '2 string' },
  'rpc.QuotaFailure': { violations: '1 repeated Violation' },
  'rpc.QuotaFailure.Violation': {
    subject: '1 string',
    description: '2 string',
    apiService: '3 string',
    quotaMetric: '4 string',
    quotaId: '5 string',
    quotaDimensions: '6 map',
    quotaValue: '7 int64',
    futureQuotaValue: '8 int64',
  },
  'rpc.PreconditionFailure': { violations: '1 repeated Violation' },
  'rpc.PreconditionFailure.Violation': { type: '1 string', subject: '2 string', description: '3 string' },
  'rpc.BadRequest': { fieldViolations: '1 repeated FieldViolation' },
  'rpc.BadRequest.FieldViolation': {
    field: '1 string',
    description: '2 string',
    reason: '3 string',
    localizedMessage: '4 LocalizedMessage',
  },
  'rpc.RequestInfo': { requestId: '1 string', servingData: '2 string' },
  'rpc.ResourceInfo': {
    resourceType: '1 string',
    resourceName: '2 string',
    owner: '3 string',
    description: '4 string',
  },
  'rpc.Help': { links: '1 repeated Link' },
  'rpc.Help.Link': { description: '1 string', url: '2 string' },
  'rpc.LocalizedMessage': { locale: '1 string', message: '2 string' },
  'protobuf.Any': { type_url: '1 string', value: '2 bytes' },
  'protobuf.Duration': { seconds: '1 int64', nanos: '2 int32' },
};

const root: protobuf.Root = new protobuf.Root();
for (const [name, fields] of Object.entries(messages)) {
  const path = `google.${name}`.split('.');
  const type = new protobuf.Type(path.pop()!);
  for (const [field, declared] of Object.entries(fields)) {
    const [number, ...words] = declared.split(' ');
    const kind = words.pop()!;
    if (kind === 'map') type.add(new protobuf.MapField(field, Number(number), 'string', 'string'));
    else type.add(new protobuf.Field(field, Number(number), kind, words[0]));
  }
  const above = root.lookup(path.join('.')) as protobuf.Namespace | null;
  (above ?? root.define(path.join('.'))).add(type);
}
root.resolveAll();

/** A google.rpc.Status as protobufjs decodes it, with its details, by the last part of their type URL. */
export function decodeStatus(bytes: Uint8Array): { code: number; message: string; details: [string, any][] } {
  const { code, message, details } = object('google.rpc.Status', bytes);
  const decoded = (details ?? []).map(({ type_url, value }: { type_url: string; value: Uint8Array }) => {
    const name = type_url.slice(type_url.lastIndexOf('/') + 1);
    return [type_url, name in names ? object(name, value) : value];
  });
  return { code, message, details: decoded };
}

/** A google.rpc.Status as protobufjs encodes it. */
export function encodeStatus(code: number, message: string, details: readonly [name: string, value: object][]): Buffer {
  const anys = details.map(([name, value]) => ({
    type_url: `type.googleapis.com/${name}`,
    value: encode(name, value),
  }));
  return encode('google.rpc.Status', { code, message, details: anys });
}

/** Encodes any of these messages. */
export function encode(name: string, value: object): Buffer {
  return Buffer.from(root.lookupType(name).encode(value).finish());
}

const names: Readonly<Record<string, true>> = Object.fromEntries(
  Object.keys(messages).map(name => [`google.${name}`, true]),
);

function object(name: string, bytes: Uint8Array): any {
  const type = root.lookupType(name);
  return type.toObject(type.decode(bytes), { longs: String });
}
