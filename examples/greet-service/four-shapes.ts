import { type ClientOf, pull } from 'rx-grpc';
import { concat, map, type Observable, of } from 'rxjs';
import type { GreetRequest, GreetResponse, GreetService } from '../gen/greet.ts';

/** The requests of all methods look alike, and so do the responses. */
const request: GreetRequest = { name: 'triple' };

/** Calls the four shapes in order. Whatever the shape, a call is an Observable of responses, so one function tells of each. */
export function fourShapes(service: ClientOf<typeof GreetService>): Observable<string> {
  return concat(
    tell('unary call', service.greet(request)),
    tell('bidi stream', service.greetStream(of(request))),
    tell('client stream', service.greetClientStream(pull(Array(5).fill(request)))),
    tell('server stream', service.greetServerStream(request)),
  );
}

/** The lines of Dubbo-go's client. */
function tell(shape: string, response$: Observable<GreetResponse>): Observable<string> {
  const resp$ = response$.pipe(map(({ greeting }) => `TRIPLE ${shape} resp: [${greeting}]`));
  return concat(of(`[start to test TRIPLE ${shape}]`), resp$);
}
