import type { Implementation } from 'rx-grpc';
import { map } from 'rxjs';
import type { Greeter } from '../gen/greeter-chat.ts';

/**
 * Replies to each line at once. A client that goes away, or is cut by its deadline, is nothing to look after: the requests
 * error, the replies are unsubscribed from, and nobody is told.
 */
export const greeter: Implementation<typeof Greeter> = {
  bidiHello: request$ => request$.pipe(map(({ name }) => ({ reply: turnAround(name) }))),
};

/** Makes an answer of a question: 你好吗？ becomes 我好!, without any thought. */
export function turnAround(line: string): string {
  return line
    .replaceAll(/[吗吧]/g, '')
    .replaceAll('你', '我')
    .replaceAll(/[？?]/g, '!');
}
