import { docstring } from './docstring.ts';
import { propertyOf } from './emit-types.ts';
import type { MethodModel, ServiceModel, TypeRef } from './model.ts';
import type { Scope } from './scope.ts';
import { lineWidth, listed, pure, quoted } from './text.ts';

/**
 * Emits a service: its type, with literal shapes, and its methods. `isLater` returns whether a message's file imports
 * this file. Such a message may not exist yet when this file is evaluated.
 */
export function emitService(scope: Scope, service: ServiceModel, isLater: (ref: TypeRef) => boolean): string {
  const name = scope.service(service.fullName);
  const doc = docstring(service);
  if (service.methods.length === 0) return `${doc}export const ${name}: $.Nothing = {};`;
  const types = service.methods.map(each => `${docstring(each, '  ')}${methodType(scope, each)}`);
  const methods = service.methods.map(each => method(scope, service, each, isLater));
  return `${doc}export const ${name}: {\n${types.join('')}} = {\n${methods.join('')}};`;
}

function methodType(scope: Scope, { name, request, response, requestStream, responseStream }: MethodModel): string {
  const args = [message(scope, request), message(scope, response), String(requestStream), String(responseStream)];
  const inline = `  readonly ${name}: $.Method<${args.join(', ')}>;\n`;
  if (inline.length <= lineWidth + 1) return inline;
  return `  readonly ${name}: $.Method<\n${args.map(arg => `    ${arg}`).join(',\n')}\n  >;\n`;
}

function message(scope: Scope, ref: TypeRef): string {
  const { name, init } = scope.names(ref);
  return `$.Message<${name}, ${init}>`;
}

function method(
  scope: Scope,
  service: ServiceModel,
  { name, request, response, requestStream, responseStream }: MethodModel,
  isLater: (ref: TypeRef) => boolean,
): string {
  const type = (ref: TypeRef): string => `${isLater(ref) ? '() => ' : ''}${scope.names(ref).name}`;
  const path = quoted(`/${service.fullName}/${name}`);
  const args = [path, String(requestStream), String(responseStream), type(request), type(response)];
  return `${listed(`  ${propertyOf(name)}: ${pure} $.method`, '(', args, '),')}\n`;
}
