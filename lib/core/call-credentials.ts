import { type CallCredentials, credentials as grpcCredentials, type Metadata } from '@grpc/grpc-js';
import { checkSendable, isMetadata } from './metadata.ts';
import { Code } from './status.ts';
import { kindOf } from './validate.ts';

/**
 * Credentials whose metadata is looked at before it is sent, with that of the call: what HTTP/2 refuses would make grpc-js try
 * again and again without end, and a generator that gives neither metadata nor an error would end the process.
 */
export function checkedCredentials(credentials: CallCredentials, metadata: Metadata): CallCredentials {
  return grpcCredentials.createFromMetadataGenerator((options, callback) => {
    // An async function: what a generator throws is its failure, too.
    const generate = async () => credentials.generateMetadata(options);
    generate().then(
      generated => {
        const unfit = whyUnfit(generated, metadata);
        if (unfit === undefined) callback(null, generated);
        else callback(Object.assign(unfit, { code: Code.INTERNAL }));
      },
      reason => callback(reason instanceof Error ? reason : new Error(`expected an Error, got ${kindOf(reason)}`)),
    );
  });
}

function whyUnfit(generated: unknown, metadata: Metadata): Error | undefined {
  if (!isMetadata(generated)) return new TypeError(`expected Metadata of grpc-js, got ${kindOf(generated)}`);
  const all = metadata.clone();
  all.merge(generated);
  try {
    checkSendable(all);
  } catch (error) {
    return error as Error;
  }
  return undefined;
}
