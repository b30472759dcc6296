import { ServerInterceptingCall, type ServerInterceptor, ServerListenerBuilder, status } from '@grpc/grpc-js';

export const requireToken =
  (token: string): ServerInterceptor =>
  (_method, call) =>
    new ServerInterceptingCall(call, {
      start: next =>
        next(
          new ServerListenerBuilder()
            .withOnReceiveMetadata((metadata, nextMetadata) => {
              const [authorization] = metadata.get('authorization');
              if (authorization === `Bearer ${token}`) nextMetadata(metadata);
              else call.sendStatus({ code: status.UNAUTHENTICATED, details: 'no token' });
            })
            .build(),
        ),
    });
