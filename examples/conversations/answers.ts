import type { Implementation } from 'rx-grpc';
import { map } from 'rxjs';
import type { Stream } from '../gen/conversations.ts';

/**
 * Answers each question as it comes. `map` counts anew for each call, because each call is a subscription of its own; and it
 * holds nothing, so a client that does not read its answers is not asked for more questions.
 */
export const answers: Implementation<typeof Stream> = {
  conversations: request$ =>
    request$.pipe(
      map(({ question }, index) => ({
        answer: `from stream server answer: the ${index + 1} question is ${question}`,
      })),
    ),
};
