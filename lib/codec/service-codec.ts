import type protobuf from 'protobufjs';
import type { Method, Service } from '../core/method.ts';
import { serializer } from './buffer-pool.ts';
import { decodeMessageFrom, decodeReceivedMessage } from './decode-message.ts';
import { encodeMessage } from './encode-message.ts';
import type { MessageCodec } from './field-codec.ts';
import { deserializer } from './received.ts';
import { fullName } from './reflection.ts';

/** Makes the methods of a service with the codecs of their messages, named as on clients. */
export function serviceCodec(service: protobuf.Service, codecOf: (type: protobuf.Type) => MessageCodec): Service {
  const name = fullName(service);
  const methods = new Map<string, Method>();
  for (const method of service.methodsArray) {
    const key = method.name.charAt(0).toLowerCase() + method.name.slice(1);
    if (methods.has(key)) throw new Error(`${name}: two of its RPCs would be called ${key}`);
    const request = codecOf(method.resolvedRequestType!);
    const response = codecOf(method.resolvedResponseType!);
    methods.set(key, {
      path: `/${name}/${method.name}`,
      requestStream: method.requestStream === true,
      responseStream: method.responseStream === true,
      requestSerialize: serializer((writer, value) => encodeMessage(request, writer, value)),
      requestDeserialize: deserializer(
        bytes => decodeReceivedMessage(request, bytes),
        reader => decodeMessageFrom(request, reader),
      ),
      responseSerialize: serializer((writer, value) => encodeMessage(response, writer, value)),
      responseDeserialize: deserializer(
        bytes => decodeReceivedMessage(response, bytes),
        reader => decodeMessageFrom(response, reader),
      ),
    });
  }
  return Object.fromEntries(methods);
}
