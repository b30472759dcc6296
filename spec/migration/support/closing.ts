/** For a `describe`: things to close after each of its specs, the last one first. */
export function useClosing(): (close: () => unknown) => void {
  const open: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });
  return close => open.push(close);
}
