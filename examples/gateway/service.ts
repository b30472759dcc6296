import { load, type Method } from 'rx-grpc';

interface CountRequest {
  readonly from: number;
  readonly paceMs: number;
}

interface Tick {
  readonly left: number;
}

interface CountdownService {
  readonly Count: Method<CountRequest, Tick, false, true>;
}

export const Countdown: CountdownService = (await load(new URL('../../protos/countdown.proto', import.meta.url)))
  .Countdown;
