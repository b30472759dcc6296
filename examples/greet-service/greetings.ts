import { type Implementation, pull } from 'rx-grpc';
import { concatMap } from 'rx-grpc/operators';
import { map, reduce } from 'rxjs';
import type { GreetRequest, GreetResponse, GreetService } from '../gen/greet.ts';

/**
 * All four shapes of one service. That `greet` and `greetStream` are the same function is no accident: a single request is a
 * stream of one.
 *
 * @param times how often GreetServerStream answers.
 */
export function greetings(times: number): Implementation<typeof GreetService> {
  return {
    greet: request$ => request$.pipe(map(greet)),

    greetStream: request$ => request$.pipe(map(greet)),

    greetClientStream: request$ =>
      request$.pipe(
        reduce((names, { name }) => [...names, name], [] as string[]),
        map(names => ({ greeting: names.join(',') })),
      ),

    greetServerStream: request$ => request$.pipe(concatMap(request => pull(Array(times).fill(greet(request))))),
  };
}

function greet({ name }: GreetRequest): GreetResponse {
  return { greeting: name };
}
