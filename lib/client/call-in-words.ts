import { inspect } from 'node:util';
import type { Observable } from 'rxjs';

/**
 * What is printed of a call, by console.log and util.inspect and in templates. Who forgot to subscribe to it (`await
 * client.get(request)` gives the Observable itself) has nothing else to see.
 */
export function callInWords(path: string, isBegun: boolean): string {
  return isBegun
    ? `Observable of a call of ${path}, which has been subscribed to`
    : `Observable of a call of ${path}, which begins when it is subscribed to: call$.subscribe(...), or await firstValueFrom(call$)`;
}

/** Has an Observable, or all of a class, printed as this. */
export function printAs<O extends Observable<any>>(target: O, inWords: (this: O) => string): void {
  for (const key of [inspect.custom, 'toString']) Object.defineProperty(target, key, { value: inWords });
}
