import { fileURLToPath } from 'node:url';

/**
 * Adds the frames of `subscribedAt` to the stack of an error, below its own: at most ten, without those of rxjs, Node and this library
 * if there are others. They are formatted when the stack is read. Returns the error.
 */
export function attachCallSite<E extends Error>(error: E, subscribedAt: { readonly stack?: string }): E {
  // Formats the error's own frames now, unless `stack` is an accessor, because the property is replaced.
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

/** Frames of rxjs and Node, and those without a file: `new Promise (<anonymous>)`. */
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
