import { Command } from 'commander';
import { Code, connect, forward, implement, isRpcError, RpcError } from 'rx-grpc';
import { catchError, type Observable, throwError } from 'rxjs';
import { Countdown } from '../gen/countdown.ts';
import { withAddress } from '../support/address.ts';
import { runServer } from '../support/run-server.ts';
import { wholeNumber } from '../support/whole-number.ts';

const program = withAddress(new Command('gateway'), 50060)
  .description('Passes each call on to the server of countdowns behind it, until Ctrl-C.')
  .option('--to <port>', 'of the server behind', wholeNumber(1, 65_535), 50061);

await runServer(program, () => {
  const far = connect(Countdown, `http://127.0.0.1:${program.opts<{ to: number }>().to}`);
  return implement(Countdown, {
    // The deadline and the cancellation pass on, and of the metadata what is named here: not the token, which was for us.
    count: (request$, call) => far.count(request$, forward(call, ['x-request-id'])).pipe(catchError(inOurWords)),
  });
});

/** Without this the caller would see UNKNOWN, as for any error inside a server: that of another call is none of theirs. */
function inOurWords(error: unknown): Observable<never> {
  if (!isRpcError(error, Code.UNAVAILABLE)) return throwError(() => RpcError.from(error));
  console.error(`the server behind is not there, ${error.details}`);
  return throwError(
    () => new RpcError(Code.UNAVAILABLE, 'the server behind the gateway is not there', { cause: error }),
  );
}
