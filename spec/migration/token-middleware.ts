import { Code, RpcError, type ServerMiddleware } from 'rx-grpc';

export const requireToken =
  (token: string): ServerMiddleware =>
  rpc =>
  (request$, call) => {
    const [authorization] = call.metadata.get('authorization');
    if (authorization === `Bearer ${token}`) return rpc(request$, call);
    throw new RpcError(Code.UNAUTHENTICATED, 'no token');
  };
