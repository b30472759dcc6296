import { inspect } from 'node:util';
import { Observable, type Subscriber, type Subscription } from 'rxjs';
import { countOperatorsBelow } from '../backpressure/rxjs-internals.ts';

/**
 * Frames that are looked at where a call is subscribed to: 3 of RxJS stand before the user's; and more for each operator below it,
 * 5 for a `map`, 15 for a `mergeMap`. V8 takes its time for each, for those above that are left out as well: one costs a unary call
 * up to a hundredth.
 */
const FRAMES = 4;
const FRAMES_PER_OPERATOR = 16;
const MAX_OPERATORS = 12;
/** Frames that are looked at where a call is made: by its user, not by RxJS. */
const FRAMES_WHERE_MADE = 1;

/** Where in the options of a call its {@link Trace} stands, when middleware comes between. */
export const subscribedAt: unique symbol = Symbol('rx-grpc.subscribedAt');

/** Where in the options of a call it stands where the call was made, when who calls is not the user but of this library. */
export const madeAt: unique symbol = Symbol('rx-grpc.madeAt');

/** Leads an error to who subscribed to its call; it is put into words when somebody reads it. */
export interface Trace {
  readonly stack: string;
}

/** The stack of whoever calls the function that calls this one. */
export function traceMade(): Captured {
  return capture(FRAMES_WHERE_MADE, 2);
}

/**
 * An Observable that knows the stack of each subscription, and below it where the call was made: of one that an operator
 * subscribes to later, in a callback of grpc-js or of a timer, no more is known. The stack is taken before RxJS has put its own
 * frames upon it.
 */
export class TracedCall<T> extends Observable<T> {
  static {
    printAs(TracedCall.prototype, function () {
      // The prototype itself may be printed.
      return #path in this ? callInWords(this.#path, this.#subscribed !== undefined) : 'TracedCall';
    });
  }

  readonly #path: string;
  #subscribed: Captured | undefined;

  /**
   * @param path of the method.
   * @param begin is called for each subscription.
   * @param made where the call was made, where that is known.
   */
  constructor(path: string, begin: (subscriber: Subscriber<T>, trace: Trace) => void, made: Captured = nothing) {
    super(function (this: Observable<T>, subscriber) {
      begin(subscriber, new CallTrace((this as TracedCall<T>).#subscribed ?? nothing, made));
    });
    this.#path = path;
  }

  override subscribe(...observer: any[]): Subscription {
    this.#subscribed = capture(FRAMES + FRAMES_PER_OPERATOR * countOperatorsBelow(observer[0], MAX_OPERATORS), 1);
    return super.subscribe(...observer);
  }
}

/** A stack that is put into words when somebody reads it. */
export interface Captured {
  readonly error: { readonly stack?: unknown };
  /** Frames at its top that belong to this library. */
  readonly own: number;
}

const nothing: Captured = { error: {}, own: 0 };

class CallTrace implements Trace {
  readonly #subscribed: Captured;
  readonly #made: Captured;

  constructor(subscribed: Captured, made: Captured) {
    this.#subscribed = subscribed;
    this.#made = made;
  }

  get stack(): string {
    const subscribed = framesOf(this.#subscribed);
    const places = new Set(subscribed.map(placeOf));
    return [...subscribed, ...framesOf(this.#made).filter(frame => !places.has(placeOf(frame)))].join('\n');
  }
}

/**
 * `new Error()` and not `Error.captureStackTrace(object, below)`, which takes twice as long for 4 frames and five times for one: V8
 * walks the stack for the function below which it begins.
 *
 * @param own frames of this library between this function and the user's
 */
function capture(frames: number, own: number): Captured {
  const limit = Error.stackTraceLimit;
  if (!(limit > 0)) return nothing; // somebody wants no stacks
  // Where it cannot be set (frozen intrinsics) it is left as it is.
  Reflect.set(Error, 'stackTraceLimit', frames + own + 1);
  const error = new Error();
  Reflect.set(Error, 'stackTraceLimit', limit);
  return { error, own: own + 1 };
}

/** What a stack is, is anybody's choice who sets Error.prepareStackTrace. */
function framesOf({ error, own }: Captured): readonly string[] {
  return String(error.stack)
    .split('\n')
    .filter(line => /^\s+at /.test(line))
    .slice(own);
}

/** File and line, without the column. */
function placeOf(frame: string): string {
  return frame.replace(/^.*[( ](?=\S+:\d+:\d+\)?$)/, '').replace(/:\d+\)?$/, '');
}

/**
 * What is printed of a call, by console.log and util.inspect and in templates. Who forgot to subscribe to it (`await
 * client.get(request)` gives the Observable itself) has nothing else to see.
 */
function callInWords(path: string, isBegun: boolean): string {
  return isBegun
    ? `Observable of a call of ${path}, which has been subscribed to`
    : `Observable of a call of ${path}, which begins when it is subscribed to: call$.subscribe(...), or await firstValueFrom(call$)`;
}

/** Has an Observable, or all of a class, printed as this. */
export function printAs<O extends Observable<any>>(target: O, inWords: (this: O) => string): void {
  for (const key of [inspect.custom, 'toString']) Object.defineProperty(target, key, { value: inWords });
}
