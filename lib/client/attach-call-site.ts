import { fileURLToPath } from 'node:url';

/**
 * Makes the stack of an error say where the call was subscribed to: below its own frames come those of `subscribedAt`, at most
 * ten, without the frames of rxjs, Node and this library where there are others; they are read when somebody reads the stack.
 * Returns the error.
 */
export function leadTo<E extends Error>(error: E, subscribedAt: { readonly stack?: string }): E {
  // Where it is no accessor, this formats the error's own frames, for there is no later: it is replaced.
  const own = Object.getOwnPropertyDescriptor(error, 'stack');
  const become = (value: unknown) =>
    Object.defineProperty(error, 'stack', { value, writable: true, configurable: true, enumerable: false });
  return Object.defineProperty(error, 'stack', {
    get: () => {
      const stack: unknown = own?.get ? own.get.call(error) : own?.value;
      const frames = usersFrames(subscribedAt.stack ?? '');
      become(frames.length === 0 ? stack : [stack ?? String(error), '    subscribed at:', ...frames].join('\n'));
      return error.stack;
    },
    set: become,
    configurable: true,
    enumerable: false,
  });
}

const MAX_FRAMES = 10;

function usersFrames(stack: string): readonly string[] {
  const frames = stack.split('\n').filter(line => /^\s+at /.test(line));
  const own = ownFolders();
  const users = frames.filter(frame => !foreign.test(frame) && !own.some(folder => frame.includes(folder)));
  return (users.length > 0 ? users : frames).slice(0, MAX_FRAMES);
}

/** Of rxjs, of Node, and of what has no file: `new Promise (<anonymous>)`. */
const foreign = /[\\/]node_modules[\\/]rxjs[\\/]|[( ]node:|\(<anonymous>\)$/;

/** The prefixes of this library's frames: in the build and in the sources that source maps point to, as URL and as path. */
function ownFolders(): readonly string[] {
  const here: string | undefined = import.meta.url;
  if (here === undefined) return []; // a CommonJS bundle: its frames are the user's
  const root = here.replace(/(?:lib\/client|dist)\/[^/]*$/, '');
  return ['lib', 'dist'].flatMap(name => {
    const folder = new URL(`${name}/`, root);
    return [folder.href, fileURLToPath(folder)].flatMap(place => [`(${place}`, ` ${place}`]);
  });
}
