import { type Metadata, status } from '@grpc/grpc-js';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';

export class TokenGuard implements CanActivate {
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  canActivate(context: ExecutionContext): boolean {
    const [authorization] = context.switchToRpc().getContext<Metadata>().get('authorization');
    if (authorization === `Bearer ${this.#token}`) return true;
    throw new RpcException({ code: status.UNAUTHENTICATED, message: 'no token' });
  }
}
