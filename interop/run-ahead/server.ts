// Serves the interop test service with rx-grpc for the measurements of peers. The first line that it prints is the port; then
// one for each upload that ends.
import { codeName, implement, isRpcError, load, serve } from 'rx-grpc';
import { count, map, NEVER, tap } from 'rxjs';
import { type Services, testProto } from '../messages.ts';

const { TestService }: Services = await load(testProto);
const service = implement.partial(TestService, {
  fullDuplexCall: () => NEVER, // never reads what it is sent

  streamingInputCall: request$ => {
    let received = 0;
    return request$.pipe(
      tap({
        next: () => received++,
        error: error => console.log(`cancelled ${received}: ${isRpcError(error) ? codeName(error.code) : error}`),
      }),
      count(),
      tap(whole => console.log(`whole ${whole}`)),
      map(() => ({})),
    );
  },
});
const server = await serve('http://127.0.0.1:0', service);
console.log(server.port);
// When it ends, whoever started this program is gone.
process.stdin.resume().on('end', () => process.exit());
